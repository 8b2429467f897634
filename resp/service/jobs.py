"""Recordings that were accepted: in the queue, being scored, done, fetched."""

import asyncio
import logging
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from resp.service.kept import KeptReports
from resp.service.metrics import Metrics
from resp.service.scoring import OfferedScorer, Outcome, Upload
from resp.service.settings import ServiceSettings

logger = logging.getLogger(__name__)

State = Literal["queued", "working", "done"]
# Of the mean time that a recording takes, what the newest one changes.
_NEWEST = 0.1


@dataclass(eq=False)
class Job:
    """A recording that was accepted.

    Parameters
    ----------
    id
        128 random bits: whoever knows it and holds the key may read the report.
    owner
        Name of the key that sent it.
    done
        Its outcome, on the event loop.
    begun
        Whether a thread has taken it.
    promised
        Whether its place was told, so that it will be fetched.
    fetched
        Whether it was.
    """

    id: str
    owner: str
    done: "asyncio.Future[Outcome]"
    begun: bool = False
    promised: bool = False
    fetched: bool = False
    accepted_at: float = field(default_factory=time.monotonic)
    finished_at: float = math.inf

    @property
    def state(self) -> State:
        """How far it is."""
        if self.done.done():
            return "done"
        return "working" if self.begun else "queued"


class Slot:
    """A place in the queue, from the first byte of a request to the end of its job."""

    def __init__(self, free: Callable[["Slot"], None]) -> None:
        self._free = free

    def free(self) -> None:
        """Give it back; a second time does nothing."""
        self._free(self)


class Jobs:
    """What the service has accepted. Lives on the event loop; only the scoring itself runs in threads.

    Parameters
    ----------
    settings
        Lengths and times.
    metrics
        Told of every report.

    Raises
    ------
    ServiceError
        A folder in which reports cannot be kept.
    """

    def __init__(self, settings: ServiceSettings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="resp-score")
        self._keep = KeptReports(settings.keep) if settings.keep else None
        self._slots: set[Slot] = set()
        self._open: dict[str, Job] = {}
        self._held: OrderedDict[str, Job] = OrderedDict()
        self._mean_s = 1.0
        self._changed = asyncio.Event()

    @property
    def accepted(self) -> int:
        """How many requests are accepted and not finished."""
        return len(self._slots)

    @property
    def waiting(self) -> int:
        """How many have arrived and are not begun."""
        return sum(job.state == "queued" for job in list(self._open.values()))

    @property
    def held(self) -> int:
        """How many reports are held."""
        return len(self._held)

    @property
    def retry_s(self) -> int:
        """After how many whole seconds there may be room in the queue."""
        return max(1, min(60, math.ceil(self._mean_s)))

    def slot(self) -> Slot | None:
        """Return a place in the queue; None where there is none."""
        if len(self._slots) >= self._settings.queue_length:
            return None
        slot = Slot(self._freed)
        self._slots.add(slot)
        return slot

    def start(self, slot: Slot, owner: str, scorer: OfferedScorer, upload: Upload) -> Job:
        """Put a recording that has arrived into the queue; its slot is freed at its end."""
        loop = asyncio.get_running_loop()
        job = Job(secrets.token_urlsafe(16), owner, loop.create_future())
        self._open[job.id] = job

        def work() -> Outcome:
            job.begun = True
            outcome = scorer.score(upload, self._settings.limits, job.id)
            if self._keep and not outcome.ours:
                try:
                    self._keep.write(owner, job.id, outcome.content)
                except Exception:
                    logger.exception("the report %s could not be kept", job.id)
            return outcome

        thread = self._pool.submit(work)
        inner = asyncio.wrap_future(thread)
        inner.add_done_callback(lambda finished: self._finish(job, slot, scorer.identity.name, finished))
        # Whoever drops the job before it has begun takes it out of the queue.
        job.done.add_done_callback(lambda done: thread.cancel() if done.cancelled() else None)
        return job

    async def wait(self, job: Job, seconds: float) -> Outcome | None:
        """Return the outcome of a job, or None where it has none within some seconds."""
        await asyncio.wait([job.done], timeout=seconds)
        return job.done.result() if job.done.done() else None

    def drop(self, job: Job) -> None:
        """Forget a job that nobody will ask for; one that has begun is brought to its end."""
        job.fetched = True
        self._held.pop(job.id, None)
        if not job.begun:
            job.done.cancel()
        self._changed.set()

    def find(self, owner: str, job_id: str) -> Job | None:
        """Return a job of an owner that is open or held."""
        self._forget_old()
        job = self._open.get(job_id) or self._held.get(job_id)
        return job if job and job.owner == owner else None

    async def find_kept(self, owner: str, job_id: str) -> Outcome | None:
        """Return an outcome that was kept for good."""
        if self._keep is None:
            return None
        report = await asyncio.to_thread(self._keep.read, owner, job_id)
        return Outcome.of(report) if report else None

    def fetch(self, job: Job) -> None:
        """Mark a report as fetched; it is held on, for whoever asks again."""
        job.fetched = True
        self._changed.set()

    @property
    def owed(self) -> int:
        """How many jobs are open, and how many reports will still be asked for and are nowhere else."""
        lost_at_end = (job for job in self._held.values() if job.promised and not job.fetched)
        return len(self._slots) + (0 if self._keep else sum(1 for _ in lost_at_end))

    async def settle(self, seconds: float) -> int:
        """Wait until everything is finished and fetched, at most some seconds; return what is still owed."""
        end = time.monotonic() + seconds
        while (owed := self.owed) and (left := end - time.monotonic()) > 0:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                continue
            self._forget_old()
        return owed

    def close(self) -> None:
        """Take nothing more; what has not begun is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _freed(self, slot: Slot) -> None:
        self._slots.discard(slot)
        self._changed.set()

    def _finish(self, job: Job, slot: Slot, model: str, finished: "asyncio.Future[Outcome]") -> None:
        slot.free()
        self._open.pop(job.id, None)
        if job.done.cancelled() or finished.cancelled():
            job.done.cancel()
            return
        if error := finished.exception():
            job.done.set_exception(error)
            return
        outcome = finished.result()
        job.finished_at = time.monotonic()
        taken_s = job.finished_at - job.accepted_at
        self._mean_s += _NEWEST * (taken_s - self._mean_s)
        self._metrics.scored(model, outcome.status, outcome.duration_s, taken_s)
        if not job.fetched:
            self._held[job.id] = job
            self._forget_old()
        job.done.set_result(outcome)

    def _forget_old(self) -> None:
        oldest = time.monotonic() - self._settings.kept_s
        while self._held:
            job = next(iter(self._held.values()))
            if len(self._held) <= self._settings.kept_reports and job.finished_at >= oldest:
                return
            del self._held[job.id]
