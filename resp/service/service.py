"""What the routes share: who may ask, which models there are, what was accepted, and whether it is ending."""

import asyncio
import logging
import math
import threading
from collections.abc import Callable, Sequence

from resp.score import Scorer
from resp.service.jobs import Jobs, Slot
from resp.service.keys import Keys
from resp.service.metrics import Metrics
from resp.service.problems import RequestError
from resp.service.rate import RateLimit
from resp.service.scoring import Models, load_scorers
from resp.service.settings import ServiceSettings

logger = logging.getLogger(__name__)

ANYONE = "anyone"
"""Whose a request is where there are no keys."""


class Service:
    """The service behind the routes; all of it but loading and scoring happens on the event loop.

    Parameters
    ----------
    settings
        See `ServiceSettings`.
    keys
        Who may ask; without any, everyone.

    Raises
    ------
    ServiceError
        A folder in which reports cannot be kept.
    """

    def __init__(self, settings: ServiceSettings, keys: Keys) -> None:
        self.settings = settings
        self.keys = keys
        self.metrics = Metrics()
        self.jobs = Jobs(settings, self.metrics)
        self.models: Models | None = None
        self.stopping = False
        self.failure: Exception | None = None
        self.failed: Callable[[], None] = lambda: None
        self._loader: threading.Thread | None = None
        self._rate = RateLimit(settings.requests_per_min, settings.burst)
        self.metrics.watch(
            ready=lambda: float(self.ready),
            accepted=lambda: self.jobs.accepted,
            waiting=lambda: self.jobs.waiting,
            kept_reports=lambda: self.jobs.held,
        )

    @property
    def ready(self) -> bool:
        """Whether recordings are taken."""
        return self.models is not None and not self.stopping

    def load(self, scorers: Sequence[Scorer] | None = None) -> None:
        """Begin to load the models, in a thread; `failure` says why that failed, and `failed` is called.

        Parameters
        ----------
        scorers
            Models that are loaded already; None for those of the settings.
        """
        loop = asyncio.get_running_loop()

        def work() -> None:
            try:
                models = Models(
                    scorers or load_scorers(self.settings), together=self.settings.batching, metrics=self.metrics
                )
                for scorer in models:
                    scorer.warm_up()
            except Exception as error:
                self.failure = error
                loop.call_soon_threadsafe(self.failed)
                return
            self.models = models
            logger.info("ready", extra={"fields": {"models": list(models.names)}})

        self._loader = threading.Thread(target=work, name="resp-load", daemon=True)
        self._loader.start()

    def taking(self) -> Models:
        """Return the models, where recordings are taken.

        Raises
        ------
        RequestError
            The models are being loaded, or the service ends.
        """
        if self.stopping:
            raise RequestError(
                503, "stopping", "The service is ending and takes nothing new; ask again.", retry_s=5, close=True
            )
        if self.models is None:
            raise RequestError(503, "not-ready", "The model is being loaded; ask again in a few seconds.", retry_s=2)
        return self.models

    def enter(self, owner: str) -> Slot:
        """Count a request, and return its place in the queue.

        Raises
        ------
        RequestError
            Its key asks too often, or the queue is full.
        """
        if early_s := self._rate.wait_s(owner):
            wait_s = math.ceil(early_s)
            most = f"{self.settings.requests_per_min:g} recordings a minute"
            raise RequestError(429, "rate", f"This key may send {most}; ask again in {wait_s} s.", retry_s=wait_s)
        slot = self.jobs.slot()
        if slot is None:
            wait_s = self.jobs.retry_s
            raise RequestError(503, "queue-full", f"The queue is full; ask again in {wait_s} s.", retry_s=wait_s)
        return slot

    async def settle(self) -> None:
        """Take nothing new, and wait until what was begun is finished and fetched, as long as the settings say."""
        self.stopping = True
        logger.info("stopping", extra={"fields": {"accepted": self.jobs.accepted, "owed": self.jobs.owed}})
        if owed := await self.jobs.settle(self.settings.stop_s):
            logger.warning("stopped before all was fetched", extra={"fields": {"owed": owed}})

    async def close(self) -> None:
        """Let go of threads and models."""
        self.stopping = True
        self.jobs.close()
        if self._loader is not None:
            # An interpreter that ends under torch's feet ends with an abort.
            await asyncio.to_thread(self._loader.join)
        if self.models is not None:
            self.models.close()
