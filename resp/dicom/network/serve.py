"""A service of three parts that share nothing but the spool: it receives, scores and sends."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from resp.dicom.errors import DicomError
from resp.dicom.network.delivery import Deliver, Delivery, destination
from resp.dicom.network.extra import need
from resp.dicom.network.settings import ServeSettings
from resp.dicom.network.spool import Spool
from resp.dicom.network.worker import Processor, Worker

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

logger = logging.getLogger(__name__)


class Service:
    """What `resp dicom serve` runs.

    Parameters
    ----------
    settings
        See `ServeSettings`.
    process
        What makes the answers of an instance's file; `scoring` makes one of a model.
    deliver
        What sends answers; None takes the settings' destination.

    Raises
    ------
    DicomError
        A spool, an address or certificates that cannot be used, or a missing library.
    """

    def __init__(self, settings: ServeSettings, process: Processor, deliver: Deliver | None = None) -> None:
        need("pynetdicom")
        from resp.dicom.network.scp import StorageScp

        self.settings = settings
        self.spool = Spool(settings.spool, min_free_bytes=settings.min_free_bytes)
        self._held = ExitStack()
        self._held.enter_context(self.spool.serving())
        try:
            self.spool.clean()
            self._delivery = self._make_delivery(deliver)
            self._worker = Worker(
                self.spool,
                process,
                attempts=settings.scoring_attempts,
                answered=self._delivery.call if self._delivery else lambda: None,
            )
            self._scp = StorageScp(settings, self.spool, arrived=self._worker.call)
        except BaseException:
            self._held.close()
            raise

    @property
    def address(self) -> str:
        """Who we are and where we listen: ``AET@HOST:PORT``."""
        return f"{self.settings.ae_title}@{self._scp.host}:{self._scp.port}"

    @property
    def port(self) -> int:
        """The port that is listened on, also where the settings left the choice to the system (0)."""
        return self._scp.port

    def start(self) -> None:
        """Begin; what an earlier service left in the spool is gone on with."""
        waiting = {state: self.spool.count(state) for state in ("working", "received", "answered")}
        if any(waiting.values()):
            logger.info("going on with %s", ", ".join(f"{count} {state}" for state, count in waiting.items()))
        if self._delivery:
            self._delivery.start()
        self._worker.start()
        self._scp.start()
        logger.info("listening as %s", self.address)

    def stop(self) -> None:
        """End in order: no new association, then the instance that is being scored, then the one that is being sent.

        What does not end in time is taken up by the next service.
        """
        self._scp.stop(self.settings.stop_s)
        if not self._worker.stop(self.settings.stop_s):
            logger.warning("an instance is still being scored; the next start takes it up again")
        if self._delivery:
            self._delivery.stop(self.settings.stop_s)
        self._held.close()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then stop."""
        ended = threading.Event()
        with _signals(ended.set):
            self.start()
            ended.wait()
            logger.info("stopping")
            self.stop()

    def _make_delivery(self, deliver: Deliver | None) -> Delivery | None:
        settings = self.settings
        if settings.destination is None:
            return None
        deliver = deliver or destination(settings.destination, settings.ae_title, settings.max_pdu_bytes)
        return Delivery(self.spool, deliver, settings.destination, keep_sent_days=settings.keep_sent_days)


def scoring(settings: ServeSettings) -> Processor:
    """Load the model, and return what makes the answers of an instance's file.

    Raises
    ------
    ScoreError, ModelError
        A model or device that cannot be used.
    """
    from resp.dicom.answer import answer
    from resp.dicom.read import read_instances
    from resp.score import Scorer

    scorer = Scorer.load(settings.model, device=settings.device, threads=settings.threads)

    def process(file: Path) -> "list[Dataset]":
        made: list[Dataset] = []
        # The instance's own name, its UID, not where it lies on this machine, goes into the answer.
        for one in read_instances(file, name=f"{file.parent.name}.dcm"):
            report = scorer.score(one.recording)
            if report.status == "failed":
                raise DicomError(f"could not be scored: {report.reason}")
            made += answer(report, one.source, one.recording, pdf=settings.pdf, capture=settings.capture)
        return made

    return process


@contextmanager
def _signals(end: Callable[[], None]) -> Iterator[None]:
    """Call ``end`` on SIGTERM and SIGINT, and put the old handlers back."""
    old = {number: signal.signal(number, lambda *_: end()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
