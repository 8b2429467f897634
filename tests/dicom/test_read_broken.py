"""Broken files: one clear error, quickly, whatever a file says of its own size."""

import contextlib
import struct
import time
import tracemalloc

import numpy as np
import pytest

import makers
import resp
from makers import Group, as_bytes, make_audio, stored_of, tone
from resp.audio import AudioError
from resp.dicom import DicomError, read_dicom
from resp.dicom.structure import MAX_DEPTH

WAVEFORM_SEQUENCE = b"\x00\x54\x00\x01"
WAVEFORM_DATA = b"\x00\x54\x10\x10"


@pytest.fixture(scope="module")
def whole() -> bytes:
    return as_bytes(make_audio(Group(stored_of(tone(), "SS"), sensitivity=1.0)))


def nested(depth: int, *, defined: bool = False) -> bytes:
    """(0040,0555) Acquisition Context Sequence with Content Sequences within each other, explicit little endian."""
    if defined:
        inner = b""
        for _ in range(depth):
            item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
            inner = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, len(item)) + item
        return inner
    opening = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    closing = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return opening * depth + closing * depth


def quickly_refused(content: bytes, match: str) -> None:
    before = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(DicomError, match=match):
            read_dicom(content, name="broken.dcm")
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert time.process_time() - before < 5


def test_a_file_cut_anywhere_is_refused(whole):
    for end in {*range(0, 400, 7), *range(400, len(whole) - 1, 211), len(whole) - 1, len(whole) - 2}:
        with pytest.raises(DicomError, match=r"^broken.dcm: "):
            read_dicom(whole[:end], name="broken.dcm")


@pytest.mark.parametrize("length", [0xFFFFFFF0, 0x7FFFFFFF, 100_000])
@pytest.mark.parametrize("tag", [WAVEFORM_SEQUENCE, WAVEFORM_DATA])
def test_a_length_beyond_the_file_is_not_believed(whole, tag, length):
    at = whole.index(tag) + 8
    content = whole[:at] + struct.pack("<I", length) + whole[at + 4 :]
    quickly_refused(content, "declares [0-9]+ bytes")


def test_samples_without_a_length_are_refused(whole):
    at = whole.index(WAVEFORM_DATA) + 8
    quickly_refused(whole[:at] + b"\xff" * 4 + whole[at + 4 :], "broken.dcm")


@pytest.mark.parametrize("vr", [b"ZZ", b"\x00\x01", b"ow", b"SQ", b"US", b"PN"])
def test_a_wrong_value_representation(whole, vr):
    at = whole.index(WAVEFORM_DATA) + 4
    quickly_refused(whole[:at] + vr + whole[at + 2 :], "broken.dcm")


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        ("SamplingFrequency", "LO", "fast"),
        ("SamplingFrequency", "OB", b"\xff\xfe\xfd\xfc"),
        ("NumberOfWaveformSamples", "FD", float("nan")),
        ("NumberOfWaveformSamples", "FD", float("inf")),
        ("WaveformBitsAllocated", "LO", "16\\16"),
        ("ChannelDefinitionSequence", "LO", "none"),
    ],
)
def test_a_value_of_another_kind_is_named(tag, vr, value):
    from pydicom.datadict import tag_for_keyword

    data = make_audio()
    group = data.WaveformSequence[0]
    del group[tag]
    group.add_new(tag_for_keyword(tag), vr, value)
    with pytest.raises(DicomError, match=rf"\([0-9A-F]{{4}},[0-9A-F]{{4}}\) {tag[:6]}"):
        read_dicom(as_bytes(data))


@pytest.mark.parametrize("defined", [True, False])
def test_sequences_within_each_other_end_somewhere(whole, defined):
    at = whole.index(WAVEFORM_SEQUENCE)
    assert read_dicom(whole[:at] + nested(MAX_DEPTH - 2, defined=defined) + whole[at:])
    depth = 300 if defined else 100_000
    quickly_refused(whole[:at] + nested(depth, defined=defined) + whole[at:], "sequences within each other")


def test_sequences_that_are_declared_unknown_are_walked_too(whole):
    at = whole.index(WAVEFORM_SEQUENCE)
    deep = nested(300, defined=True).replace(b"SQ", b"UN")
    quickly_refused(whole[:at] + deep + whole[at:], "sequences within each other")


def test_a_million_elements_are_too_many(whole, monkeypatch):
    monkeypatch.setattr("resp.dicom.structure.MAX_ELEMENTS", 1000)
    at = whole.index(WAVEFORM_SEQUENCE)
    quickly_refused(whole[:at] + struct.pack("<HH2sH", 0x0051, 0x0010, b"LO", 0) * 1001 + whole[at:], "more than 1000")


def test_much_beside_the_samples_is_too_much(whole, monkeypatch):
    monkeypatch.setattr("resp.dicom.header.MAX_HEADER_BYTES", 1 << 16)
    extra = struct.pack("<HH2sHI", 0x5600, 0x0010, b"OB", 0, 1 << 17) + bytes(1 << 17)
    quickly_refused(whole + extra, "beside samples")


def test_a_deflated_bomb_is_not_inflated_whole(monkeypatch):
    monkeypatch.setattr("resp.dicom.header.MAX_DEFLATED_BYTES", 1 << 21)
    data = make_audio(Group(np.zeros(1 << 21, dtype=np.int16), 48_000))
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    content = as_bytes(data)
    assert len(content) < 1 << 16
    quickly_refused(content, "inflates to more than 2 MiB")
    monkeypatch.undo()
    quickly_refused(content[: len(content) // 2], "deflated data set")


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 200, bytes(128) + b"DICM", b"hello, doctor", bytes(128) + b"DICM" + b"\x02\0\0\0UL\x04\0\0\0\0\0"],
)
def test_what_is_no_dicom(content):
    with pytest.raises(DicomError, match=r"^x: "):
        read_dicom(content, name="x")


def test_the_audio_room_hears_its_own_error(whole):
    with pytest.raises(AudioError, match="truncated or damaged"):
        resp.load_recording(whole[:-100], name="x.dcm")


def test_an_image_is_refused_before_its_pixels_are_looked_at(whole):
    data = make_audio(sop_class="1.2.840.10008.5.1.4.1.1.2")
    content = as_bytes(data)[:1200]
    with pytest.raises(DicomError, match="CT Image Storage"):
        read_dicom(content)


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom.*")
def test_bytes_turned_at_random_are_read_or_refused(whole):
    draw = np.random.default_rng(7)
    before = time.monotonic()
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(int(draw.integers(1, 6))):
            content[int(draw.integers(132, 1600))] = int(draw.integers(256))
        # Any other exception fails the test.
        with contextlib.suppress(DicomError):
            read_dicom(bytes(content), name="x")
        if time.monotonic() - before > 5:
            break


def test_names_stay_out_of_messages(whole):
    name = makers.PATIENT_NAME.encode()
    assert name in whole
    for end in range(200, len(whole), 97):
        with pytest.raises(DicomError) as caught:
            read_dicom(whole[:end], name="x")
        assert "nnchen" not in str(caught.value)
