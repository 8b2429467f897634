"""No name, number or date of a patient is left in anything that is written: searched for in the bytes."""

import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

import judges
import makers
from resp.cli import main

# Latin letters, ideograms and phonetic form; each word is looked for in every encoding that it may hide in.
NAME = "Quorndorf^Xaveria^^Dr=夸恩多夫^薩維里雅"
SECRETS = (
    "Quorndorf",
    "Xaveria",
    "夸恩多夫",
    "HOSP-88412",
    "19440607",
    "Wexlhausen",
    "Krankenhaus Nebelau",
    "0171-555",
)
ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
META = {"SourceApplicationEntityTitle": "WEXLHAUSEN", "PrivateInformationCreatorUID": "1.2.3.4"}


def traces(content: bytes) -> list[str]:
    folded = content.lower()
    found = []
    for secret in SECRETS:
        for encoding in ENCODINGS:
            try:
                if secret.lower().encode(encoding) in folded:
                    found.append(f"{secret} ({encoding})")
            except UnicodeEncodeError:
                continue
    return found


def code(value, scheme, meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def talkative_sound(**more) -> Dataset:
    """A sound that says whose it is wherever an object can."""
    context = makers.body_site()
    note = Dataset()
    note.ValueType, note.TextValue = "TEXT", "Mrs Quorndorf coughs"
    note.ConceptNameCodeSequence = Items([code("121106", "DCM", "Comment")])
    context.append(note)
    data = makers.make_audio(
        PatientName=NAME,
        PatientID="HOSP-88412",
        PatientBirthDate="19440607",
        OtherPatientIDs=["HOSP-88412", "X"],
        PatientAddress="Wexlhausen 3",
        PatientTelephoneNumbers="0171-555",
        PatientComments="Xaveria is deaf",
        InstitutionName="Krankenhaus Nebelau",
        StationName="WEXLHAUSEN",
        SeriesDescription="Lunge Quorndorf",
        ManufacturerModelName="Ear of Xaveria",
        OperatorsName="Wexlhausen^Urs",
        AcquisitionContextSequence=context,
        **more,
    )
    group = data.WaveformSequence[0]
    group.MultiplexGroupLabel = "Quorndorf"
    group.ChannelDefinitionSequence[0].ChannelLabel = "Xaveria"
    group.ChannelDefinitionSequence[0].ChannelSourceSequence[0].CodeMeaning = "Audio of Quorndorf"
    group.WaveformData += b"Quorndorf "
    block = data.private_block(0x0019, "WEXLHAUSEN SOFT", create=True)
    block.add_new(1, "LO", "Quorndorf")
    deep = group.private_block(0x0021, "WEXLHAUSEN SOFT", create=True)
    deep.add_new(2, "UN", b"Quorndorf")
    data.add_new(0x60003000, "OW", b"Quorndorf ")
    data.add_new(0x50000005, "US", 1)
    data.add_new(0x50003000, "OW", b"Quorndorf ")
    data.add_new(0x00081301, "UN", b"Xaveria ")
    request = Dataset()
    request.RequestingPhysician = "Wexlhausen^Vera"
    request.RequestedProcedureDescription = "Auskultation Quorndorf"
    data.RequestAttributesSequence = Items([request])
    data.add_new(0x00080115, "UI", "1.2.3.19440607")
    for keyword, value in META.items():
        setattr(data.file_meta, keyword, value)
    data.file_meta.PrivateInformation = b"Quorndorf "
    return data


def report(source: Dataset) -> Dataset:
    """A small Comprehensive SR about a sound, with names where radiologists write them."""
    data = makers.make_audio(study=source.StudyInstanceUID, PatientName=NAME, PatientID="HOSP-88412")
    for keyword in ("WaveformSequence", "AcquisitionContextSequence", "AcquisitionDateTime"):
        delattr(data, keyword)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    data.Modality, data.ValueType, data.ContinuityOfContent = "SR", "CONTAINER", "SEPARATE"
    data.CompletionFlag, data.VerificationFlag = "COMPLETE", "VERIFIED"
    data.ReferencedPerformedProcedureStepSequence = data.PerformedProcedureCodeSequence = Items([])
    data.ConceptNameCodeSequence = Items([code("126000", "DCM", "Imaging Measurement Report")])
    signer = Dataset()
    signer.VerifyingObserverName, signer.VerifyingOrganization = "Wexlhausen^Urs", "Krankenhaus Nebelau"
    signer.VerificationDateTime, signer.VerifyingObserverIdentificationCodeSequence = "20240301120000", Items([])
    data.VerifyingObserverSequence = Items([signer])
    observer, words, algorithm, reference = Dataset(), Dataset(), Dataset(), Dataset()
    observer.RelationshipType, observer.ValueType, observer.PersonName = "HAS OBS CONTEXT", "PNAME", "Wexlhausen^Urs"
    observer.ConceptNameCodeSequence = Items([code("121008", "DCM", "Person Observer Name")])
    words.RelationshipType, words.ValueType = "CONTAINS", "TEXT"
    words.TextValue = "Dear colleague, her dog is called Bello"
    words.ConceptNameCodeSequence = Items([code("121106", "DCM", "Comment")])
    algorithm.RelationshipType, algorithm.ValueType, algorithm.TextValue = "CONTAINS", "TEXT", "lungs"
    algorithm.ConceptNameCodeSequence = Items([code("111001", "DCM", "Algorithm Name")])
    reference.RelationshipType, reference.ValueType = "CONTAINS", "COMPOSITE"
    reference.ConceptNameCodeSequence = Items([code("260753009", "SCT", "Source")])
    which = Dataset()
    which.ReferencedSOPClassUID, which.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    reference.ReferencedSOPSequence = Items([which])
    evidence, series = Dataset(), Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = source.SeriesInstanceUID, Items([which])
    evidence.StudyInstanceUID, evidence.ReferencedSeriesSequence = source.StudyInstanceUID, Items([series])
    data.CurrentRequestedProcedureEvidenceSequence = Items([evidence])
    data.ContentSequence = Items([observer, words, algorithm, reference])
    return data


def document(source: Dataset) -> Dataset:
    """An Encapsulated PDF; what is inside says a name."""
    data = makers.make_audio(study=source.StudyInstanceUID, PatientName=NAME, PatientID="HOSP-88412")
    for keyword in ("WaveformSequence", "AcquisitionContextSequence"):
        delattr(data, keyword)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    data.Modality, data.ConversionType, data.BurnedInAnnotation = "DOC", "WSD", "YES"
    data.DocumentTitle, data.ConceptNameCodeSequence = "Quorndorf", Items([])
    data.MIMETypeOfEncapsulatedDocument = "application/pdf"
    data.EncapsulatedDocument = b"%PDF-1.4 Quorndorf "
    data.EncapsulatedDocumentLength = 18
    return data


def talkative_wav() -> bytes:
    """A WAV with INFO, bext, id3, an unknown chunk, and bytes behind its end that say a name."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((np.round(makers.tone()[0] * 32767)).astype("<i2").tobytes())
    plain = stream.getvalue()[12:]
    info = b"INFOIART" + struct.pack("<I", 10) + b"Quorndorf\0"
    bext = b"Xaveria".ljust(602, b"\0")
    id3 = b"ID3\4\0\0\0\0\0\x20TPE1" + "Quorndorf".encode("utf-16-le").ljust(28, b"\0")
    chunks = b"".join(
        name + struct.pack("<I", len(body)) + body
        for name, body in ((b"LIST", info), (b"bext", bext), (b"id3 ", id3), (b"Quor", b"Wexlhausen"))
    )
    body = b"WAVE" + chunks[: len(chunks) // 2 * 2] + plain
    return b"RIFF" + struct.pack("<I", len(body)) + body + b"Quorndorf"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Everything that one run of the command writes, and what it says."""
    inputs = tmp_path_factory.mktemp("Quorndorf, Xaveria")
    out = tmp_path_factory.mktemp("out") / "given away"
    sound = talkative_sound()
    makers.write(sound, inputs / "Quorndorf_1.dcm")
    makers.write(report(sound), inputs / "Quorndorf_2.dcm")
    makers.write(document(sound), inputs / "Quorndorf_3.dcm")
    (inputs / "Quorndorf Xaveria 19440607.wav").write_bytes(talkative_wav())
    (inputs / "Quorndorf.txt").write_text("Quorndorf")
    (inputs / "Wexlhausen.dcm").write_bytes(makers.as_bytes(talkative_sound())[:700])
    list_file = out.parent / "changes.csv"
    said_out, said_err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", said_out)
        patch.setattr("sys.stderr", said_err)
        with pytest.raises(SystemExit) as ended:
            main(["dicom", "anonymise", str(inputs), "--out", str(out), "--no-speech", "--report", str(list_file)])
    return inputs, out, list_file, ended.value.code, said_out.getvalue() + said_err.getvalue()


def test_everything_was_taken_but_what_is_broken_or_neither(written):
    _, out, list_file, status, _ = written
    assert status == 1
    assert sorted(path.suffix for path in out.rglob("*.*")) == [".dcm", ".dcm", ".dcm", ".wav"]
    assert list_file.read_text().count("refused: ") == 2


def test_the_search_would_find_the_names(written):
    for file in written[0].iterdir():
        assert traces(file.read_bytes()), file


def test_no_file_holds_a_name(written):
    files = [path for path in written[1].rglob("*") if path.is_file()]
    assert files
    for file in files:
        assert traces(file.read_bytes()) == [], file
        assert b"Bello" not in file.read_bytes()


def test_no_path_report_or_message_holds_a_name(written):
    _, out, list_file, _, said = written
    assert [path for path in out.rglob("*") if traces(str(path.relative_to(out)).encode())] == []
    assert traces(list_file.read_bytes()) == []
    assert "of 6 files written" in said
    assert traces(said.replace(str(out), "").encode()) == []


def test_what_is_written_is_valid(written):
    judges.check_valid(sorted(written[1].rglob("*.dcm")))


def test_the_study_agrees_with_itself(written):
    judges.check_consistent(sorted(written[1].rglob("*.dcm")))


def test_dcmtk_reads_report_and_poppler_the_document(written, tmp_path):
    import pydicom

    objects = {pydicom.dcmread(file).Modality: file for file in written[1].rglob("*.dcm")}
    assert "lungs" in judges.dsrdump(objects["SR"])
    pdf = tmp_path / "document.pdf"
    pdf.write_bytes(pydicom.dcmread(objects["DOC"]).EncapsulatedDocument)
    assert "removed" in judges.pdf_text(pdf)


def test_preamble_is_zero(tmp_path):
    file = tmp_path / "in" / "sound.dcm"
    makers.write(makers.make_audio(), file)
    content = file.read_bytes()
    file.write_bytes(b"Quorndorf".ljust(128, b" ") + content[128:])
    main_quietly(file, tmp_path / "out")
    (made,) = (tmp_path / "out").rglob("*.dcm")
    assert made.read_bytes()[:128] == bytes(128)


def main_quietly(path: Path, out: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dicom", "anonymise", str(path), "--out", str(out), "--no-speech", "--quiet"])
    assert ended.value.code == 0
