"""1 000 instances over 8 associations, the receiver killed (-9) in the middle: none that was acknowledged is lost."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pydicom
import pytest

import makers
import peers

pytest.importorskip("pynetdicom")

from resp.dicom.network import Caller, PeerError, parse_peer, send_files

RECEIVER = Path(__file__).with_name("receiver.py")
ASSOCIATIONS = 8


@contextlib.contextmanager
def receiver(spool, port, log):
    here = Path(__file__).resolve().parents[3]
    paths = os.pathsep.join((str(here), str(here / "tests" / "dicom")))
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, RECEIVER, spool, str(port)], env={**os.environ, "PYTHONPATH": paths}, stderr=said
        )
    try:
        peers.wait_for(lambda: peers.listens(port) or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        process.terminate()
        process.wait(60)


def waveform(file):
    return hashlib.sha256(pydicom.dcmread(file).WaveformSequence[0].WaveformData).hexdigest()


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_acknowledged_instance_is_lost_when_the_receiver_is_killed(tmp_path, count):
    sounds = {}
    for number in range(count):
        stored = makers.stored_of(peers.noise(40, number), "SS")
        file = makers.write(makers.make_audio(makers.Group(stored)), tmp_path / "sounds" / f"{number:04d}.dcm")
        sounds[peers.uid_of(file)] = file
    spool, log, port = tmp_path / "spool", tmp_path / "receiver.log", peers.free_port()
    acknowledged, guard = list[str](), threading.Lock()

    def send(files, timeout_s):
        # Each association ends in its own way when the receiver dies.
        with contextlib.suppress(PeerError):
            for outcome in send_files(files, parse_peer(f"RESP@127.0.0.1:{port}"), Caller(timeout_s=timeout_s)):
                if outcome.sent:
                    with guard:
                        acknowledged.append(outcome.sop_instance_uid)

    def send_all(pool, timeout_s):
        done = set(acknowledged)
        left = [file for uid, file in sounds.items() if uid not in done]
        return [pool.submit(send, left[at::ASSOCIATIONS], timeout_s) for at in range(ASSOCIATIONS)]

    started = time.monotonic()
    with ThreadPoolExecutor(ASSOCIATIONS) as pool:
        with receiver(spool, port, log) as process:
            # The receiver's death is noticed when it does not answer in time.
            sending = send_all(pool, 8)
            peers.wait_for(lambda: len(acknowledged) >= count // 2, 300)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(60)
            for one in sending:
                one.result(120)
        first = set(acknowledged)
        assert count // 2 <= len(first) < count, "the receiver was to be killed in the middle"
        # Read from the disk alone, before anything is started again.
        kept = peers.spool_of(spool)
        places = {uid: spool / state / uid for state, uids in kept.items() for uid in uids}
        assert sum(map(len, kept.values())) == len(places), "an instance stands in two states"
        lost = first - set(places)
        assert lost == set()
        assert set(places) <= set(sounds)
        for uid, place in places.items():
            # What was received but not acknowledged is whole, too.
            assert waveform(place / "instance.dcm") == waveform(sounds[uid])
        unacknowledged = len(places) - len(first)
        with receiver(spool, port, log):
            for one in send_all(pool, 60):
                one.result(300)
            assert set(acknowledged) == set(sounds)
            peers.wait_for(lambda: len(peers.spool_of(spool)["answered"]) == count, 600)
    kept = peers.spool_of(spool)
    assert kept["answered"] == set(sounds)
    assert all(list((spool / "answered" / uid / "answers").iterdir()) for uid in sounds)
    assert list((spool / "incoming").iterdir()) == []
    took_s = time.monotonic() - started
    print(f"{count} instances over {ASSOCIATIONS} associations: killed after {len(first)} were acknowledged, 0 lost,")
    print(f"{unacknowledged} more were whole on the disk; all received and answered after {took_s:.1f} s")
