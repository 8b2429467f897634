"""Samples of DICOM sound: every way of storing them, in every transfer syntax, and their padding."""

import io

import numpy as np
import pydicom
import pytest

import makers
from makers import Group, as_bytes, make_audio, sound_of, stored_of, tone
from one_recording import RATE_HZ, SYNTAXES, made, only
from resp.dicom import DicomError, read_dicom


def in_syntax(data, syntax):
    data.file_meta.TransferSyntaxUID = SYNTAXES[syntax]
    return as_bytes(data)


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
