"""Our clients against Orthanc: send, find, get; STOW, QIDO, WADO."""

import json

import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian

import makers
import peers
from resp.cli import main
from resp.dicom import DicomError
from resp.dicom.network import PeerError, echo, find, get, parse_peer, qido, send_files, stow, wado
from resp.dicom.network.web import Archive, ArchiveError


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    with peers.orthanc(tmp_path_factory.mktemp("orthanc")) as archive:
        yield archive


@pytest.fixture
def study(tmp_path):
    """Two sounds and a report of one study."""
    from pydicom.uid import generate_uid

    uid = generate_uid()
    files = [peers.small_sound(tmp_path / "study", number, study=uid, PatientID=f"P{uid[-8:]}") for number in (1, 2)]
    report = tmp_path / "study" / "report.dcm"
    peers.stub_answer(files[0])[0].save_as(report, enforce_file_format=True)
    return uid, [*files, report]


def check_fetched(fetched, files):
    assert sorted(path.name for path in fetched) == sorted(f"{peers.uid_of(file)}.dcm" for file in files)
    for file in files:
        [back] = [path for path in fetched if path.stem == peers.uid_of(file)]
        assert peers.same_dataset(back, file)


def test_send_find_and_get(orthanc, study, tmp_path):
    uid, files = study
    peer = parse_peer(orthanc.peer)
    echo(peer)
    outcomes = [*send_files(files, peer)]
    assert [(one.sent, one.sop_instance_uid) for one in outcomes] == [(True, peers.uid_of(file)) for file in files]
    patient = f"P{uid[-8:]}"
    for keys in (
        {"StudyInstanceUID": uid},
        {"PatientID": patient},
        {"PatientID": patient, "StudyDate": "20240201-20240301"},
    ):
        [match] = find(peer, keys)
        assert (match["StudyInstanceUID"], match["NumberOfStudyRelatedInstances"]) == (uid, "3")
        assert set(match["ModalitiesInStudy"].split(", ")) == {"AU", "SR"}
    assert find(peer, {"PatientID": patient, "StudyDate": "20250101"}) == []
    series = find(peer, {"StudyInstanceUID": uid}, level="series")
    assert sorted(one["Modality"] for one in series) == ["AU", "AU", "SR"]
    done = get(peer, tmp_path / "all", uid)
    assert done.failed == 0
    check_fetched(done.files, files)
    one = pydicom.dcmread(files[1]).SeriesInstanceUID
    check_fetched(get(peer, tmp_path / "one", uid, series=one).files, files[1:2])
    # Orthanc says so of a study that it does not have.
    with pytest.raises(PeerError, match="C-GET ended with 0xC000"):
        get(peer, tmp_path / "none", "1.2.3")
    assert not (tmp_path / "none").exists()


def test_stow_qido_and_wado(orthanc, study, tmp_path):
    uid, files = study
    archive = Archive(orthanc.web)
    assert [one.sent for one in stow(files, archive)] == [True] * 3
    [match] = qido(archive, {"StudyInstanceUID": uid})
    assert match["NumberOfStudyRelatedInstances"] == "3"
    check_fetched([*wado(archive, tmp_path / "all", uid)], files)
    source = pydicom.dcmread(files[0])
    names = {"series": source.SeriesInstanceUID, "instance": source.SOPInstanceUID}
    check_fetched([*wado(archive, tmp_path / "one", uid, **names)], files[:1])
    assert len(qido(archive, {"StudyInstanceUID": uid}, level="series")) == 3
    with pytest.raises(ArchiveError, match="HTTP 404"):
        [*wado(archive, tmp_path / "none", "1.2.3")]


def test_files_that_are_no_dicom_get_a_row_and_the_others_go(orthanc, study, tmp_path):
    (tmp_path / "text.dcm").write_text("nothing of the kind")
    files = [tmp_path / "text.dcm", study[1][0], tmp_path / "missing.dcm"]
    for outcomes in ([*send_files(files, parse_peer(orthanc.peer))], [*stow(files, Archive(orthanc.web))]):
        assert {one.file.name: one.sent for one in outcomes} == {
            "text.dcm": False,
            "0001.dcm": True,
            "missing.dcm": False,
        }
        assert all("cannot be read" in one.said or "no DICOM" in one.said for one in outcomes if not one.sent)


def test_a_file_without_preamble_and_one_in_implicit_go_too(orthanc, study, tmp_path):
    bare, implicit = tmp_path / "bare.dcm", tmp_path / "implicit.dcm"
    data = makers.make_audio(makers.Group(makers.stored_of(makers.tone(8000, 0.005), "SS")))
    bare.write_bytes(makers.as_bytes(data, preamble=False))
    other = pydicom.dcmread(study[1][0])
    other.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    other.save_as(implicit, implicit_vr=True, little_endian=True)
    assert [one.sent for one in send_files([bare, implicit], parse_peer(orthanc.peer))] == [True, True]


def test_commands_tell_a_row_for_each_file_and_what_was_found(orthanc, study, tmp_path, capsys):
    uid, files = study

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(["dicom", *map(str, words)])
        return ended.value.code, *capsys.readouterr()

    status, said, _ = run("send", files[0].parent, "--to", orthanc.peer)
    assert (status, len(said.splitlines())) == (0, 3)
    assert all(line.startswith("sent    ") and "0x0000" in line for line in said.splitlines())
    status, said, _ = run("find", "--from", orthanc.peer, "--study", uid, "--json")
    assert (status, [one["StudyInstanceUID"] for one in json.loads(said)]) == (0, [uid])
    assert makers.PATIENT_NAME.split("^")[0] not in said
    status, said, _ = run("get", "--from", orthanc.peer, "--study", uid, "--out", tmp_path / "got")
    assert (status, len(said.splitlines())) == (0, 3)
    assert run("stow", *files, "--url", orthanc.web)[0] == 0
    status, said, _ = run("qido", "--url", orthanc.web, "--study", uid)
    assert (status, f"StudyInstanceUID={uid}" in said) == (0, True)
    assert run("wado", "--url", orthanc.web, "--study", uid, "--out", tmp_path / "web")[0] == 0
    assert run("get", "--from", orthanc.peer, "--study", "1.2.3", "--out", tmp_path / "none")[0] == 2
    status, _, told = run("find", "--from", orthanc.peer, "--level", "series")
    assert (status, "--study" in told) == (2, True)


def test_who_is_not_there_is_told_in_one_sentence(tmp_path, study):
    port = peers.free_port()
    with pytest.raises(PeerError, match=f"PACS@127.0.0.1:{port}: cannot be reached"):
        [*send_files(study[1], parse_peer(f"PACS@127.0.0.1:{port}"))]
    with pytest.raises(ArchiveError, match=f"{port}.*cannot be reached"):
        [*stow(study[1], Archive(f"http://127.0.0.1:{port}/dicom-web"))]
    with pytest.raises(ArchiveError, match="'pacs' is no address"):
        qido(Archive("pacs"), {})
    with pytest.raises(DicomError, match="without its series"):
        [*wado(Archive("http://127.0.0.1:1/x"), tmp_path, "1.2", instance="1.3")]


def test_an_archive_cannot_write_outside_the_folder(tmp_path):
    from pydicom.dataset import Dataset

    from resp.dicom.network.query import store_dataset

    evil = Dataset()
    with pytest.warns(UserWarning, match="Invalid value for VR UI"):
        evil.SOPInstanceUID = "../../evil"
    with pytest.raises(DicomError, match="evil"):
        store_dataset(evil, tmp_path / "in")
    assert list(tmp_path.rglob("*evil*")) == []
