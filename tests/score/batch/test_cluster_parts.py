"""What a cluster is asked for, what it says when it cannot be had, and what its processes do, without one."""

import builtins
import socket
import subprocess
import sys

import numpy as np
import pytest

from batch_judge import CONFIG, RATE_HZ
from ray_cluster import StretchJudge, shorten
from resp.audio import Recording, write_wav
from resp.score.batch import Input
from resp.score.batch.cluster.connect import connected
from resp.score.batch.cluster.pools import Pools, share_out
from resp.score.batch.cluster.stages import Judging, Made, Reading, check, decode, encode, prepare_block
from resp.score.batch.errors import ClusterError
from resp.score.errors import ScoreError
from resp.score.schema import Report


@pytest.mark.parametrize(
    ("machines", "asked", "expected"),
    [
        ([{"CPU": 8}], {}, Pools(6, 1.0, 0.0, 1.0)),
        ([{"CPU": 8}, {"CPU": 8}], {"threads": 4}, Pools(3, 4.0, 0.0, 1.0)),
        ([{"CPU": 2}], {}, Pools(1, 1.0, 0.0, 1.0)),
        ([{"CPU": 2}], {"threads": 2}, Pools(1, 1.0, 0.0, 1.0)),
        ([{"CPU": 1}], {}, Pools(1, 0.5, 0.0, 0.5)),
        ([{"CPU": 16, "GPU": 4}, {"CPU": 8}], {"gpu": True}, Pools(4, 1.0, 1.0, 1.0)),
        ([{"CPU": 8}], {"actors": 2}, Pools(2, 1.0, 0.0, 1.0)),
    ],
)
def test_cores_are_shared_out(machines, asked, expected):
    pools = share_out(machines, **asked)
    assert pools == expected
    # Whoever prepares has room beside those who judge.
    assert pools.actors * pools.cpus + pools.prepare_cpus <= sum(machine["CPU"] for machine in machines)


@pytest.mark.parametrize(
    ("machines", "asked", "said"),
    [
        ([{"CPU": 2}], {"gpu": True}, "no machine of the cluster has a GPU"),
        ([{"CPU": 2}, {"CPU": 2}], {"threads": 4}, "no machine of the cluster has 4 cores"),
        ([{"CPU": 4}], {"actors": 4}, "beside one core that prepares"),
        ([{"CPU": 4, "GPU": 1}], {"gpu": True, "actors": 2}, "room for 1 such"),
    ],
)
def test_what_has_no_room_is_refused(machines, asked, said):
    with pytest.raises(ClusterError, match=said):
        share_out(machines, **asked)


def test_a_cluster_without_ray_says_what_to_install(monkeypatch):
    known = builtins.__import__

    def without(name, *rest, **more):
        if name.partition(".")[0] == "ray":
            raise ImportError(name)
        return known(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ClusterError, match=r"pip install 'resp\[ray\]'"), connected("local"):
        pass


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("closed", "no Ray cluster answers there"),
        ("nonsense", "expected local, auto or HOST:PORT"),
        ("ray://10.0.0.1:10001", "--ray auto"),
    ],
)
def test_an_address_that_nobody_answers_is_refused_soon(address, said):
    pytest.importorskip("ray", reason="a cluster needs Ray: pip install 'resp[ray]'")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    given = f"127.0.0.1:{port}" if address == "closed" else address
    with pytest.raises(ClusterError, match=said), connected(given):
        pass


def test_the_driver_needs_ray_only_when_a_batch_begins():
    code = "import sys, resp.score.batch.cluster.way\nsys.exit(str({'ray', 'torch'} & set(sys.modules) or ''))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shorten(monkeypatch)
    generator = np.random.default_rng(0)
    for name, seconds in (("short", 3), ("long", 33)):
        write_wav(Recording(generator.normal(scale=0.1, size=RATE_HZ * seconds), RATE_HZ), tmp_path / f"{name}.wav")
    (tmp_path / "letter.wav").write_text("a letter")
    # Relative names count from the driver's folder, wherever a process of the cluster stands.
    monkeypatch.chdir("/")
    return tmp_path


def judging(load, expected=None):
    pytest.importorskip("ray", reason="a cluster needs Ray: pip install 'resp[ray]'")
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray, "get", lambda sent: sent)
        return Judging((load,), expected or StretchJudge().identity)


def test_prepared_recordings_become_reports_and_long_ones_are_left_over(folder):
    reading = Reading(CONFIG, RATE_HZ, None, str(folder))
    block = encode(enumerate(Input(f"{name}.wav") for name in ("short", "letter", "long", "gone")))
    prepared = [row for table in prepare_block(block, reading) for row in decode(table)]
    assert [place for place, _ in prepared] == [0, 1, 2, 3]
    assert prepared[2][1] == Made("long.wav", None)
    assert isinstance(prepared[3][1].value, ScoreError)
    judged = [row for table in judging(StretchJudge)(encode(prepared)) for row in decode(table)]
    assert [value and value.status for _, value in judged] == ["scored", "failed", None, "failed"]


def test_a_long_recording_comes_in_pieces(folder):
    reading = Reading(CONFIG, RATE_HZ, None, str(folder))
    *pieces, last = judging(StretchJudge).alone(Input("long.wav"), reading)
    assert isinstance(last, Report)
    assert (last.recording.file, len(last.stretches)) == ("long.wav", len(pieces))
    starts = [one.start_s for piece in pieces for one in piece]
    assert starts == sorted(starts)
    assert len(pieces) == 3


def test_what_goes_wrong_in_the_middle_of_a_long_recording_is_in_its_report(folder):
    whole = (folder / "long.wav").read_bytes()
    (folder / "long.wav").write_bytes(whole[: len(whole) // 2])
    *_, last = judging(StretchJudge).alone(Input("long.wav"), Reading(CONFIG, RATE_HZ, None, str(folder)))
    assert last.status == "failed"
    assert "truncated" in last.reason


@pytest.mark.parametrize(("load", "said"), [(StretchJudge, "has model levels 1"), (list, "unexpected")])
def test_a_process_that_cannot_judge_says_why(load, said):
    broken = judging(load, StretchJudge().identity.model_copy(update={"version": "2"}))
    ((_, value),) = decode(next(broken(encode([(0, Made("x", None))]))))
    assert value == broken.problem()
    with pytest.raises(ClusterError, match=said):
        check(value)
