"""Sounds in folders, DICOMDIRs and ZIP archives, and how those that lie are refused."""

import io
import os
import struct
import zipfile

import numpy as np
import pytest

import makers
import resp
from makers import as_bytes, make_audio, make_dicomdir, make_zip, write
from resp.dicom import DicomError, find_files, read_dicom, read_instances
from resp.score import find_inputs

CT = "1.2.840.10008.5.1.4.1.1.2"


def names(files):
    return [file.name for file in files]


@pytest.fixture
def export(tmp_path):
    """What an archive exports: sounds with and without a suffix, and what lies beside them."""
    folder = tmp_path / "export"
    write(make_audio(PatientID="a"), folder / "a.dcm")
    write(make_audio(PatientID="b"), folder / "b" / "IM000001")
    write(make_audio(PatientID="c"), folder / "b" / "1.2.840.77")
    (folder / "b" / "bare.DCM").write_bytes(as_bytes(make_audio(PatientID="d"), preamble=False))
    write(make_audio(sop_class=CT), folder / "b" / "image.dcm")
    write(make_audio(sop_class=makers.RESPIRATORY), folder / "b" / "breathing")
    (folder / "b" / "notes.txt").write_text("no DICOM")
    (folder / "README").write_text("a text that is longer than the preamble of a DICOM file " * 5)
    write(make_audio(), folder / ".hidden" / "x.dcm")
    return folder


def test_a_folder_gives_its_sounds_in_order(export):
    assert [one.patient_key for one in read_dicom(export)] == ["a", "c", "b", "d"]


def test_scoring_a_folder_finds_the_same_files(export):
    found = [os.path.relpath(path, export) for path in find_inputs([export])]
    assert found == ["a.dcm", "b/1.2.840.77", "b/IM000001", "b/bare.DCM"]


def test_every_way_in_gives_the_same_recording(export):
    path = export / "a.dcm"
    content = path.read_bytes()
    wanted = resp.load_recording(path)
    with path.open("rb") as stream:
        stream.seek(7)
        ways = [*read_dicom(path), *read_dicom(content), *read_dicom(stream), resp.load_recording(content)]
        assert stream.tell() == 7
    for recording in ways:
        np.testing.assert_array_equal(recording.samples, wanted.samples)
        assert recording.sha256 == wanted.sha256
    assert (wanted.source, ways[0].source) == (str(path), str(path))
    assert resp.load_recording(content, name="upload.wav").source == "upload.wav"


def test_a_broken_file_in_a_folder_is_heard_of(export):
    (export / "c.dcm").write_bytes((export / "a.dcm").read_bytes()[:3000])
    assert "c.dcm" in [path.name for path in find_inputs([export])]
    with pytest.raises(DicomError, match=r"c\.dcm: .*truncated"):
        read_dicom(export)


def test_nothing_found_is_said(tmp_path):
    with pytest.raises(DicomError, match="no DICOM sound in it"):
        read_dicom(tmp_path)
    with pytest.raises(DicomError, match=r"gone\.dcm: cannot be opened"):
        read_dicom(tmp_path / "gone.dcm")


# --- DICOMDIR --------------------------------------------------------------------------------------------------------


@pytest.fixture
def file_set(tmp_path):
    sounds = [make_audio(PatientID=key, study="1.2.3", series="1.2.3.4", number=n) for n, key in enumerate("ab")]
    return make_dicomdir(tmp_path / "media", sounds)


def changed(path, parts):
    """Write a DICOMDIR whose first file is called otherwise."""
    import pydicom

    directory = pydicom.dcmread(path)
    record = next(one for one in directory.DirectoryRecordSequence if "ReferencedFileID" in one)
    record.ReferencedFileID = parts
    pydicom.dcmwrite(path, directory)
    return path


def test_a_dicomdir_gives_what_it_lists(file_set):
    write(make_audio(PatientID="unlisted"), file_set.parent / "more.dcm")
    assert sorted(one.patient_key for one in read_dicom(file_set)) == ["a", "b"]
    assert {one.source.study_instance_uid for one in read_instances(file_set)} == {"1.2.3"}


def test_letters_may_differ_on_the_medium(file_set):
    for path in sorted(file_set.parent.rglob("*"), key=lambda one: -len(one.parts)):
        if path != file_set:
            path.rename(path.with_name(path.name.lower()))
    assert len(read_dicom(file_set)) == 2


def test_a_file_that_is_listed_and_not_there_is_named(file_set):
    with pytest.raises(DicomError, match=r"GONE.*cannot be opened"):
        read_dicom(changed(file_set, ["GONE"]))


@pytest.mark.parametrize(
    "parts",
    [
        ["..", "secret.dcm"],
        ["PT", "..", "..", "secret.dcm"],
        ["../secret.dcm"],
        ["/etc/passwd"],
        ["C:", "x"],
        ["a\\..\\b"],
    ],
)
def test_a_dicomdir_cannot_lead_outside(file_set, parts):
    write(make_audio(), file_set.parent.parent / "secret.dcm")
    with pytest.raises(
        DicomError, match=r"\(0004,1500\) Referenced File ID (names a place|leads) outside|cannot be opened"
    ):
        read_dicom(changed(file_set, parts))


