"""DICOM sound becomes recordings: every way of storing samples, what they say of themselves, what is refused."""

import io
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import numpy as np
import pydicom
import pytest

import makers
import resp
from makers import Group, as_bytes, make_audio, sound_of, stored_of, tone
from resp.audio import AudioError, Limits
from resp.dicom import DicomError, read_dicom, read_instance, read_instances

RATE_HZ = 8000
SYNTAXES = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": "1.2.840.10008.1.2.1",
    "deflated": "1.2.840.10008.1.2.1.99",
}


def only(content, **options):
    (recording,) = read_dicom(content, **options)
    return recording


def made(interpretation="SS", channels=1, **group):
    return make_audio(
        Group(stored_of(tone(RATE_HZ, channels=channels), interpretation), RATE_HZ, interpretation, **group)
    )


def in_syntax(data, syntax):
    data.file_meta.TransferSyntaxUID = SYNTAXES[syntax]
    return as_bytes(data)


# --- samples ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("interpretation", makers.EVERY_INTERPRETATION)
def test_every_interpretation_gives_its_sound(interpretation, channels, syntax):
    stored = stored_of(tone(RATE_HZ, 0.2, channels=channels), interpretation)[:, :-1]
    recording = only(in_syntax(make_audio(Group(stored, RATE_HZ, interpretation)), syntax))
    assert recording.rate_hz == RATE_HZ
    np.testing.assert_array_equal(recording.samples, sound_of(stored, interpretation).astype(np.float32))


@pytest.mark.parametrize("interpretation", ["SB", "UB", "SS", "US", "SL", "UL"])
def test_the_ends_of_the_range_and_silence(interpretation):
    bits, kind = makers.LINEAR[interpretation]
    low = 0 if kind == "unsigned" else -(1 << bits - 1)
    stored = np.tile([low, low + (1 << bits - 1), low + (1 << bits) - 1], 1000)
    samples = only(as_bytes(make_audio(Group(stored, RATE_HZ, interpretation)))).samples[0]
    np.testing.assert_allclose(samples[:3], [-1, 0, 1 - 2.0 ** (1 - bits)], atol=1e-7)


@pytest.mark.parametrize(("interpretation", "kind"), [("SL", "signed"), ("UL", "unsigned"), ("SS", "signed")])
@pytest.mark.parametrize("channels", [1, 3])
def test_three_bytes_a_sample(interpretation, kind, channels):
    sound = np.round(tone(RATE_HZ, 0.2, channels=channels)[:, :-1] * 2**23).astype(np.int64)
    sound[:, :2] = [-(2**23), 2**23 - 1]
    stored = sound if kind == "signed" else sound + 2**23
    packed = b"".join(int(one & 0xFFFFFF).to_bytes(3, "little") for one in stored.T.ravel())
    data = made(channels=channels)
    group = data.WaveformSequence[0]
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 24, interpretation
    group.NumberOfWaveformSamples = sound.shape[1]
    group.WaveformData = packed + b"\0" * (len(packed) % 2)
    for channel in group.ChannelDefinitionSequence:
        channel.WaveformBitsStored = 24
    np.testing.assert_array_equal(only(as_bytes(data)).samples, (sound / 2**23).astype(np.float32))


@pytest.mark.parametrize(("interpretation", "bits"), [("SS", 12), ("US", 12), ("SL", 24), ("UL", 24)])
def test_fewer_bits_stored_than_allocated(interpretation, bits):
    sound = np.round(tone(RATE_HZ) * 2 ** (bits - 1))
    stored = sound + (2 ** (bits - 1) if interpretation[0] == "U" else 0)
    recording = only(as_bytes(make_audio(Group(stored, RATE_HZ, interpretation, bits_stored=bits))))
    np.testing.assert_array_equal(recording.samples, (sound / 2 ** (bits - 1)).astype(np.float32))


