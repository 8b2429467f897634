"""WAV files chunk by chunk: other chunks, 64-bit sizes, odd codings, pipes, and files cut short."""

import io
import struct

import numpy as np
import pytest
import soundfile

from resp.audio import AudioError, load_recording

RATE = 48_000


@pytest.mark.parametrize("kept", [0.5, 0.999])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "IMA_ADPCM"])
def test_a_truncated_wav(with_soundfile, tone, subtype, kept):
    data = with_soundfile(tone, RATE, "WAV", subtype)
    assert load_recording(data).duration_s >= 2
    with pytest.raises(AudioError, match=r"truncated: its header declares 2.* are there"):
        load_recording(data[: int(kept * len(data))])


@pytest.mark.parametrize("kept", [4, 11, 12, 20, 43])
def test_a_wav_cut_in_its_header(with_soundfile, tone, kept):
    with pytest.raises(AudioError, match=f"truncated: the WAV file ends after {kept} bytes"):
        load_recording(with_soundfile(tone, RATE, "WAV")[:kept])


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


FORMAT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 4000, 8000, 2, 16))
# WAVE_FORMAT_EXTENSIBLE: 24 valid bits in 32, the subformat of PCM.
EXTENSIBLE = chunk(
    b"fmt ",
    struct.pack("<HHIIHHHHI", 0xFFFE, 1, 4000, 16_000, 4, 32, 22, 24, 4)
    + bytes.fromhex("0100000000001000800000aa00389b71"),
)
OTHERS = (
    chunk(b"LIST", b"INFO" + chunk(b"INAM", b"a chest") + chunk(b"ICMT", b"odd"))
    + chunk(b"bext", bytes(603))
    + chunk(b"cue ", struct.pack("<I", 0))
    + chunk(b"none", b"odd")
)


@pytest.mark.parametrize("place", ["before the format", "before the sound", "after the sound"])
@pytest.mark.parametrize("extensible", [False, True])
def test_other_chunks_of_a_wav_are_passed_over(place, extensible):
    whole = np.random.default_rng(0).integers(-(2**14), 2**14, 4001)
    data = (whole << 16).astype("<i4") if extensible else whole.astype("<i2")
    parts = [EXTENSIBLE if extensible else FORMAT, chunk(b"data", data.tobytes())]
    parts.insert(["before the format", "before the sound", "after the sound"].index(place), OTHERS)
    body = b"WAVE" + b"".join(parts)
    recording = load_recording(b"RIFF" + struct.pack("<I", len(body)) + body, name="CHEST.WAV")
    assert recording.rate_hz == 4000
    np.testing.assert_array_equal(recording.samples[0], (whole / 2**15).astype(np.float32))


@pytest.mark.parametrize("kind", [b"RF64", b"BW64"])
def test_wavs_of_64_bit_sizes(kind):
    whole = np.arange(4000, dtype="<i2")
    sizes = struct.pack("<QQQI", 80 + 8000 - 8, 8000, 4000, 0)
    data = kind + b"\xff" * 4 + b"WAVE" + chunk(b"ds64", sizes) + FORMAT + b"data" + b"\xff" * 4 + whole.tobytes()
    recording = load_recording(data)
    np.testing.assert_array_equal(recording.samples[0], whole / np.float32(2**15))
    with pytest.raises(AudioError, match=r"truncated: its header declares 1.000 s of sound, 0.500 s are there"):
        load_recording(data[:-4000])


def test_a_coding_that_nobody_knows():
    unknown = chunk(b"fmt ", struct.pack("<HHIIHH", 0x7ABC, 1, 4000, 8000, 2, 16))
    body = b"WAVE" + unknown + chunk(b"data", bytes(8000))
    with pytest.raises(AudioError, match="sound of an unknown coding; convert it to WAV"):
        load_recording(b"RIFF" + struct.pack("<I", len(body)) + body)


def test_integers_of_64_bits():
    wide = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 4000, 32_000, 8, 64))
    body = b"WAVE" + wide + chunk(b"data", bytes(32_000))
    with pytest.raises(AudioError, match="samples of type s64 cannot be read; convert it to WAV"):
        load_recording(b"RIFF" + struct.pack("<I", len(body)) + body)


def test_a_big_endian_wav(tone):
    out = io.BytesIO()
    soundfile.write(out, tone, RATE, format="WAV", subtype="PCM_24", endian="BIG")
    data = out.getvalue()
    assert data[:4] == b"RIFX"
    np.testing.assert_allclose(load_recording(data).samples[0], tone, atol=1e-6)
    with pytest.raises(AudioError, match="truncated"):
        load_recording(data[: len(data) // 2])


@pytest.mark.parametrize("mark", [0xFFFFFFFF, 0, 0x7FFFFFFF])
def test_a_wav_written_to_a_pipe_has_no_length(wav_header, mark):
    sound = (1000 * np.sin(np.arange(16_000))).astype("<i2").tobytes()
    recording = load_recording(wav_header(16_000, mark) + sound)
    assert recording.duration_s == 1.0


def test_a_wav_without_a_format(with_soundfile, tone):
    data = with_soundfile(tone, RATE, "WAV").replace(b"fmt ", b"junk")
    with pytest.raises(AudioError, match="damaged"):
        load_recording(data)
