"""From the sender to the archive: received, scored, answered, sent; tried again, given up where it is seen."""

import errno
import threading
import time

import pydicom
import pytest

import judges
import peers
from resp.dicom import DicomError
from resp.dicom.network import Outcome, PeerError, parse_peer, qido, send_files, wado
from resp.dicom.network.web import Archive


def store(service, *files):
    outcomes = [*send_files(files, parse_peer(service.address))]
    assert all(one.sent for one in outcomes), outcomes


def state_of(service, file):
    return service.spool.find(peers.uid_of(file)).state


def test_storescu_to_us_to_storescp(serve, sound, tmp_path):
    with peers.storescp(tmp_path / "taken") as port:
        service = serve(destination={"peer": f"PACS@127.0.0.1:{port}"})
        judges.run("storescu", "-R", "-aec", "RESP", "127.0.0.1", str(service.port), sound)
        peers.wait_for(lambda: state_of(service, sound) == "sent")
    [taken] = (tmp_path / "taken").iterdir()
    assert list(pydicom.dcmread(taken)) == list(peers.stub_answer(sound)[0])


def test_orthanc_takes_the_answer_and_its_dicomweb_serves_it_back(serve, sound, tmp_path):
    expected = peers.stub_answer(sound)[0]
    with peers.orthanc(tmp_path / "orthanc") as archive:
        service = serve(destination={"peer": archive.peer})
        judges.run("storescu", "-R", "-aec", "RESP", "127.0.0.1", str(service.port), sound)
        peers.wait_for(lambda: state_of(service, sound) == "sent")
        web = Archive(archive.web)
        [study] = qido(web, {"StudyInstanceUID": expected.StudyInstanceUID})
        assert (study["ModalitiesInStudy"], study["PatientID"]) == ("SR", expected.PatientID)
        [fetched] = wado(web, tmp_path / "back", expected.StudyInstanceUID)
    assert fetched.name == f"{expected.SOPInstanceUID}.dcm"
    assert list(pydicom.dcmread(fetched)) == list(expected)


def test_orthanc_takes_the_answer_by_stow(serve, sound, tmp_path):
    with peers.orthanc(tmp_path / "orthanc") as archive:
        service = serve(destination={"stow": archive.web})
        store(service, sound)
        peers.wait_for(lambda: state_of(service, sound) == "sent")
        [found] = qido(Archive(archive.web), {"PatientID": pydicom.dcmread(sound).PatientID})
    assert found["StudyInstanceUID"] == pydicom.dcmread(sound).StudyInstanceUID


def test_an_answer_waits_for_its_destination_and_comes_once_it_is_there(serve, sound, tmp_path):
    port = peers.free_port()
    service = serve(destination={"peer": f"PACS@127.0.0.1:{port}", "first_wait_s": 0.2, "longest_wait_s": 0.5})
    store(service, sound)
    note = peers.wait_for(lambda: (note := service.spool.find(peers.uid_of(sound)).note()).sending_attempts and note)
    assert "cannot be reached" in note.reason
    assert state_of(service, sound) == "answered"
    with peers.storescp(tmp_path / "taken", port=port):
        peers.wait_for(lambda: state_of(service, sound) == "sent")
    assert len(list((tmp_path / "taken").iterdir())) == 1


def test_after_so_many_attempts_it_is_given_up_with_the_reason_and_can_be_tried_again(serve, sound):
    there = threading.Event()

    def deliver(files):
        if not there.is_set():
            raise PeerError("PACS@host:104: cannot be reached (refused)")
        return [Outcome(file, "", sent=True, final=False, said="stored") for file in files]

    destination = {"peer": "PACS@host:104", "first_wait_s": 0.01, "attempts": 3}
    service = serve(deliver=deliver, destination=destination)
    store(service, sound)
    peers.wait_for(lambda: state_of(service, sound) == "failed")
    note = service.spool.find(peers.uid_of(sound)).note()
    assert (note.sending_attempts, note.reason) == (3, "PACS@host:104: cannot be reached (refused)")
    there.set()
    service.spool.retry(peers.uid_of(sound))
    peers.wait_for(lambda: state_of(service, sound) == "sent")


def test_a_refusal_that_stays_one_is_not_tried_again(serve, sound, tmp_path):
    # This one takes sound, and no structured report.
    taker = serve(spool=tmp_path / "taker")
    service = serve(destination={"peer": taker.address})
    store(service, sound)
    peers.wait_for(lambda: state_of(service, sound) == "failed")
    note = service.spool.find(peers.uid_of(sound)).note()
    assert note.sending_attempts == 1
    assert "does not take Comprehensive SR" in note.reason


