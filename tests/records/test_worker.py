"""The worker: every recording gets a report, whatever happens to recording, model, database or process."""

import io
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

pytest.importorskip("sqlmodel")
from resp.errors import RespError
from resp.records import Job, RecordsError, User, open_records
from resp.records import worker as worker_module
from resp.records.settings import Settings
from resp.records.worker import STUCK, Worker
from straw_worker import StrawScorer

PROGRAM = Path(__file__).parents[1] / "helpers" / "straw_worker.py"


def sound(seconds: float = 1.0) -> bytes:
    out = io.BytesIO()
    samples = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * 4000))
    soundfile.write(out, samples, 4000, format="WAV")
    return out.getvalue()


class StrawQueue:
    """A queue in memory that writes down what it is told."""

    def __init__(self, *jobs: Job, content: bytes | Exception | None = None) -> None:
        self.jobs = list(jobs)
        self.given = content if content is not None else sound()
        self.told: list[tuple] = []
        self.held = True
        self.broken: list[str] = []

    def _maybe_break(self, what: str) -> None:
        if what in self.broken:
            self.broken.remove(what)
            raise ConnectionError("the database is away")

    def claim(self, worker: str, lease_s: float) -> Job | None:
        self._maybe_break("claim")
        return self.jobs.pop(0) if self.jobs else None

    def content(self, job: Job) -> bytes:
        if isinstance(self.given, Exception):
            raise self.given
        return self.given

    def heartbeat(self, job: Job, lease_s: float) -> bool:
        self.told.append(("heartbeat", job.id))
        self._maybe_break("heartbeat")
        return self.held

    def finish(self, job: Job, report) -> bool:
        self._maybe_break("finish")
        self.told.append(("finish", job.id, report))
        return self.held

    def fail(self, job: Job, reason: str) -> bool:
        self.told.append(("fail", job.id, reason))
        return self.held

    def release(self, job: Job) -> bool:
        self.told.append(("release", job.id))
        return self.held

    @property
    def ends(self) -> list[tuple]:
        return [told for told in self.told if told[0] != "heartbeat"]


def job(number: int = 1, *, model: str | None = None, name: str = "breath.wav", **known) -> Job:
    return Job(number, 10 + number, "ab" * 32, model, 1, "w", name, **known)


def settings(**worker) -> Settings:
    # Shorter than a person may set it: a test has no half minute.
    made = Settings(worker={"poll_s": 0.01})
    return made.model_copy(update={"worker": made.worker.model_copy(update={"lease_s": 0.3, **worker})})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, value in (("_TICK_S", 0.01), ("GRACE_S", 0.1), ("_LEAST_PAUSE_S", 0.01)):
        monkeypatch.setattr(worker_module, name, value)


def run(queue: StrawQueue, load=None, *, until=None, chosen: Settings | None = None) -> tuple[Worker, list[int]]:
    """Let a worker work in a thread until the queue was told how everything ended."""
    left: list[int] = []
    stop = threading.Event()
    wanted = len(queue.jobs)
    worker = Worker(queue, chosen or settings(), load=load or (lambda model: StrawScorer()), leave=left.append)
    thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not (until or (lambda: len(queue.ends) >= wanted))() and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    return worker, left


def only_report(queue: StrawQueue):
    ((what, _, report),) = queue.ends
    assert what == "finish"
    return report


def test_a_recording_is_scored_with_what_the_clinic_knows():
    at = datetime(2026, 11, 1, tzinfo=UTC)
    queue = StrawQueue(job(site="Al", recorded_at=at, patient_key="P 7", name="101_1b1_Tc_sc_Meditron.wav"))
    scorer = StrawScorer()
    run(queue, lambda model: scorer)
    assert only_report(queue).reason == "made of straw"
    (heard,) = scorer.asked
    assert (heard.body_site, heard.patient_key, heard.started_at) == ("anterior left", "P 7", at)
    assert heard.device == "Meditron", "what the file tells besides stays"


def test_the_model_is_loaded_before_the_first_recording_and_once():
    loaded = []

    def load(model):
        loaded.append(model)
        return StrawScorer()

    queue = StrawQueue()
    run(queue, load, until=lambda: loaded)
    assert loaded == [None]
    queue = StrawQueue(job(1), job(2, model="b"), job(3), job(4, model="b"))
    loaded.clear()
    run(queue, load)
    assert loaded == [None, "b"]
    assert [told[1] for told in queue.ends] == [1, 2, 3, 4]


def test_the_model_that_was_not_used_for_longest_makes_room():
    loaded = []

    def load(model):
        loaded.append(model)
        return StrawScorer()

    models = ["a", "b", "a", "c", "a", "b"]
    run(
        StrawQueue(*(job(number, model=model) for number, model in enumerate(models))),
        load,
        chosen=settings(most_models=2),
    )
    assert loaded == [None, "a", "b", "c", "b"]


def test_the_settings_name_the_default_model():
    loaded = []
    chosen = settings().model_copy(update={"model": "ours"})
    run(StrawQueue(job()), lambda model: loaded.append(model) or StrawScorer(), chosen=chosen)
    assert loaded == ["ours"]


@pytest.mark.parametrize(("processes", "given", "expected"), [(1, None, None), (2, None, 2), (8, None, 1), (2, 3, 3)])
def test_several_workers_share_the_cores(monkeypatch, processes, given, expected):
    asked = []
    monkeypatch.setattr(worker_module.os, "cpu_count", lambda: 5)
    monkeypatch.setattr("resp.score.Scorer", SimpleNamespace(load=lambda model, **how: asked.append(how)))
    Worker(StrawQueue(), settings(processes=processes, threads=given, device="cpu"))._load_scorer(None)
    assert asked == [{"device": "cpu", "threads": expected}]


