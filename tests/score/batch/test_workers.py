"""Worker processes give what this process gives; a decoder that crashes costs one file."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import batch_judge
from batch_judge import RATE_HZ, LevelJudge
from resp.audio import Recording, write_wav
from resp.score import ScoreError
from resp.score.batch import list_inputs
from resp.score.batch.run import score_in_order
from resp.score.batch.workers import WorkerPool


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(0)
    for number in range(8):
        write_wav(
            Recording(generator.normal(scale=0.1, size=RATE_HZ * (1 + number)), RATE_HZ), tmp_path / f"{number}.wav"
        )
    (tmp_path / "3.wav").write_text("a letter")
    return tmp_path


def reports(folder, **settings):
    return [report for report, _ in score_in_order(LevelJudge(), list_inputs([folder]).all, **settings)]


def test_the_same_reports_in_the_same_order(folder):
    expected = reports(folder)
    assert [report.status for report in expected].count("failed") == 1
    assert reports(folder, workers=2) == expected


def pool_of(folder):
    return WorkerPool(1, batch_judge.CONFIG, RATE_HZ)


def test_a_crash_costs_one_file(folder, monkeypatch):
    crashing = folder / "2.wav"
    (folder / "sitecustomize.py").write_text(
        "import os, resp.score.batch.preparing as module\n"
        "prepare = module.prepare_input\n"
        "def crash(item, *rest):\n"
        f"    if item.name == {str(crashing)!r}: os.kill(os.getpid(), {int(signal.SIGSEGV)})\n"
        "    return prepare(item, *rest)\n"
        "module.prepare_input = crash\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    found = {report.recording.file[-5:]: report for report in reports(folder, workers=2)}
    assert "signal SIGSEGV" in found["2.wav"].reason
    assert {name for name, report in found.items() if report.status == "failed"} == {"2.wav", "3.wav"}


def test_a_worker_that_was_ended_by_something_else_costs_nothing(folder):
    inputs = list_inputs([folder]).all
    with pool_of(folder) as pool:
        found = {}
        for message in pool.messages(enumerate(inputs)):
            if message.kind != "again":
                found[message.place] = message.kind
            if message.place == 1:
                for child in multiprocessing.active_children():
                    child.kill()
        assert found == {place: "error" if place == 3 else "prepared" for place in range(8)}


def test_leaving_early_ends_the_processes(folder):
    with pool_of(folder) as pool:
        next(pool.messages(enumerate(list_inputs([folder]).all)))
        assert multiprocessing.active_children()
    deadline = time.monotonic() + 5
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not multiprocessing.active_children()


def test_no_workers_are_too_few():
    with pytest.raises(ScoreError, match="at least 1"):
        WorkerPool(0, batch_judge.CONFIG, RATE_HZ)


def test_workers_that_cannot_begin_end_the_batch_and_fail_no_recording(folder, monkeypatch):
    (folder / "sitecustomize.py").write_text("import sys\nif 'spawn_main' in ' '.join(sys.orig_argv): sys.exit(3)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    with pytest.raises(ScoreError, match="ended before it could begin"):
        reports(folder, workers=1)


def test_a_worker_needs_no_torch():
    code = (
        "import sys, resp.score.batch.workers, resp.report.batch, resp.score.batch.run\n"
        "sys.exit(str({'torch', 'scipy', 'pyarrow', 'fsspec'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