@pytest.mark.parametrize(
    ("interpretation", "vr", "swapped"),
    [("SS", "OW", True), ("US", "OW", True), ("UB", "OB", False), ("UB", "OW", True), ("MB", "OB", False)],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_big_endian(interpretation, vr, swapped, channels):
    stored = stored_of(tone(RATE_HZ, 0.2, channels=channels)[:, :-1], interpretation)
    data = make_audio(Group(stored, RATE_HZ, interpretation))
    group = data.WaveformSequence[0]
    held = group.WaveformData
    del group.WaveformData
    words = np.frombuffer(held, "<u2").byteswap().tobytes() if swapped else held
    group.add_new(0x54001010, vr, words)
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.2"
    recording = only(as_bytes(data))
    np.testing.assert_array_equal(recording.samples, sound_of(stored, interpretation).astype(np.float32))


def test_big_endian_of_many_bits_is_refused_as_it_has_two_readings():
    data = made("SL")
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.2"
    with pytest.raises(DicomError, match="two readings"):
        read_dicom(as_bytes(data))


def test_blocks_are_put_together_in_order(monkeypatch):
    monkeypatch.setattr("resp.dicom.samples._BLOCK_BYTES", 100)
    stored = stored_of(tone(RATE_HZ, 0.2, channels=3), "SS")
    np.testing.assert_array_equal(only(as_bytes(make_audio(Group(stored)))).samples, stored.astype(np.float32) / 32768)


def test_what_is_read_is_what_pydicom_reads():
    data = pydicom.dcmread(io.BytesIO(as_bytes(made(channels=2))))
    np.testing.assert_array_equal(only(as_bytes(data)).samples, data.waveform_array(0).T.astype(np.float32) / 32768)


# --- channels --------------------------------------------------------------------------------------------------------


def test_a_sensitivity_that_all_channels_share_changes_nothing():
    plain, scaled = (only(as_bytes(made(channels=2, sensitivity=s))) for s in (None, 0.003))
    np.testing.assert_array_equal(scaled.samples, plain.samples)
    assert scaled.notes == ()


def test_channels_keep_their_proportion():
    data = made(channels=2, sensitivity=0.5)
    first, second = data.WaveformSequence[0].ChannelDefinitionSequence
    second.ChannelSensitivityCorrectionFactor = "0.25"
    plain, scaled = only(as_bytes(made(channels=2))).samples, only(as_bytes(data)).samples
    np.testing.assert_array_equal(scaled[0], plain[0])
    np.testing.assert_array_equal(scaled[1], plain[1] / 4)
    first.ChannelSensitivityUnitsSequence[0].CodeValue = "mV"
    other = only(as_bytes(data))
    np.testing.assert_array_equal(other.samples, plain)
    assert "different units" in other.notes[0]


def test_a_share_of_full_scale_is_taken_as_it_is():
    data = made(sensitivity=2**-17)
    data.WaveformSequence[0].ChannelDefinitionSequence[0].ChannelSensitivityUnitsSequence[0].CodeValue = "{full_scale}"
    stated = float(data.WaveformSequence[0].ChannelDefinitionSequence[0].ChannelSensitivity)
    stored = stored_of(tone(RATE_HZ), "SS")
    np.testing.assert_allclose(only(as_bytes(data)).samples, stored * stated, rtol=1e-6)


def test_the_baseline_says_which_number_is_silence():
    stored = stored_of(tone(RATE_HZ) / 2, "SS") + 1000
    recording = only(as_bytes(make_audio(Group(stored, sensitivity=0.5, baseline=-500.0))))
    np.testing.assert_allclose(recording.samples, (stored - 1000) / 32768, atol=1e-7)
    far = only(as_bytes(make_audio(Group(stored, sensitivity=0.5, baseline=-1e6))))
    np.testing.assert_allclose(far.samples, stored / 32768, atol=1e-7)
    assert "baseline of channel 1" in far.notes[0]


def test_the_baseline_of_unsigned_numbers_stands_for_half_of_the_range():
    stored = stored_of(tone(RATE_HZ), "US")
    for baseline in (0.0, -32768.0):
        recording = only(as_bytes(make_audio(Group(stored, interpretation="US", sensitivity=1.0, baseline=baseline))))
        np.testing.assert_allclose(recording.samples, sound_of(stored, "US"), atol=1e-7)


def test_what_the_channels_say_is_kept():
    channel = read_instance(as_bytes(made(sensitivity=0.5, correction=3.0, baseline=0.25))).source.channels[0]
    assert (channel.label, channel.sensitivity, channel.unit, channel.baseline) == ("channel 1", 1.5, "Pa", 0.25)


# --- padding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("interpretation", "padding"), [("SS", -32768), ("UB", 255), ("US", 0)])
def test_a_padded_end_is_cut_and_padding_within_is_silent(interpretation, padding):
    stored = stored_of(tone(RATE_HZ), interpretation)
    sound = sound_of(stored, interpretation)
    stored[:, 100:110], sound[:, 100:110] = padding, 0
    stored[:, -500:] = padding
    data = make_audio(Group(stored, RATE_HZ, interpretation))
    bits, kind = makers.LINEAR[interpretation]
    raw = int(padding).to_bytes(bits // 8, "little", signed=kind == "signed")
    data.WaveformSequence[0].add_new(0x5400100A, "OB" if bits == 8 else "OW", raw + b"\0" * (len(raw) % 2))
    recording = only(as_bytes(data))
    np.testing.assert_array_equal(recording.samples, sound[:, :-500].astype(np.float32))
    assert recording.notes == (
        "500 padded samples at the end were cut off",
        "10 padded samples within the sound were made silent",
    )


def test_silence_is_not_taken_for_padding():
    stored = stored_of(tone(RATE_HZ), "SS")
    stored[:, -500:] = 0
    data = make_audio(Group(stored))
    data.WaveformSequence[0].add_new(0x5400100A, "OW", b"\0\0")
    recording = only(as_bytes(data))
    assert recording.samples.shape == stored.shape
    assert recording.notes == ()


def test_nothing_but_padding_is_no_sound():
    data = make_audio(Group(np.full(4000, -32768)))
    data.WaveformSequence[0].add_new(0x5400100A, "OW", b"\x00\x80")
    with pytest.raises(DicomError, match=r"\(5400,100A\) Waveform Padding Value is all that it holds"):
        read_dicom(as_bytes(data))


# --- groups ----------------------------------------------------------------------------------------------------------


def test_every_multiplex_group_is_a_recording():
    groups = [Group(stored_of(tone(8000), "SS"), 8000), Group(stored_of(tone(11025, channels=2), "UB"), 11025, "UB")]
    content = as_bytes(make_audio(groups))
    first, second = read_dicom(content, name="two.dcm")
    assert (first.rate_hz, first.channels, first.source) == (8000, 1, "two.dcm")
    assert (second.rate_hz, second.channels, second.source) == (11025, 2, "two.dcm#2")
    np.testing.assert_array_equal(second.samples, sound_of(groups[1].stored, "UB"))
    source = read_instance(content, group=2).source
    assert (source.group, source.groups) == (2, 2)
    loaded = resp.load_recording(content)
    np.testing.assert_array_equal(loaded.samples, first.samples)
    assert "first of 2 multiplex groups" in loaded.notes[0]
    with pytest.raises(DicomError, match="multiplex group 3; expected 1 to 2"):
        read_instance(content, group=3)


# --- what is known ---------------------------------------------------------------------------------------------------


def test_patient_device_start_and_checksum():
    content = as_bytes(make_audio(TimezoneOffsetFromUTC="+0130"))
    recording = only(content, name="a.dcm")
    assert recording.patient_key == makers.PATIENT_ID
    assert recording.device == "Stethoscope works Ear 3"
    assert recording.started_at == datetime(2024, 2, 29, 10, 15, tzinfo=timezone(timedelta(minutes=90)))
    assert recording.sha256 == sha256(content).hexdigest()
    assert recording.source == "a.dcm"
    assert not recording.synthetic


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"AcquisitionDateTime": "20240229101530.25+0000"}, datetime(2024, 2, 29, 10, 15, 30, 250_000, UTC)),
        ({"AcquisitionDateTime": None}, datetime(2024, 2, 29, 10, 15)),
        ({"AcquisitionDateTime": "20240229"}, datetime(2024, 2, 29, 10, 15)),
        ({"AcquisitionDateTime": None, "ContentTime": None}, None),
    ],
)
def test_the_start_is_looked_for_where_it_may_stand(elements, expected):
    assert only(as_bytes(make_audio(**elements))).started_at == expected


