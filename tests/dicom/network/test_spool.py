"""The queue on disk: whole or nothing, in one state at a time, and never twice."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import peers
from resp.dicom import DicomError
from resp.dicom.network import spool as module
from resp.dicom.network.spool import STATES, Note, Spool, SpoolFullError


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool")


def everything(spool):
    return sorted(str(path.relative_to(spool.root)) for path in spool.root.rglob("*") if path.is_file())


def test_what_is_received_stands_there_byte_for_byte(spool):
    assert spool.receive("1.2.3", [b"one", memoryview(b"two")]) is None
    [entry] = spool.entries("received")
    assert (entry.uid, entry.instance.read_bytes()) == ("1.2.3", b"onetwo")


@pytest.mark.parametrize("state", STATES)
def test_a_uid_that_is_there_is_not_written_again_whatever_its_state(spool, state):
    spool.receive("1.2.3", [b"first"])
    spool.move(spool.find("1.2.3"), state)
    known = spool.receive("1.2.3", [b"second"])
    assert known is not None
    assert known.state == state
    assert spool.read("1.2.3") == b"first"
    assert sum(map(spool.count, STATES)) == 1


@pytest.mark.parametrize("uid", ["", "../escape", "1.2/3", "1..2", "1.2.", "1" * 65, "a.b", "."])
def test_only_a_uid_becomes_a_name(spool, uid):
    with pytest.raises(DicomError, match="SOP Instance UID"):
        spool.receive(uid, [b"x"])
    assert spool.find(uid) is None


def test_of_many_at_once_with_one_uid_one_is_kept_whole(spool):
    contents = [bytes([number]) * 1000 for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(lambda content: spool.receive("1.2.3", [content]) is None, contents))
    assert new.count(True) == 1
    assert spool.read("1.2.3") == contents[new.index(True)]
    assert list((spool.root / "incoming").iterdir()) == []


@pytest.mark.parametrize("call", ["fsync", "mkdir", "write"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_full_disk_leaves_nothing_of_the_instance(spool, monkeypatch, call, after):
    full = OSError(errno.ENOSPC, "No space left on device")
    real = {"fsync": os.fsync, "mkdir": module.mkdtemp, "write": module.write_synced}[call]
    calls = []

    def failing(*words, **named):
        calls.append(words)
        if len(calls) > after:
            raise full
        return real(*words, **named)

    target = {"fsync": (os, "fsync"), "mkdir": (module, "mkdtemp"), "write": (module, "write_synced")}[call]
    before = everything(spool)
    monkeypatch.setattr(*target, failing)
    for number in range(after + 1):
        try:
            assert spool.receive(f"1.2.{number}", [b"content"]) is None
        except SpoolFullError:
            break
    else:
        pytest.fail("the disk was full, and nothing was said")
    monkeypatch.undo()
    kept = [f"received/1.2.{done}/instance.dcm" for done in range(number)]
    assert everything(spool) == sorted([*before, *kept])
    assert list((spool.root / "incoming").iterdir()) == []
    # Room was made: the same instance is taken now.
    assert spool.receive(f"1.2.{number}", [b"content"]) is None


def test_below_the_free_space_that_shall_stay_nothing_is_begun(tmp_path):
    spool = Spool(tmp_path / "spool", min_free_bytes=1 << 60)
    with pytest.raises(SpoolFullError, match="make room"):
        spool.receive("1.2.3", [b"x"])
    assert sum(map(spool.count, STATES)) == 0


def test_the_file_and_both_folders_are_synced_before_it_counts_as_received(spool, monkeypatch):
    synced = list[Path]()
    real = os.fsync

    def watched(handle):
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    monkeypatch.setattr(os, "fsync", watched)
    spool.receive("1.2.3", [b"x"])
    file, folder, states = synced
    assert (file.name, file.parent, states) == ("instance.dcm", folder, spool.root / "received")


def test_answers_are_all_there_or_none(spool):
    spool.receive("1.2.3", [b"x"])
    [entry] = spool.entries("received")

    def breaks():
        yield b"one"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        spool.keep_answers(entry, breaks())
    assert entry.answers == ()
    spool.keep_answers(entry, [b"one", b"two"])
    assert [file.read_bytes() for file in entry.answers] == [b"one", b"two"]


def test_a_note_goes_with_its_entry_and_a_broken_one_is_none(spool):
    spool.receive("1.2.3", [b"x"])
    [entry] = spool.entries("received")
    entry = spool.move(entry, "failed", Note(reason="why", sending_attempts=3))
    assert (entry.state, entry.note().reason) == ("failed", "why")
    (entry.folder / "note.json").write_bytes(b"{")
    assert entry.note() == Note()


def test_what_failed_is_tried_again_where_it_failed(spool):
    for uid in ("1.1", "1.2"):
        spool.receive(uid, [b"x"])
    first, second = spool.entries("received")
    spool.keep_answers(second, [b"answer"])
    for entry in (first, second):
        spool.move(entry, "failed", Note(scoring_attempts=3, sending_attempts=9, reason="why"))
    assert (spool.retry("1.1").state, spool.retry("1.2").state) == ("received", "answered")
    assert spool.find("1.1").note() == Note(reason="why")
    with pytest.raises(DicomError, match="stands under received"):
        spool.retry("1.1")


def test_a_spool_has_one_server(spool):
    with spool.serving(), pytest.raises(DicomError, match="another server"), Spool(spool.root).serving():
        pass
    with spool.serving():
        pass


def test_what_was_never_acknowledged_is_cleaned_away(spool):
    (spool.root / "incoming" / "abc").mkdir()
    (spool.root / "incoming" / "abc" / "instance.dcm").write_bytes(b"half")
    spool.clean()
    assert list((spool.root / "incoming").iterdir()) == []


def test_sent_entries_are_deleted_when_they_are_old_and_nothing_else_is(spool):
    for uid in ("1.1", "1.2", "1.3"):
        spool.receive(uid, [b"x"])
    for uid, state in (("1.1", "sent"), ("1.2", "sent"), ("1.3", "failed")):
        place = spool.move(spool.find(uid), state).folder
        if uid != "1.2":
            os.utime(place, (0, 0))
    assert spool.prune(1) == 1
    assert peers.spool_of(spool.root) | {"received": set()} == {
        "received": set(), "working": set(), "answered": set(), "sent": {"1.2"}, "failed": {"1.3"},
    }  # fmt: skip


def test_others_cannot_look_into_the_spool(spool):
    assert spool.root.stat().st_mode & 0o077 == 0
