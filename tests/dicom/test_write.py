import io
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pydicom
import pytest

import judges
from resp.audio import Recording
from resp.cli import main
from resp.dicom import DicomError, read_dicom
from resp.dicom.body_sites import site_codes
from resp.dicom.write import HIGHEST_RATE_HZ, Whose, to_16_bits, waveform_bytes, write_waveform

STARTED = datetime(2024, 2, 29, 10, 15, 30, 250000, tzinfo=timezone(timedelta(hours=2)))


def stored(channels=1, samples=4000, seed=0):
    return np.random.default_rng(seed).integers(-32768, 32768, (channels, samples))


def recording(channels=1, rate_hz=4000, **known):
    return Recording(stored(channels, rate_hz) / 32768, rate_hz, **known)


def raw(data):
    group = data.WaveformSequence[0]
    return np.frombuffer(group.WaveformData, "<i2").reshape(-1, group.NumberOfWaveformChannels).T


@pytest.mark.parametrize("rate_hz", [4000, 8000, 11025, 44100])
@pytest.mark.parametrize("channels", [1, 2])
def test_sixteen_bits_go_in_and_come_out_bit_for_bit(rate_hz, channels):
    given = recording(channels, rate_hz)
    data = write_waveform(given)
    assert np.array_equal(raw(data), np.round(given.samples * 32768))
    (back,) = read_dicom(waveform_bytes(given))
    assert np.array_equal(back.samples, given.samples)
    assert (back.rate_hz, back.channels, back.notes) == (rate_hz, channels, ())


def test_another_reader_gets_the_same_amplitudes_from_the_sensitivity():
    given = recording(2)
    back = pydicom.dcmread(io.BytesIO(waveform_bytes(given))).waveform_array(0)
    assert np.array_equal(back.T, given.samples.astype(np.float64))


@pytest.mark.parametrize("loudest", [1e-4, 0.7, 1.0, 12.5])
def test_floats_keep_their_level_to_half_a_step_of_their_loudest(loudest):
    samples = np.random.default_rng(1).uniform(-1, 1, 4000)
    given = Recording(samples / np.abs(samples).max() * loudest, 4000)
    (back,) = read_dicom(waveform_bytes(given))
    assert np.abs(back.samples - given.samples).max() <= 0.51 * loudest / 32767
    assert write_waveform(given).WaveformSequence[0].WaveformOriginality == "DERIVED"


def test_silence_is_silence():
    numbers, step = to_16_bits(np.zeros((1, 5), np.float32))
    assert not numbers.any()
    assert float(step) == 2**-15


def test_what_is_known_comes_back():
    known = {"body_site": "posterior left lower", "device": "Litt3200", "patient_key": "icbhi-101"}
    (back,) = read_dicom(waveform_bytes(recording(**known, started_at=STARTED)))
    assert {name: getattr(back, name) for name in known} == known
    assert back.started_at == STARTED


def test_body_site_and_laterality_are_codes_of_snomed_ct():
    coded = {concept.meaning: (value.value, value.scheme) for concept, value in site_codes("posterior right upper")}
    assert coded == {
        "Finding Site": ("281392002", "SCT"),
        "Laterality": ("24028007", "SCT"),
        "Topographical modifier": ("255551008", "SCT"),
    }
    assert [value.value for _, value in site_codes("trachea")] == ["44567001"]
    assert site_codes("elsewhere") == ()


def test_without_a_body_site_there_is_none():
    (back,) = read_dicom(waveform_bytes(recording()))
    assert back.body_site is None


def test_a_rate_beyond_the_class_is_brought_down_to_it():
    time_s = np.arange(48000) / 48000
    given = Recording(0.5 * np.sin(2 * np.pi * 440 * time_s), 48000)
    (back,) = read_dicom(waveform_bytes(given))
    assert back.rate_hz == HIGHEST_RATE_HZ
    assert back.duration_s == pytest.approx(1, abs=1e-3)
    middle = back.samples[0, 4410:-4410]
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(back.samples.shape[1]) / HIGHEST_RATE_HZ)[4410:-4410]
    assert np.abs(middle - expected).max() < 1e-3


def test_more_channels_than_two_become_groups_of_one_scale():
    given = Recording(np.random.default_rng(2).normal(size=(3, 4000)), 4000)
    pair, single = read_dicom(waveform_bytes(given))
    assert (pair.channels, single.channels) == (2, 1)
    assert np.abs(np.concatenate([pair.samples, single.samples]) - given.samples).max() < 1e-3


@pytest.mark.parametrize(
    "given",
    [
        recording(),
        recording(2, 44100, body_site="trachea", device="Meditron", patient_key="kauh-1", started_at=STARTED),
        Recording(np.random.default_rng(3).normal(size=(3, 4801)), 48000, body_site="anterior left", synthetic=True),
    ],
    ids=["bare", "known", "three channels of floats"],
)
def test_dciodvfy_finds_no_error_and_dcmdump_reads_it(given, tmp_path):
    file = tmp_path / "a.dcm"
    whose = Whose(patient_name="Müller^Jörg", birth_date="1960-01-02", sex="M", accession_number="A-1", study_id="S")
    file.write_bytes(waveform_bytes(given, whose))
    judges.check_valid(file)
    shown = judges.dcmdump(file)
    assert "GeneralAudioWaveformStorage" in shown
    assert "Müller^Jörg" in shown


def test_recordings_of_one_study_agree_on_it(tmp_path):
    whose = Whose(patient_id="7", study_uid="1.2.3.4", study_id="S", study_date="2024-02-29", study_time="101500")
    files = []
    for number in (1, 2):
        files.append(tmp_path / f"{number}.dcm")
        data = write_waveform(recording(), whose, instance_number=number)
        data.save_as(files[-1], enforce_file_format=True)
    judges.check_consistent(files)
    first, second = map(pydicom.dcmread, files)
    assert first.StudyInstanceUID == second.StudyInstanceUID == "1.2.3.4"
    assert first.SeriesInstanceUID == second.SeriesInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID


def test_a_study_that_is_there_already_gets_no_date_that_was_not_told():
    data = write_waveform(recording(started_at=STARTED), Whose(study_uid="1.2.3"), now=datetime(2030, 1, 1, tzinfo=UTC))
    assert (data.StudyDate, data.StudyTime) == ("", "")
    assert data.ContentDate == "20240229"


@pytest.mark.parametrize(
    ("whose", "words"),
    [
        (Whose(sex="male"), "expected M, F, O"),
        (Whose(birth_date="02.01.1960"), "expected YYYYMMDD"),
        (Whose(study_uid="no uid"), "expected digits and dots"),
        (Whose(patient_id="a\\b"), "backslash"),
        (Whose(patient_id="x" * 65), "at most 64"),
    ],
)
def test_what_dicom_cannot_hold_is_refused(whose, words):
    with pytest.raises(DicomError, match=words):
        write_waveform(recording(), whose)


def test_the_command_writes_a_file_that_resp_reads(tmp_path, capsys):
    from resp.audio import write_wav

    given = recording(rate_hz=8000)
    write_wav(given, tmp_path / "101_1b1_Al_sc_Meditron.wav")
    out = tmp_path / "out.dcm"
    with pytest.raises(SystemExit) as ended:
        main(["dicom", "write", str(tmp_path / "101_1b1_Al_sc_Meditron.wav"), "--out", str(out), "--patient-id", "77"])
    assert not ended.value.code
    assert "time of writing" in capsys.readouterr().err
    (back,) = read_dicom(out)
    assert np.array_equal(back.samples, given.samples)
    assert (back.patient_key, back.body_site, back.device) == ("77", "anterior left", "Meditron")