def test_the_start_of_a_group_is_that_of_the_group():
    data = make_audio()
    data.WaveformSequence[0].MultiplexGroupTimeOffset = "2500"
    assert only(as_bytes(data)).started_at == datetime(2024, 2, 29, 10, 15, 2, 500_000)


@pytest.mark.parametrize(
    ("maker", "model", "device"),
    [
        ("3M", "Littmann 3200", "Litt3200"),
        ("3M Littmann", "Electronic Stethoscope 3200", "Litt3200"),
        ("Welch Allyn", "Meditron Master Elite", "Meditron"),
        ("AKG", "C 417 L", "AKGC417L"),
        ("Eko", "Eko CORE", "Eko CORE"),
        (None, "Litt3200", "Litt3200"),
    ],
)
def test_stethoscopes_that_models_know_get_their_names(maker, model, device):
    assert only(as_bytes(make_audio(Manufacturer=maker, ManufacturerModelName=model))).device == device


def test_a_rate_that_is_no_whole_number_is_rounded_and_told():
    recording = only(as_bytes(make_audio(Group(stored_of(tone(8000), "SS"), 8000.4))))
    assert recording.rate_hz == 8000
    assert "8000.4 Hz" in recording.notes[0]


def test_dictation_is_read_with_a_note():
    recording = only(
        as_bytes(make_audio(Group(stored_of(tone(), "MB"), interpretation="MB"), sop_class=makers.BASIC_VOICE))
    )
    assert "Basic Voice Audio" in recording.notes[0]


