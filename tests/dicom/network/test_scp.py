"""Our server against dcmtk's clients: what is taken, what is refused, and that "success" means safe."""

import errno
import os
import socket
import struct
import subprocess

import pydicom
import pytest
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

import judges
import makers
import peers
from resp.dicom import DicomError
from resp.dicom.network import Caller, echo, parse_peer, send_files
from resp.dicom.network import spool as spool_module


def dcmtk(name, service, *words, ae_title="SCOPE", called="RESP"):
    """Run one of dcmtk's clients against a service; its status and what it said."""
    # Without it storescu offers a list of classes that is too long for sound to be on it.
    offer = ["-R"] if name == "storescu" else []
    command = [judges.program(name), "-v", *offer, "-aet", ae_title, "-aec", called, "127.0.0.1", service.port, *words]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def idle(file):
    """A processor that never ends, so that what was received stays where it is."""
    raise OSError(errno.ENOSPC, "waits")


def test_echo_is_answered(serve):
    status, said = dcmtk("echoscu", serve())
    assert status == 0, said


@pytest.mark.parametrize(
    ("option", "syntax"),
    [("-xe", ExplicitVRLittleEndian), ("-xi", ImplicitVRLittleEndian)],
    ids=["explicit", "implicit"],
)
def test_a_sound_is_stored_as_it_was_sent_in_both_transfer_syntaxes(serve, sound, option, syntax, tmp_path):
    service = serve(idle)
    status, said = dcmtk("storescu", service, option, sound)
    assert status == 0, said
    # Where it lies it may be moved on, by who scores it, while it is looked at.
    stored = tmp_path / "stored.dcm"
    stored.write_bytes(service.spool.read(peers.uid_of(sound)))
    assert peers.same_dataset(stored, sound)
    meta = pydicom.dcmread(stored).file_meta
    assert (meta.TransferSyntaxUID, meta.SourceApplicationEntityTitle) == (syntax, "SCOPE")
    judges.check_valid(stored)


def test_only_sound_is_negotiated(serve, tmp_path, sound):
    service = serve(idle)
    picture = peers.stub_answer(sound)[0]
    picture.save_as(tmp_path / "sr.dcm", enforce_file_format=True)
    [outcome] = send_files([tmp_path / "sr.dcm"], parse_peer(service.address))
    assert (outcome.sent, outcome.final) == (False, True)
    assert "does not take Comprehensive SR" in outcome.said
    assert peers.spool_of(service.spool.root)["received"] == set()


def test_a_big_endian_caller_finds_no_common_transfer_syntax(serve, tmp_path):
    data = makers.make_audio(makers.Group(makers.stored_of(makers.tone(8000, 0.01), "SS")))
    data.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    pydicom.dcmwrite(tmp_path / "big.dcm", data, implicit_vr=False, little_endian=False, enforce_file_format=True)
    [outcome] = send_files([tmp_path / "big.dcm"], parse_peer(serve(idle).address))
    assert not outcome.sent


@pytest.mark.parametrize("title", ["STRANGER", "scope"])
def test_a_caller_that_is_not_on_the_list_is_rejected(serve, sound, title):
    service = serve(idle, allowed_ae_titles=["SCOPE", "SCOPE2"])
    status, said = dcmtk("storescu", service, sound, ae_title=title)
    assert status != 0
    assert "Calling AE Title Not Recognized" in said
    assert dcmtk("storescu", service, sound, ae_title="SCOPE2")[0] == 0


def test_a_caller_that_means_somebody_else_is_rejected(serve):
    status, said = dcmtk("echoscu", serve(), called="OTHER")
    assert status != 0
    assert "Called AE Title Not Recognized" in said


def test_an_address_that_is_not_on_the_list_gets_no_association(serve, tmp_path):
    assert dcmtk("echoscu", serve(allowed_addresses=["10.1.0.0/16", "192.168.7.1"]))[0] != 0
    other = serve(allowed_addresses=["127.0.0.0/8"], spool=tmp_path / "other")
    assert dcmtk("echoscu", other)[0] == 0


def test_the_same_instance_again_is_acknowledged_and_stored_once(serve, sound):
    service = serve(idle)
    for option in ("-xe", "-xe", "-xi"):
        assert dcmtk("storescu", service, option, sound)[0] == 0
    assert sum(map(len, peers.spool_of(service.spool.root).values())) == 1


def test_another_instance_under_the_same_uid_is_refused_and_the_first_kept(serve, sound, tmp_path):
    service = serve(idle)
    first = peers.uid_of(sound)
    other = peers.small_sound(tmp_path / "other", instance=first, PatientID="somebody else")
    outcomes = [*send_files([sound, other], parse_peer(service.address))]
    assert [one.sent for one in outcomes] == [True, False]
    assert outcomes[1].said.startswith("0xC000")
    assert "received before" in outcomes[1].said
    assert peers.same_dataset(service.spool.find(first).instance, sound)


