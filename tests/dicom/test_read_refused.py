"""What is no DICOM sound, or says odd things of itself, is refused by the element that is at fault."""

import pytest

import makers
import resp
from makers import Group, as_bytes, make_audio, stored_of, tone
from one_recording import made, only
from resp.audio import AudioError, Limits
from resp.dicom import DicomError, read_dicom, read_instance, read_instances


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