def test_of_several_answers_only_what_was_not_taken_is_sent_again(serve, sound):
    asked = []

    def three(file):
        made = []
        for number in range(3):
            [one] = peers.stub_answer(file)
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number}"
            made.append(one)
        return made

    def deliver(files):
        asked.append([file.name for file in files])
        full = len(asked) == 1
        return [Outcome(one, "", sent=not full or at != 1, final=False, said="0xA700") for at, one in enumerate(files)]

    service = serve(three, deliver, destination={"peer": "PACS@host:104", "first_wait_s": 0.01})
    store(service, sound)
    peers.wait_for(lambda: state_of(service, sound) == "sent")
    assert asked == [["001.dcm", "002.dcm", "003.dcm"], ["002.dcm"]]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DicomError("no sound in it"), "no sound in it"),
        (ZeroDivisionError("oops"), "unexpected ZeroDivisionError: oops"),
    ],
)
def test_what_cannot_be_scored_is_kept_with_the_reason_and_holds_up_nothing(serve, tmp_path, error, reason):
    good, bad = peers.small_sound(tmp_path, 1), peers.small_sound(tmp_path, 2)
    wrong = peers.uid_of(bad)

    def process(file):
        if file.parent.name == wrong:
            raise error
        return peers.stub_answer(file)

    service = serve(process)
    store(service, bad, good)
    peers.wait_for(lambda: (state_of(service, good), state_of(service, bad)) == ("answered", "failed"))
    entry = service.spool.find(wrong)
    assert entry.note().reason == reason
    assert peers.same_dataset(entry.instance, bad)


def test_a_full_disk_while_answers_are_written_is_waited_out(serve, sound, monkeypatch):
    monkeypatch.setattr("resp.dicom.network.worker._WAIT_FOR_ROOM_S", 0.2)
    monkeypatch.setattr("resp.dicom.network.worker.POLL_S", 0.1)
    tries = []

    def process(file):
        tries.append(file)
        if len(tries) < 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return peers.stub_answer(file)

    # More tries than scoring_attempts: a full disk is not the instance's fault.
    service = serve(process, scoring_attempts=2)
    store(service, sound)
    peers.wait_for(lambda: state_of(service, sound) == "answered")
    assert len(tries) == 5


def test_what_ends_the_program_again_and_again_is_given_up(tmp_path, serve, sound):
    from resp.dicom.network.spool import Note, Spool

    left = Spool(tmp_path / "spool")
    left.receive(peers.uid_of(sound), [sound.read_bytes()])
    left.move(left.entries("received")[0], "working", Note(scoring_attempts=3))
    service = serve(scoring_attempts=3)
    peers.wait_for(lambda: state_of(service, sound) == "failed")
    assert "ended 3 times" in service.spool.find(peers.uid_of(sound)).note().reason


def test_a_new_server_goes_on_where_the_last_one_ended(serve, tmp_path):
    from resp.dicom.network.spool import Note, Spool

    left = Spool(tmp_path / "spool")
    files = {
        state: peers.small_sound(tmp_path, number) for number, state in enumerate(("received", "working", "answered"))
    }
    for state, file in files.items():
        left.receive(peers.uid_of(file), [file.read_bytes()])
        entry = left.move(left.find(peers.uid_of(file)), state, Note(scoring_attempts=1))
        if state == "answered":
            left.keep_answers(entry, [b"answer of the last server"])
    delivered = []

    def deliver(paths):
        delivered.extend(path.read_bytes() for path in paths)
        return [Outcome(path, "", sent=True, final=False, said="stored") for path in paths]

    service = serve(deliver=deliver, destination={"peer": "PACS@host:104"})
    peers.wait_for(lambda: {state_of(service, file) for file in files.values()} == {"sent"})
    assert b"answer of the last server" in delivered
    assert len(delivered) == 3


def test_a_server_that_is_asked_to_stop_ends_what_it_began(serve, sound):
    begun, go_on = threading.Event(), threading.Event()

    def process(file):
        begun.set()
        assert go_on.wait(30)
        return peers.stub_answer(file)

    service = serve(process)
    store(service, sound)
    assert begun.wait(30)
    stopping = threading.Thread(target=service.stop)
    stopping.start()
    peers.wait_for(lambda: not peers.listens(service.port))
    time.sleep(0.1)
    go_on.set()
    stopping.join(30)
    assert state_of(service, sound) == "answered"