def test_a_bad_file_is_a_failed_report():
    queue = StrawQueue(job(site="trachea"), content=b"no sound")
    run(queue)
    report = only_report(queue)
    assert (report.status, report.recording.sha256, report.recording.body_site) == ("failed", "ab" * 32, "trachea")
    assert "breath.wav: not an audio file" in report.reason


def test_a_model_that_is_not_there_is_a_failed_report():
    def load(model):
        raise RespError(f"no model {model!r}")

    queue = StrawQueue(job(model="gone"))
    run(queue, load)
    assert only_report(queue).reason == "no model 'gone'"


def test_what_nobody_foresaw_is_a_failed_report(caplog):
    class Broken(StrawScorer):
        def score(self, recording):
            raise ZeroDivisionError("oh")

    queue = StrawQueue(job(1), job(2))
    run(queue, lambda model: Broken())
    assert [(told[0], told[2].reason) for told in queue.ends] == [("finish", "unexpected ZeroDivisionError: oh")] * 2
    assert "recording 11" in caplog.text


@pytest.mark.parametrize("error", [OSError("disk away"), MemoryError(), RecordsError("sound abc is damaged")])
def test_what_is_wrong_with_the_machine_gives_the_job_back(error):
    queue = StrawQueue(job(), content=error)
    run(queue)
    assert queue.ends == [("fail", 1, str(error) or "MemoryError")]


def test_the_lease_is_prolonged_while_it_scores_even_after_a_beat_that_failed():
    queue = StrawQueue(job())
    queue.broken = ["heartbeat"]
    run(queue, lambda model: StrawScorer(0.6))
    assert queue.told.count(("heartbeat", 1)) >= 3
    assert only_report(queue).status == "abstained"


def test_a_lost_lease_is_not_prolonged_again(caplog):
    queue = StrawQueue(job())
    queue.held = False
    run(queue, lambda model: StrawScorer(0.5))
    assert queue.told.count(("heartbeat", 1)) == 1
    assert "another worker's" in caplog.text


def test_a_database_that_goes_away_comes_back():
    queue = StrawQueue(job())
    queue.broken = ["claim", "claim", "finish", "finish"]
    run(queue)
    assert only_report(queue).status == "abstained"


def test_told_to_stop_it_gives_a_long_recording_back():
    scorer = StrawScorer(1.0)
    queue = StrawQueue(job())
    _, left = run(queue, lambda model: scorer, until=lambda: scorer.asked)
    assert queue.ends[0] == ("release", 1)
    assert left == [0]


def test_told_to_stop_it_finishes_a_short_one_and_takes_no_other(monkeypatch):
    monkeypatch.setattr(worker_module, "GRACE_S", 5.0)
    scorer = StrawScorer(0.3)
    queue = StrawQueue(job(1), job(2))
    _, left = run(queue, lambda model: scorer, until=lambda: scorer.asked)
    assert [told[:2] for told in queue.ends] == [("finish", 1)]
    assert left == []
    assert len(queue.jobs) == 1


def test_a_recording_that_takes_too_long_fails_and_frees_the_worker():
    queue = StrawQueue(job())
    _, left = run(queue, lambda model: StrawScorer(0.5), chosen=settings(most_s=0.1))
    assert queue.ends[0][0] == "finish"
    assert "took longer than" in queue.ends[0][2].reason
    assert left == [STUCK]


@pytest.fixture
def clinic(tmp_path):
    with open_records(folder=tmp_path) as records:
        yield records, records.desk(User("a", "A", "clinician")), tmp_path


def start(folder: Path, seconds: float) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), str(seconds)], stderr=subprocess.PIPE, text=True
    )


def wait(until, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.05)


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(clinic):
    records, desk, folder = clinic
    kept = desk.add_recording(sound(), "breath.wav")
    first = start(folder, 60)
    wait((folder / "begun").exists)
    wait(lambda: desk.recording(kept.id).row.state == "working")
    first.kill()
    first.communicate()
    assert records.queue.state().working == 1, "the dead one still holds the lease"
    second = start(folder, 0)
    try:
        wait(lambda: desk.recording(kept.id).row.state == "abstained")
    finally:
        second.terminate()
        second.communicate(timeout=10)
    (stored,) = desk.recording(kept.id).reports
    assert stored.report.reason == "made of straw"
    assert (records.queue.state().waiting, records.queue.state().working) == (0, 0)


def test_a_worker_ends_in_good_order(clinic):
    _, desk, folder = clinic
    kept = desk.add_recording(sound(), "breath.wav")
    process = start(folder, 0.5)
    wait((folder / "begun").exists)
    process.terminate()
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert desk.recording(kept.id).row.state == "abstained", "the one at hand was finished"


def test_a_child_of_the_page_works_politely_and_no_longer_than_it(monkeypatch, tmp_path):
    from resp.records import processes

    seen = []
    monkeypatch.setenv("RESP_FOLDER", str(tmp_path))
    monkeypatch.setattr(worker_module.os, "nice", seen.append)
    monkeypatch.setattr(processes, "end_with_parent", lambda end: end())
    monkeypatch.setattr(worker_module, "work", lambda chosen, stop: seen.append((chosen.folder, stop.is_set())))
    worker_module.serve_worker()
    assert seen == [5, (tmp_path, True)]