def test_a_full_disk_is_told_as_out_of_resources_and_later_taken(serve, sound, monkeypatch):
    service = serve(idle)
    real = spool_module.write_synced

    def full(path, parts):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spool_module, "write_synced", full)
    _, said = dcmtk("storescu", service, sound)
    assert "Refused: OutOfResources" in said, said
    assert sum(map(len, peers.spool_of(service.spool.root).values())) == 0
    assert list((service.spool.root / "incoming").iterdir()) == []
    # dcmtk ends well even where its instance was refused: our own client does not.
    [outcome] = send_files([sound], parse_peer(service.address))
    assert (outcome.sent, outcome.final) == (False, False)
    monkeypatch.setattr(spool_module, "write_synced", real)
    assert dcmtk("storescu", service, sound)[0] == 0
    assert service.spool.find(peers.uid_of(sound)) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_disk_that_is_really_full_loses_nothing_that_was_acknowledged(serve, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", small], check=False).returncode:
        pytest.skip("this machine does not let tests mount a file system")
    try:
        service = serve(idle, spool=small / "spool")
        loud = makers.Group(makers.stored_of(makers.tone(8000, 6.0), "SS"))
        sounds = [makers.write(makers.make_audio(loud), tmp_path / f"{number}.dcm") for number in range(8)]
        outcomes = [*send_files(sounds, parse_peer(service.address))]
        taken = {one.sop_instance_uid for one in outcomes if one.sent}
        assert 0 < len(taken) < 8
        assert {one.said[:6] for one in outcomes if not one.sent} == {"0xA700"}
        kept = peers.spool_of(service.spool.root)
        assert kept["received"] | kept["working"] == taken
        for file in sounds:
            if (uid := peers.uid_of(file)) in taken:
                assert peers.same_dataset(service.spool.find(uid).instance, file)
        service.stop()
    finally:
        subprocess.run(["umount", "-l", small], check=False)


def test_a_command_that_speaks_of_another_instance_than_its_data_is_refused(serve, sound):
    from pynetdicom import AE

    entity = AE("SCOPE")
    entity.add_requested_context(makers.GENERAL_AUDIO, ExplicitVRLittleEndian)
    service = serve(idle)
    association = entity.associate("127.0.0.1", service.port, ae_title="RESP")
    data = pydicom.dcmread(sound)
    told = {}
    for uid in ("1.2.3", "../../etc/passwd"):
        told[uid] = _store_as(association, data, uid)
    association.release()
    assert told == {"1.2.3": 0xA900, "../../etc/passwd": 0xC000}
    assert sum(map(len, peers.spool_of(service.spool.root).values())) == 0


def _store_as(association, data, uid):
    """C-STORE under a UID that the data do not have; what the library's own call would refuse to send."""
    from io import BytesIO

    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.dsutils import encode

    request = C_STORE()
    request.MessageID, request.Priority = 7, 2
    request.AffectedSOPClassUID, request._affected_sop_instance_uid = data.SOPClassUID, pydicom.uid.UID(uid)
    request.DataSet = BytesIO(encode(data, False, True))
    [context] = association.accepted_contexts
    association._reactor_checkpoint.clear()
    association.dimse.send_msg(request, context.context_id)
    _, response = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    return response.Status


def test_an_instance_that_is_too_long_ends_the_connection_and_the_server_lives(serve, sound, tmp_path):
    service = serve(idle, max_instance_bytes=100_000)
    long = makers.make_audio(makers.Group(makers.stored_of(makers.tone(8000, 120.0), "SS")))
    bit = makers.make_audio(makers.Group(makers.stored_of(makers.tone(8000, 8.0), "SS")))
    peer = parse_peer(service.address)
    # Beyond the limit, but within what is read to say so: a status; far beyond it: the connection.
    [outcome] = send_files([makers.write(bit, tmp_path / "bit.dcm")], peer)
    assert outcome.said.startswith("0xA700"), outcome
    [outcome] = send_files([makers.write(long, tmp_path / "long.dcm")], peer)
    assert not outcome.sent
    assert [one.sent for one in send_files([sound], peer)] == [True]


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n",
        struct.pack(">BBL", 1, 0, 0xFFFFFFFF),
        struct.pack(">BBL", 1, 0, 10) + b"\0" * 10,
        struct.pack(">BBL", 4, 0, 100) + b"\xff" * 100,
    ],
    ids=["http", "4 GB", "empty request", "data before the association"],
)
def test_nonsense_on_the_port_is_let_go(serve, first):
    service = serve(idle_s=2)
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as caller:
        caller.sendall(first)
        while caller.recv(4096):
            pass
    assert dcmtk("echoscu", service)[0] == 0


def test_more_callers_than_allowed_are_told_so(serve):
    service = serve(max_associations=2)
    peer = parse_peer(service.address)
    from resp.dicom.network.associate import PeerError, associate

    refused = pytest.raises(PeerError, match="refused the association")
    with associate(peer, [], Caller()), associate(peer, [], Caller()), refused:
        echo(peer)
    peers.wait_for(lambda: _answers(peer))


def _answers(peer):
    try:
        echo(peer)
    except DicomError:
        return False
    return True


def test_a_port_that_is_taken_is_told(serve, tmp_path):
    service = serve()
    with pytest.raises(DicomError, match=f"{service.port}.*cannot be listened on"):
        serve(port=service.port, spool=tmp_path / "other")
    # And the spool of the one that failed is free again.
    serve(spool=tmp_path / "other")


def test_a_spool_that_is_served_is_not_served_twice(serve):
    serve()
    with pytest.raises(DicomError, match="another server"):
        serve()
