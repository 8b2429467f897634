"""Received → scored → answered: one instance at a time, in the order in which they arrived."""

import errno
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from resp.dicom.instance import as_bytes
from resp.dicom.network.spool import Entry, Note, Spool
from resp.errors import RespError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

logger = logging.getLogger(__name__)

Processor = Callable[[Path], "Sequence[Dataset]"]
"""What makes answers of an instance's file. A RespError says that it cannot be answered, and why."""

# The spool is looked at so often even if nobody calls: for what `resp dicom queue --retry` has put back.
POLL_S = 5.0
_WAIT_FOR_ROOM_S = 60.0


class Worker:
    """A thread that makes answers.

    Parameters
    ----------
    spool
        Whose entries it works on.
    process
        What makes an instance's answers.
    attempts
        An instance that was begun so often without an end is given up.
    answered
        Called when answers stand in the spool.
    """

    def __init__(self, spool: Spool, process: Processor, *, attempts: int, answered: Callable[[], None]) -> None:
        self._spool, self._process, self._attempts, self._answered = spool, process, attempts, answered
        self._called, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="resp-dicom-worker", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier server left."""
        self._thread.start()

    def call(self) -> None:
        """Say that there is something to do."""
        self._called.set()

    def stop(self, wait_s: float) -> bool:
        """End after the instance that is being worked on; return whether that was within the time."""
        self._stopping.set()
        self._called.set()
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._called.clear()
            try:
                # What stands under "working" was left there by a program that ended, or by a full disk.
                for entry in [*self._spool.entries("working"), *self._spool.entries("received")]:
                    if self._stopping.is_set():
                        return
                    self._work(entry)
            except OSError as error:
                logger.error("the spool cannot be used: %s; trying again in %g s", error, POLL_S)
            self._called.wait(POLL_S)

    def _work(self, entry: Entry) -> None:
        note = entry.note()
        if entry.answers:
            self._spool.move(entry, "answered")
            self._answered()
            return
        if note.next_attempt_at > time.time():
            return
        if note.scoring_attempts >= self._attempts:
            self._give_up(entry, note, f"the program ended {note.scoring_attempts} times while it was being scored")
            return
        begun = note.changed(scoring_attempts=note.scoring_attempts + 1)
        entry = self._spool.move(entry, "working", begun)
        started = time.monotonic()
        try:
            self._spool.keep_answers(entry, [as_bytes(dataset) for dataset in self._process(entry.instance)])
            if not entry.answers:
                raise RespError("no answer was made")
        except (OSError, MemoryError) as error:
            if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS):
                self._give_up(entry, begun, f"unexpected {type(error).__name__}: {error}")
                return
            # Not the instance's fault: it waits for better times, and this attempt does not count.
            logger.error("%s waits: %s", entry.uid, error)
            again = note.changed(next_attempt_at=time.time() + _WAIT_FOR_ROOM_S, reason=str(error))
            self._spool.move(entry, "received", again)
        except RespError as error:
            self._give_up(entry, begun, str(error))
        except Exception as error:
            logger.exception("%s could not be answered", entry.uid)
            self._give_up(entry, begun, f"unexpected {type(error).__name__}: {error}")
        else:
            self._spool.move(entry, "answered", Note())
            logger.info("answered %s in %.1f s", entry.uid, time.monotonic() - started)
            self._answered()

    def _give_up(self, entry: Entry, note: Note, reason: str) -> None:
        logger.error("failed %s: %s", entry.uid, reason)
        self._spool.move(entry, "failed", note.changed(reason=reason))
