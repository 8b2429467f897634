"""Answered → sent: to one destination, again and again until it is taken or given up."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from resp.dicom.errors import DicomError
from resp.dicom.network.associate import Caller
from resp.dicom.network.outcome import Outcome
from resp.dicom.network.send import send_files
from resp.dicom.network.settings import DestinationSettings
from resp.dicom.network.spool import Entry, Note, Spool
from resp.dicom.network.web import Archive, stow

logger = logging.getLogger(__name__)

Deliver = Callable[[Sequence[Path]], Iterable[Outcome]]
"""What sends files, an outcome each. A DicomError says that the destination cannot be reached."""

POLL_S = 5.0
_PRUNE_EVERY_S = 3600.0


def destination(settings: DestinationSettings, ae_title: str, max_pdu_bytes: int) -> Deliver:
    """Return what sends files to where the settings say.

    Raises
    ------
    DicomError
        Certificates that cannot be read.
    """
    if settings.peer is not None:
        peer, caller = settings.peer, Caller(ae_title, settings.tls, max_pdu_bytes=max_pdu_bytes)
        return lambda files: send_files(files, peer, caller)
    archive = Archive(str(settings.stow), settings.tls)
    return lambda files: stow(files, archive)


class Delivery:
    """A thread that sends answers.

    Parameters
    ----------
    spool
        Whose entries it sends.
    deliver
        What sends them.
    settings
        How often and how far apart attempts are.
    keep_sent_days
        What was sent is deleted after so many days; None keeps it.
    """

    def __init__(
        self, spool: Spool, deliver: Deliver, settings: DestinationSettings, *, keep_sent_days: float | None = None
    ) -> None:
        self._spool, self._deliver, self._settings, self._keep_sent_days = spool, deliver, settings, keep_sent_days
        self._called, self._stopping = threading.Event(), threading.Event()
        self._pruned_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="resp-dicom-delivery", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier server left."""
        self._thread.start()

    def call(self) -> None:
        """Say that there is something to send."""
        self._called.set()

    def stop(self, wait_s: float) -> None:
        """End after the entry that is being sent; what is cut off is sent again by the next server."""
        self._stopping.set()
        self._called.set()
        self._thread.join(wait_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._called.clear()
            wait_s = POLL_S
            try:
                self._prune()
                for entry in self._spool.entries("answered"):
                    if self._stopping.is_set():
                        return
                    left_s = entry.note().next_attempt_at - time.time()
                    wait_s = min(wait_s, left_s if left_s > 0 else self._send(entry))
            except OSError as error:
                logger.error("the spool cannot be used: %s; trying again in %g s", error, POLL_S)
            self._called.wait(wait_s)

    def _send(self, entry: Entry) -> float:
        """Send an entry's answers once; return after how many seconds to try again, infinity for never."""
        note = entry.note()
        answers = entry.answers
        left = [file for file in answers if file.name not in note.delivered]
        outcomes = list[Outcome]()
        try:
            outcomes.extend(self._deliver(left))
            problems = [f"{one.file.name}: {one.said}" for one in outcomes if not one.sent]
            if len(outcomes) < len(left) or not answers:
                problems.append("not all answers were sent")
        except DicomError as error:
            problems = [str(error)]
        except Exception as error:
            # Whatever a library may raise, an answer stays where it is seen and tried again.
            logger.exception("%s could not be sent", entry.uid)
            problems = [f"unexpected {type(error).__name__}: {error}"]
        note = note.changed(
            sending_attempts=note.sending_attempts + 1,
            delivered=(*note.delivered, *(one.file.name for one in outcomes if one.sent)),
            reason="; ".join(problems),
        )
        if not problems:
            self._spool.move(entry, "sent", note)
            logger.info("sent the answer to %s", entry.uid)
        elif any(one.final for one in outcomes if not one.sent) or note.sending_attempts >= self._settings.attempts:
            self._spool.move(entry, "failed", note)
            logger.error("failed to send the answer to %s: %s", entry.uid, note.reason)
        else:
            wait_s = self._wait_s(note)
            self._spool.remember(entry, note.changed(next_attempt_at=time.time() + wait_s))
            logger.warning("answer to %s not sent, again in %.0f s: %s", entry.uid, wait_s, note.reason)
            return wait_s
        return float("inf")

    def _wait_s(self, note: Note) -> float:
        # 2**32 times the first wait is longer than any longest one; more would overflow.
        doubled: float = self._settings.first_wait_s * 2 ** min(note.sending_attempts - 1, 32)
        return min(doubled, self._settings.longest_wait_s)

    def _prune(self) -> None:
        if self._keep_sent_days is None or time.monotonic() - self._pruned_at < _PRUNE_EVERY_S:
            return
        self._pruned_at = time.monotonic()
        if count := self._spool.prune(self._keep_sent_days):
            logger.info("deleted %d instances that were sent more than %g days ago", count, self._keep_sent_days)
