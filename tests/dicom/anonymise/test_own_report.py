"""A report of resp is still one after its sound was made anonymous: read back equal, but for whose it was."""

import io
from datetime import datetime

import pydicom
import pytest

import judges
import makers
from resp.dicom import read_instance
from resp.dicom.anonymise import Ledger, Pseudonyms, anonymise_dataset
from resp.score.schema import RecordingIdentity, Report, Segment, Summary

pytest.importorskip("highdicom")

KEY = bytes(range(32))


def scored() -> Report:
    return Report(
        status="scored",
        recording=RecordingIdentity(
            file="Quorndorf.dcm",
            sha256="ab" * 32,
            duration_s=0.5,
            rate_hz=8000,
            channels=1,
            patient_key="HOSP-88412",
            started_at=datetime(2024, 2, 29, 10, 15),
        ),
        segments=(
            Segment(
                kind="window", start_s=0, end_s=0.5, probabilities={"normal": 0.25, "crackle": 0.75}, label="crackle"
            ),
        ),
        summary=Summary(
            label="crackle",
            probabilities={"normal": 0.25, "crackle": 0.75},
            p_abnormal=0.75,
            segment_counts={"crackle": 1},
        ),
        warnings=("Quorndorf.dcm: shorter than what the model learned from",),
    )


def test_it_reads_back_without_whose_it_was(tmp_path):
    from resp.dicom.answer.reading import read_sr
    from resp.dicom.answer.sr import make_sr

    sound = makers.make_audio(PatientName="Quorndorf^Xaveria", PatientID="HOSP-88412")
    given = make_sr(scored(), read_instance(makers.as_bytes(sound)).source)
    cleaned = anonymise_dataset(given, Pseudonyms(KEY), dates="remove", ledger=Ledger())
    file = makers.write(with_meta(cleaned), tmp_path / "report.dcm")
    for word in (b"Quorndorf", b"HOSP-88412", b"ab" * 32, b"20240229", b"2024-02-29"):
        assert word not in file.read_bytes()
    read = read_sr(pydicom.dcmread(io.BytesIO(file.read_bytes())))
    unnamed = RecordingIdentity(file="anonymised", duration_s=0.5, rate_hz=8000, channels=1)
    warning = "anonymised: shorter than what the model learned from"
    assert read.report == scored().model_copy(update={"recording": unnamed, "warnings": (warning,)})
    assert read.waveform.sop_instance_uid == Pseudonyms(KEY).uid(sound.SOPInstanceUID)
    judges.check_valid(file)
    assert "crackle" in judges.dsrdump(file).lower()


def with_meta(data):
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    return data
