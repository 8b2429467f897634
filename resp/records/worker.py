"""Scoring, off the page: a process that takes queued recordings and gives back reports.

Nothing that happens to a worker loses a recording. While it scores it prolongs its lease; killed, cut off from the
database or frozen, it does not, and another worker takes the job. What is wrong with a recording or a model becomes a
failed report with the reason; what is wrong with the machine (no memory, a sound that cannot be read from the
disk) gives the job back to be tried again.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from resp.audio import Recording, load_recording
from resp.errors import RespError
from resp.records.errors import RecordsError
from resp.records.queue import Queue
from resp.records.settings import Settings
from resp.records.views import Job
from resp.report.chest_map import SITES
from resp.score.schema import Report

if TYPE_CHECKING:
    from resp.score import Scorer

logger = logging.getLogger(__name__)

# Beats of the lease before it runs out: two may fail.
_BEATS = 3
_TICK_S = 0.2
# How long a worker that is told to stop goes on with the recording at hand before it gives it back.
GRACE_S = 5.0
_LEAST_PAUSE_S, _MOST_PAUSE_S = 1.0, 30.0
_KEEPING_ATTEMPTS = 5
# sysexits' EX_TEMPFAIL: begin anew.
STUCK = 75

Load = Callable[[str | None], "Scorer"]


class Worker:
    """Scores what waits in a queue, one recording after the other.

    Parameters
    ----------
    queue
        Of opened records.
    settings
        Which model and device, how long a lease lasts.
    name
        What the worker is called in the queue; machine and process where None.
    load
        Makes the scorer of a model's name or folder; `resp.Scorer.load` where None.
    leave
        Ends the process at once, with a status: how a worker that hangs in a recording is freed.
    """

    def __init__(
        self,
        queue: Queue,
        settings: Settings,
        *,
        name: str | None = None,
        load: Load | None = None,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._queue, self._settings = queue, settings.worker
        self._default_model = settings.model
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._load = load or self._load_scorer
        self._leave = leave
        self._scorers: OrderedDict[str | None, Scorer] = OrderedDict()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; the recording at hand is finished or, after five seconds, given back."""
        self._warm_up()
        pause_s = _LEAST_PAUSE_S
        while not stop.is_set():
            try:
                job = self._queue.claim(self.name, self._settings.lease_s)
            except Exception:
                logger.exception("the queue could not be asked; trying again in %.0f s", pause_s)
                stop.wait(pause_s)
                pause_s = min(2 * pause_s, _MOST_PAUSE_S)
                continue
            pause_s = _LEAST_PAUSE_S
            if job is None:
                stop.wait(self._settings.poll_s)
            else:
                self._work(job, stop)

    def _warm_up(self) -> None:
        """Load the model before the first recording comes: torch and the weights take seconds."""
        began = time.monotonic()
        try:
            self._scorer(None)
        except Exception as error:
            # Every report will say so; the queue goes on being worked off for other models.
            logger.error("the model cannot be loaded: %s", error)
        else:
            logger.info("ready after %.1f s", time.monotonic() - began)

    def _work(self, job: Job, stop: threading.Event) -> None:
        began, done = time.monotonic(), threading.Event()
        keeper = threading.Thread(target=self._keep_lease, args=(job, done, stop), name="resp-lease", daemon=True)
        keeper.start()
        report, broken = None, ""
        try:
            report = self._report(job)
        except (RecordsError, MemoryError, OSError) as error:
            broken = str(error) or type(error).__name__
            logger.warning("recording %d could not be scored now: %s", job.recording_id, broken)
        finally:
            done.set()
            keeper.join()
        kept = self._keep(job, report, broken, stop)
        if broken:
            # What is wrong with the machine is seldom mended at once.
            stop.wait(_LEAST_PAUSE_S * job.attempt)
        if kept and report is not None:
            logger.info("recording %d: %s in %.1f s", job.recording_id, report.status, time.monotonic() - began)

    def _report(self, job: Job) -> Report:
        """Return what the model says; a recording or a model that cannot be used is a failed report."""
        content = self._queue.content(job)
        try:
            scorer = self._scorer(job.model)
            return scorer.score(_known(load_recording(content, name=job.file_name), job))
        except RespError as error:
            return self._failure(job, str(error))
        except (MemoryError, OSError):
            raise
        except Exception as error:
            logger.exception("unforeseen error while scoring recording %d", job.recording_id)
            return self._failure(job, f"unexpected {type(error).__name__}: {error}")

    def _failure(self, job: Job, reason: str) -> Report:
        return Report.failure(
            job.file_name,
            reason,
            sha256=job.sha256,
            body_site=_body_site(job.site),
            patient_key=job.patient_key,
            started_at=job.recorded_at,
        )

    def _keep(self, job: Job, report: Report | None, broken: str, stop: threading.Event) -> bool:
        """Write down how the job ended; False where that is no longer the worker's business or could not be done."""
        for attempt in range(_KEEPING_ATTEMPTS):
            try:
                kept = self._queue.fail(job, broken) if report is None else self._queue.finish(job, report)
            except Exception:
                logger.exception("the result of recording %d could not be kept", job.recording_id)
                if attempt + 1 < _KEEPING_ATTEMPTS:
                    stop.wait(_LEAST_PAUSE_S * 2**attempt)
            else:
                if not kept:
                    logger.warning("recording %d is another worker's by now; result dropped", job.recording_id)
                return kept
        # The lease runs out, and the recording is scored once more.
        return False

    def _keep_lease(self, job: Job, done: threading.Event, stop: threading.Event) -> None:
        """Prolong the lease until the recording is done; free a worker that hangs or has to stop."""
        began = beaten = time.monotonic()
        stopped: float | None = None
        held = True
        while not done.wait(_TICK_S):
            now = time.monotonic()
            if stop.is_set():
                stopped = stopped or now
                if now - stopped > GRACE_S:
                    self._end(0, self._queue.release, job)
                    return
            if now - began > self._settings.most_s:
                reason = f"scoring took longer than {self._settings.most_s:.0f} s and was given up"
                self._end(STUCK, self._queue.finish, job, self._failure(job, reason))
                return
            if held and now - beaten >= self._settings.lease_s / _BEATS:
                beaten = now
                try:
                    held = self._queue.heartbeat(job, self._settings.lease_s)
                except Exception as error:
                    logger.warning("the lease of recording %d was not prolonged: %s", job.recording_id, error)

    def _end(self, status: int, write: Callable[..., object], *what: object) -> None:
        """Write down how it ends, then end the process: Python cannot stop a thread that scores."""
        try:
            write(*what)
        except Exception:
            logger.exception("the queue could not be told")
        self._leave(status)

    def _scorer(self, model: str | None) -> "Scorer":
        """Return the scorer of a model, loaded once; the one that was not used for longest makes room."""
        wanted = model or self._default_model
        if wanted not in self._scorers:
            while len(self._scorers) >= self._settings.most_models:
                self._scorers.popitem(last=False)
            self._scorers[wanted] = self._load(wanted)
        self._scorers.move_to_end(wanted)
        return self._scorers[wanted]

    def _load_scorer(self, model: str | None) -> "Scorer":
        from resp.score import Scorer

        threads = self._settings.threads
        if threads is None and self._settings.processes > 1:
            # Each of several would take every core, and wait for the others.
            threads = max(1, (os.cpu_count() or 1) // self._settings.processes)
        return Scorer.load(model, device=self._settings.device, threads=threads)


def work(settings: Settings, stop: threading.Event | None = None) -> None:
    """Open the records and work in this process until SIGTERM or SIGINT comes.

    Raises
    ------
    RecordsError
        Records that cannot be opened.
    """
    from resp.records.open import open_records

    stop = stop or threading.Event()
    asked = stop

    def ask(*_: object) -> None:
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    records = open_records(settings.database_url, settings.folder)
    try:
        Worker(records.queue, settings).run(stop)
    finally:
        records.close()


def _known(recording: Recording, job: Job) -> Recording:
    """Add what the clinic knows to what the file says of itself."""
    known = {"body_site": _body_site(job.site), "patient_key": job.patient_key, "started_at": job.recorded_at}
    return recording.with_known(**{name: value for name, value in known.items() if value is not None})


def _body_site(site: str | None) -> str | None:
    """Return a place in the words that reports use; one that has no code stays as it is."""
    return SITES[site].body_site if site in SITES else site


def log_to_terminal() -> None:
    """Show what the worker does; what the libraries beneath do only where it went wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s worker %(process)d: %(message)s")
    logger.setLevel(logging.INFO)


def serve_worker() -> None:
    """Work as a child of ``resp app``: with its settings, after the page, and no longer than it runs."""
    from resp.records.processes import end_with_parent
    from resp.records.settings_sources import load_settings

    log_to_terminal()
    if hasattr(os, "nice"):
        # Somebody waits for the page; nobody waits for a tenth of a second of scoring.
        os.nice(5)
    stop = threading.Event()
    end_with_parent(stop.set)
    work(load_settings(), stop)
