"""Several processes fill one waveform cache, or are killed while they do: files are whole."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import resp.datasets.cache as cache_module
from made_items import RATE_HZ, dataset_of, item
from resp.datasets import WaveformCache


def test_abandoned_files_go_and_fresh_ones_stay(cache, make_sound, tmp_path):
    dataset = dataset_of(item(make_sound(tmp_path / "a.wav")))
    cache.open(dataset, RATE_HZ)
    (folder,) = (path.parent for path in cache.folder.rglob("*.npy"))
    old, fresh = folder / ".writing-old", folder / ".writing-fresh"
    old.touch()
    fresh.touch()
    os.utime(old, (time.time() - 200_000,) * 2)
    cache.open(dataset, RATE_HZ)
    assert not old.exists()
    assert fresh.exists()


WRITER = """
import os, sys, time
from pathlib import Path
import resp.datasets.contents as contents
from resp.datasets import Census, DataSet, Item, WaveformCache

root, mode = Path(sys.argv[1]), sys.argv[2]
paths = sorted(root.glob("*.wav"))
items = tuple(Item(path.stem, path, None, None, 0, "p") for path in paths)
if mode == "stop":
    # However long the start took, the first things written are waveforms, not checksums to remember.
    contents.SETTLED_S = float("inf")
    written, sync = [], os.fsync
    def stop(file):
        written.append(file)
        if len(written) == 3:
            os.ftruncate(file, 1000)
            print("half written", flush=True)
            time.sleep(60)
        sync(file)
    os.fsync = stop
else:
    while not (root / "go").exists():
        time.sleep(0.005)
dataset = DataSet("made", ("normal",), items, Census(()))
waveforms = WaveformCache(root / "cache").open(dataset, 8000, workers=1)
print(sum(float(abs(waveforms.clip(index)).sum()) for index in range(len(waveforms))))
"""


@pytest.fixture
def sounds(make_sound, tmp_path):
    return [make_sound(tmp_path / f"{number}.wav", number, 1.0) for number in range(6)]


def start_writer(tmp_path: Path, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), mode],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_build_leaves_only_whole_files_and_is_continued(cache, sounds, tmp_path, monkeypatch):
    dataset = dataset_of(*(item(path) for path in sounds))
    writer = start_writer(tmp_path, "stop")
    assert writer.stdout is not None
    assert writer.stdout.readline() == "half written\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    finished = list(cache.folder.rglob("*.npy"))
    assert len(finished) == 2
    assert len(list(cache.folder.rglob(".writing-*"))) == 1
    decoded = []
    load = cache_module.load_recording
    monkeypatch.setattr(cache_module, "load_recording", lambda path: decoded.append(path) or load(path))
    continued = cache.open(dataset, RATE_HZ)
    assert len(decoded) == 4
    fresh = WaveformCache(tmp_path / "fresh").open(dataset, RATE_HZ)
    for index in range(len(dataset)):
        np.testing.assert_array_equal(continued.clip(index), fresh.clip(index))


def test_concurrent_writers_agree(cache, sounds, tmp_path):
    writers = [start_writer(tmp_path, "go") for _ in range(3)]
    (tmp_path / "go").touch()
    answers = [writer.communicate(timeout=60) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0], answers
    assert len({out for out, _ in answers}) == 1
    assert len(list(cache.folder.rglob("*.npy"))) == len(sounds)
    assert not list(cache.folder.rglob(".writing-*"))