def test_the_source_has_what_an_answer_needs():
    data = make_audio(AccessionNumber=None)
    data.add_new(0x00081030, "LO", "Ausküpfen")
    source = read_instance(as_bytes(data), name="a.dcm").source
    assert source.sop_class_uid == makers.GENERAL_AUDIO
    assert source.sop_instance_uid == data.SOPInstanceUID
    assert source.series_instance_uid == data.SeriesInstanceUID
    assert source.study_instance_uid == data.StudyInstanceUID
    assert source.transfer_syntax_uid == SYNTAXES["explicit"]
    assert "WaveformData" not in source.header.WaveformSequence[0] or not source.header.WaveformSequence[0].WaveformData
    told = source.patient_and_study()
    assert str(told.PatientName) == makers.PATIENT_NAME
    assert (told.AccessionNumber, told.StudyDescription) == ("", "Ausküpfen")
    assert "SOPInstanceUID" not in told
    told.PatientName = "changed"
    assert str(source.header.PatientName) == makers.PATIENT_NAME


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sop_class", "words"),
    [
        (makers.RESPIRATORY, "Respiratory Waveform Storage .* a signal of breathing"),
        (makers.MULTI_CHANNEL_RESPIRATORY, "Multi-channel Respiratory .* a signal of breathing"),
        (makers.TWELVE_LEAD_ECG, "12-lead ECG Waveform Storage .* a signal of another kind"),
        ("1.2.840.10008.5.1.4.1.1.2", "CT Image Storage .* an image"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "Comprehensive SR Storage .* a structured report"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "Encapsulated PDF Storage .* a document"),
        ("1.2.3.4.5", r"1\.2\.3\.4\.5 is an object of a kind that is not known"),
    ],
)
def test_what_is_no_sound_is_refused_by_what_it_is(sop_class, words):
    content = as_bytes(make_audio(sop_class=sop_class))
    with pytest.raises(DicomError, match=f"x.dcm: {words}.*General Audio Waveform"):
        read_dicom(content, name="x.dcm")
    with pytest.raises(AudioError, match=words):
        resp.load_recording(content)


NEEDED = [
    ("NumberOfWaveformChannels", r"\(003A,0005\) Number of Waveform Channels"),
    ("NumberOfWaveformSamples", r"\(003A,0010\) Number of Waveform Samples"),
    ("SamplingFrequency", r"\(003A,001A\) Sampling Frequency"),
    ("WaveformBitsAllocated", r"\(5400,1004\) Waveform Bits Allocated"),
    ("WaveformSampleInterpretation", r"\(5400,1006\) Waveform Sample Interpretation"),
]


@pytest.mark.parametrize("empty", [True, False])
@pytest.mark.parametrize(("keyword", "told"), NEEDED)
def test_a_missing_element_is_named_with_its_group(keyword, told, empty):
    data = make_audio([Group(stored_of(tone(), "SS"))] * 2)
    if empty:
        data.WaveformSequence[1][keyword].value = None
    else:
        delattr(data.WaveformSequence[1], keyword)
    with pytest.raises(DicomError, match=f"multiplex group 2: {told} is missing"):
        read_dicom(as_bytes(data))


