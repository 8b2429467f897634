"""A real Ray cluster of several processes writes the table of this process, whatever dies in the middle."""

import csv
import io

import numpy as np
import pytest

from batch_judge import RATE_HZ
from ray_cluster import OtherJudge, SlowJudge, StretchJudge, cluster, kill_one, shorten
from resp.audio import Recording, write_wav
from resp.report.batch import write_batch
from resp.score.batch import list_inputs
from resp.score.batch.cluster.way import OnCluster
from resp.score.batch.errors import ClusterError

pytest.importorskip("ray", reason="a cluster needs Ray: pip install 'resp[ray]'")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def address(place):
    with cluster(place) as found:
        yield found


@pytest.fixture
def folder(tmp_path):
    """Noises, one of them long, and a file that is none."""
    place = tmp_path / "in"
    place.mkdir()
    generator = np.random.default_rng(0)
    for number in range(24):
        seconds = 33 if number == 7 else 2
        write_wav(Recording(generator.normal(scale=0.1, size=RATE_HZ * seconds), RATE_HZ), place / f"{number:02}.wav")
    (place / "05.wav").write_text("a letter")
    return place


@pytest.fixture(autouse=True)
def _long(monkeypatch):
    shorten(monkeypatch)


def table(folder, out, way=None, progress=lambda report: None):
    counts = write_batch(
        StretchJudge(), list_inputs([folder]), out, "csv", level="segment", parameters={}, way=way, progress=progress
    )
    assert not out.with_name(f"{out.name}.journal").exists()
    return counts


def stopping(after):
    """Ctrl-C after so many reports."""
    left = iter(range(after))

    def progress(report):
        if next(left, None) is None:
            raise KeyboardInterrupt

    return progress


def test_a_worker_is_killed_and_a_stopped_run_goes_on_either_way(address, place, folder, tmp_path):
    table(folder, tmp_path / "whole.csv")
    with pytest.raises(KeyboardInterrupt):
        table(folder, tmp_path / "x.csv", progress=stopping(3))
    with pytest.raises(KeyboardInterrupt):
        table(folder, tmp_path / "x.csv", OnCluster(address, SlowJudge), stopping(4))
    killed, before = [], len(list(place.glob("judge-*")))

    def kill(report):
        if not killed:
            killed.append(kill_one("ray::MapWorker(MapBatches(Judging)", place))

    counts = table(folder, tmp_path / "x.csv", OnCluster(address, SlowJudge), kill)
    assert killed == [True]
    # Another one took over.
    assert len(list(place.glob("judge-*"))) >= before + 2
    assert (counts["scored"], counts["failed"]) == (23, 1)
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text())))
    assert sum(row["file"].endswith("07.wav") for row in rows) > 60


def test_a_decoder_that_crashes_costs_one_recording(address, folder, tmp_path):
    for number in range(4, 24):
        (folder / f"{number:02}.wav").unlink()
    (folder / "crash.wav").write_bytes(b"CRASH")
    (folder / "once.wav").write_bytes(b"ONCE")
    counts = table(folder, tmp_path / "x.csv", OnCluster(address, StretchJudge))
    assert (counts["scored"], counts["failed"]) == (4, 2)
    rows = {row["file"][-9:]: row for row in csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text()))}
    assert "ended the process" in rows["crash.wav"]["reason"]
    assert "ended the process" not in rows["/once.wav"]["reason"]


def test_another_model_there_ends_the_batch_and_fails_no_recording(address, folder, tmp_path):
    with pytest.raises(ClusterError, match=r"has model levels 2 .* expected levels 1"):
        table(folder, tmp_path / "x.csv", OnCluster(address, OtherJudge, gpu=True, actors=1))
    assert (tmp_path / "x.csv.journal").exists()