def test_a_link_cannot_lead_outside(file_set):
    secret = write(make_audio(), file_set.parent.parent / "secret.dcm")
    (file_set.parent / "LINK").symlink_to(secret)
    with pytest.raises(DicomError, match="leads outside"):
        read_dicom(changed(file_set, ["LINK"]))


def test_a_dicomdir_without_its_files(file_set):
    with pytest.raises(DicomError, match="without the files beside it"):
        read_dicom(file_set.read_bytes())
    with pytest.raises(resp.RespError, match="DICOMDIR"):
        resp.load_recording(file_set)


def test_a_damaged_dicomdir(file_set):
    file_set.write_bytes(file_set.read_bytes()[:-50])
    with pytest.raises(DicomError, match=r"DICOMDIR: .*truncated"):
        read_dicom(file_set)


# --- ZIP -------------------------------------------------------------------------------------------------------------


def test_a_zip_gives_its_sounds(tmp_path):
    members = {
        "DICOM/IM1": as_bytes(make_audio(PatientID="a")),
        "DICOM/two.dcm": as_bytes(make_audio(PatientID="b")),
        "DICOM/image.dcm": as_bytes(make_audio(sop_class=CT)),
        "readme.txt": b"hello",
        "__MACOSX/._two.dcm": b"junk",
    }
    path = make_zip(tmp_path / "export.zip", members)
    found = read_dicom(path)
    assert [one.patient_key for one in found] == ["a", "b"]
    assert found[0].source == f"{path}/DICOM/IM1"
    assert [one.patient_key for one in read_dicom(path.read_bytes())] == ["a", "b"]


def test_members_can_be_opened_after_the_search(tmp_path):
    path = make_zip(tmp_path / "export.zip", {"a.dcm": as_bytes(make_audio())})
    (file,) = list(find_files(path))
    for _ in range(2):
        with file.open() as stream:
            assert stream.read(132)[128:] == b"DICM"


@pytest.mark.parametrize("name", ["../x.dcm", "a/../../x.dcm", "/x.dcm", "C:/x.dcm", "..\\x.dcm"])
def test_a_zip_that_names_places_outside_is_not_read(tmp_path, name):
    path = make_zip(tmp_path / "bad.zip", {"good.dcm": as_bytes(make_audio()), name: as_bytes(make_audio())})
    with pytest.raises(DicomError, match="names a place outside"):
        read_dicom(path)


def test_zip_bombs_are_bounded(tmp_path, monkeypatch):
    path = make_zip(tmp_path / "bomb.zip", {"a.dcm": as_bytes(make_audio()) + bytes(1 << 22)})
    assert path.stat().st_size < 1 << 17
    monkeypatch.setattr("resp.dicom.containers.MAX_MEMBER_BYTES", 1 << 20)
    with pytest.raises(DicomError, match="unpacks to more than 1 MiB"):
        read_dicom(path)
    monkeypatch.setattr("resp.dicom.containers.MAX_ARCHIVE_BYTES", 1 << 21)
    with pytest.raises(DicomError, match="the ZIP archive unpacks to"):
        read_dicom(path)
    monkeypatch.setattr("resp.dicom.containers.MAX_MEMBERS", 0)
    with pytest.raises(DicomError, match="1 members in the ZIP archive; at most 0"):
        read_dicom(path)


def test_a_zip_that_declares_less_than_it_holds(tmp_path):
    content = as_bytes(make_audio())
    path = make_zip(tmp_path / "liar.zip", {"a.dcm": content})
    raw = bytearray(path.read_bytes())
    listing = raw.rindex(b"PK\x01\x02")
    raw[listing + 24 : listing + 28] = struct.pack("<I", 2000)
    path.write_bytes(raw)
    with pytest.raises(DicomError, match=r"liar\.zip"):
        read_dicom(path)


def test_a_long_listing_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("resp.dicom.containers._MAX_LISTING_BYTES", 1000)
    path = make_zip(tmp_path / "many.zip", {f"{n}.txt": b"" for n in range(100)})
    with pytest.raises(DicomError, match="lists more than"):
        read_dicom(path)


@pytest.mark.parametrize("end", [4, 100, -10])
def test_a_truncated_zip(tmp_path, end):
    path = make_zip(tmp_path / "cut.zip", {"a.dcm": as_bytes(make_audio())})
    with pytest.raises(DicomError, match="ZIP archive is damaged"):
        read_dicom(path.read_bytes()[:end], name="cut.zip")


def test_a_damaged_member_is_named(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.dcm", as_bytes(make_audio()))
    raw = bytearray(buffer.getvalue())
    raw[3000] ^= 0xFF
    with pytest.raises(DicomError, match=r"damaged"):
        read_dicom(bytes(raw), name="x.zip")