def test_missing_samples_and_sequences_are_named():
    data = make_audio()
    del data.WaveformSequence[0].WaveformData
    with pytest.raises(DicomError, match=r"group 1: \(5400,1010\) Waveform Data is missing"):
        read_dicom(as_bytes(data))
    del data.WaveformSequence
    with pytest.raises(DicomError, match=r"\(5400,0100\) Waveform Sequence is missing"):
        read_dicom(as_bytes(data))


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"])
def test_an_object_without_identity_is_refused(keyword):
    data = make_audio()
    data[keyword].value = ""
    with pytest.raises(DicomError, match=r"\(00(08|20),00\w\w\) \w+ Instance UID is missing"):
        read_dicom(as_bytes(data, preamble=False))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"WaveformBitsAllocated": 16, "WaveformSampleInterpretation": "SB"},
            r"\(5400,1004\).* is 16 .*SB; expected 8",
        ),
        ({"WaveformBitsAllocated": 12}, r"\(5400,1004\).* is 12 with .*SS; expected 16 or 24"),
        ({"WaveformSampleInterpretation": "XX"}, r"\(5400,1006\).*'XX'; expected one of SB, UB"),
        ({"NumberOfWaveformSamples": 4001}, r"\(5400,1010\) Waveform Data holds 8000 bytes; 8002 are declared"),
        ({"NumberOfWaveformChannels": 2}, r"\(5400,1010\).* truncated"),
        ({"NumberOfWaveformSamples": 0}, r"\(003A,0010\).* is 0; expected a whole number of at least 1"),
        ({"NumberOfWaveformSamples": 0xFFFFFFFF}, "declares 536870.9 s of sound"),
        ({"NumberOfWaveformChannels": 60000}, "60000 channels; expected 1 to 16"),
        ({"SamplingFrequency": "100"}, "a sampling rate of 100 Hz; expected 4000"),
        ({"SamplingFrequency": "0"}, r"\(003A,001A\) Sampling Frequency is 0 Hz"),
        ({"SamplingFrequency": "1e300"}, r"\(003A,001A\) Sampling Frequency is 1e\+300 Hz"),
    ],
)
def test_odd_values_are_named(changes, told):
    data = make_audio()
    for keyword, value in changes.items():
        setattr(data.WaveformSequence[0], keyword, value)
    with pytest.raises(DicomError, match=f"multiplex group 1: .*{told}"):
        read_dicom(as_bytes(data))


def test_as_many_definitions_as_channels():
    data = made(channels=2)
    del data.WaveformSequence[0].ChannelDefinitionSequence[1]
    with pytest.raises(DicomError, match=r"\(003A,0200\) Channel Definition Sequence has 1 items for 2 channels"):
        read_dicom(as_bytes(data))
    data.WaveformSequence[0].ChannelDefinitionSequence = []
    assert only(as_bytes(data)).channels == 2


def test_more_bits_stored_than_allocated():
    with pytest.raises(DicomError, match=r"\(003A,021A\) Waveform Bits Stored is 24 of 16 allocated"):
        read_dicom(as_bytes(made(bits_stored=24)))


def test_bytes_behind_the_samples_are_told():
    data = made()
    data.WaveformSequence[0].NumberOfWaveformSamples = 3000
    recording = only(as_bytes(data))
    assert recording.samples.shape == (1, 3000)
    assert "2000 bytes behind" in recording.notes[0]


def test_limits_are_judged_before_anything_is_decoded(monkeypatch):
    monkeypatch.setattr("resp.dicom.read.decode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(DicomError, match=r"declares 0.5 s of sound; at most 0.2 s"):
        read_dicom(as_bytes(made()), limits=Limits(max_duration_s=0.2, min_duration_s=0.1))


def test_one_instance_is_not_several(tmp_path):
    for number in range(2):
        makers.write(make_audio(number=number), tmp_path / f"{number}.dcm")
    assert len(read_instances(tmp_path)) == 2
    with pytest.raises(DicomError, match="one of several instances"):
        read_instance(tmp_path)
