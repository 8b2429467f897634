"""Whatever stops a batch, and however often: its table is in the end that of an undisturbed run, byte for byte."""

import csv
import io
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import batch_judge
from resp.audio import Recording, write_wav
from resp.score.batch import list_inputs

SCRIPT = Path(batch_judge.__file__)
COMMAND = (sys.executable, "-c", "from resp.cli import main; main()")
RATE_HZ = batch_judge.RATE_HZ


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Short noises, and files that are none."""
    place = tmp_path_factory.mktemp("sounds")
    generator = np.random.default_rng(0)
    for number in range(40):
        loud = generator.uniform(0.02, 0.3)
        write_wav(Recording(generator.normal(scale=loud, size=RATE_HZ * 3), RATE_HZ), place / f"{number:02}.wav")
    (place / "05.wav").write_text("a letter")
    (place / "17.wav").write_bytes(b"")
    return place


@pytest.fixture(scope="module")
def undisturbed(folder, tmp_path_factory):
    """The table of a run that nothing stops."""
    out = tmp_path_factory.mktemp("out") / "x.csv"
    assert begin(folder, out, pause_s=0).wait(timeout=60) == 0
    assert not out.with_name("x.csv.journal").exists()
    table = out.read_bytes()
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    # Every input, in the order of the list, and nothing else.
    assert list(dict.fromkeys(row["file"] for row in rows)) == [item.name for item in list_inputs([folder]).all]
    failed = [row for row in rows if row["status"] == "failed"]
    assert len(failed) == 2
    assert all(row["reason"] for row in failed)
    return table


def begin(folder, out, pause_s, workers=0, **settings):
    command = [sys.executable, str(SCRIPT), str(out), str(folder), str(pause_s), str(workers)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, **{**quiet, **settings})


def killed_until_done(folder, out, kills, generator, workers=0):
    """Run it and kill it at random points, ``kills`` times; then let it end. Returns after how many reports."""
    survived = []
    for _ in range(kills):
        run = begin(folder, out, pause_s=0.02, workers=workers, stdout=subprocess.PIPE)
        assert run.stdout.readline() == b"begun\n"
        # Before the journal is open, while it is written, and after the last report.
        time.sleep(generator.uniform(0, 0.35))
        run.send_signal(generator.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
        run.wait(timeout=60)
        told = run.stdout.read()
        run.stdout.close()
        survived.append(int(told or 0))
        if run.returncode == 0:
            # It was done before; the next one begins anew.
            out.unlink()
    assert begin(folder, out, pause_s=0).wait(timeout=60) == 0
    return survived


def test_killed_three_times(folder, undisturbed, tmp_path):
    out = tmp_path / "x.csv"
    survived = killed_until_done(folder, out, 3, random.Random(1))
    assert out.read_bytes() == undisturbed
    assert survived == sorted(survived)
    assert list(tmp_path.iterdir()) == [out] or all(
        path.name.startswith(".x.csv.") for path in tmp_path.iterdir() if path != out
    )


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_killed_at_random_fifty_times_in_a_row(folder, undisturbed, tmp_path, workers):
    generator = random.Random(2 + workers)
    for table in range(50):
        out = tmp_path / f"{table}.csv"
        killed_until_done(folder, out, generator.randint(1, 6), generator, workers)
        assert out.read_bytes() == undisturbed


@pytest.mark.slow
def test_the_command_is_killed_at_random(folder, tmp_path):
    def score(out):
        return subprocess.Popen(
            [*COMMAND, "score", str(folder), "--out", str(out), "--quiet"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    began = time.monotonic()
    # Files that are no sound are in the table, and in the status.
    assert score(tmp_path / "undisturbed.csv").wait(timeout=600) == 1
    whole_s = time.monotonic() - began
    generator, out = random.Random(4), tmp_path / "x.csv"
    stopped = 0
    for _ in range(10):
        run = score(out)
        time.sleep(generator.uniform(0, whole_s))
        run.kill()
        stopped += run.wait(timeout=60) == -signal.SIGKILL
        if out.exists():
            out.unlink()
    assert stopped > 2
    assert score(out).wait(timeout=600) == 1
    assert out.read_bytes() == (tmp_path / "undisturbed.csv").read_bytes()


def test_a_disk_that_is_full_again_and_again(folder, undisturbed, tmp_path):
    out = tmp_path / "x.csv"
    log = tmp_path / "x.csv.journal" / "reports.log"
    for _ in range(3):
        # The kernel ends the write in the middle of a line, as a full disk does.
        limit = (log.stat().st_size if log.exists() else 0) + 9000

        def full(limit=limit):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        run = begin(folder, out, pause_s=0, preexec_fn=full, stderr=subprocess.PIPE)
        _, told = run.communicate(timeout=60)
        assert run.returncode == 1
        assert b"run the same command again" in told
        assert not out.exists()
        assert log.stat().st_size <= limit
    assert begin(folder, out, pause_s=0).wait(timeout=60) == 0
    assert out.read_bytes() == undisturbed


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_file_system_that_is_full(folder, undisturbed, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", small], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        run = begin(folder, small / "x.csv", pause_s=0, stderr=subprocess.PIPE)
        _, told = run.communicate(timeout=60)
        assert run.returncode == 1
        assert b"No space left on device" in told
        subprocess.run(["mount", "-o", "remount,size=8m", small], check=True)
        assert begin(folder, small / "x.csv", pause_s=0).wait(timeout=60) == 0
        assert (small / "x.csv").read_bytes() == undisturbed
    finally:
        subprocess.run(["umount", small], check=True)
