"""Reading recordings: every format, whatever its name says, and every way of being broken."""

import io
import struct
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import soundfile

from resp.audio import AudioError, Limits, load_recording

RATE = 48_000
LOSSLESS = [
    ("WAV", "PCM_U8", 1 / 128),
    ("WAV", "PCM_16", 1 / 32768),
    ("WAV", "PCM_24", 1 / 2**23),
    ("WAV", "PCM_32", 1e-7),
    ("WAV", "FLOAT", 1e-7),
    ("WAV", "DOUBLE", 1e-7),
    ("WAVEX", "PCM_24", 1 / 2**23),
    ("RF64", "PCM_16", 1 / 32768),
    ("FLAC", "PCM_16", 1 / 32768),
    ("FLAC", "PCM_24", 1 / 2**23),
    ("AIFF", "PCM_16", 1 / 32768),
    ("CAF", "PCM_24", 1 / 2**23),
    ("AU", "PCM_16", 1 / 32768),
    ("W64", "PCM_16", 1 / 32768),
]


def onset_s(samples: np.ndarray, rate_hz: int) -> float:
    return float(np.argmax(np.abs(samples) > 0.05)) / rate_hz


@pytest.mark.parametrize(("container", "subtype", "tolerance"), LOSSLESS)
def test_lossless_formats_give_their_samples(with_soundfile, tone, container, subtype, tolerance):
    recording = load_recording(with_soundfile(tone, RATE, container, subtype))
    assert recording.rate_hz == RATE
    assert recording.samples.shape == (1, tone.size)
    assert recording.samples.dtype == np.float32
    np.testing.assert_allclose(recording.samples[0], tone, atol=tolerance)


@pytest.mark.parametrize(("container", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)])
def test_lossy_formats_of_soundfile(with_soundfile, tone, container, subtype):
    recording = load_recording(with_soundfile(tone, RATE, container, subtype))
    assert recording.duration_s == pytest.approx(2, abs=0.05)
    assert onset_s(recording.samples[0], RATE) == pytest.approx(0.5, abs=0.002)
    assert recording.samples.std() == pytest.approx(tone.std(), rel=0.05)


@pytest.mark.parametrize(
    ("muxer", "codec"),
    [
        ("ipod", "aac"),
        ("mp4", "aac"),
        ("ipod", "alac"),
        ("webm", "libopus"),
        ("matroska", "aac"),
        ("matroska", "pcm_s16le"),
        ("matroska", "pcm_u8"),
        ("ogg", "libopus"),
        ("mp3", "libmp3lame"),
        ("flac", "flac"),
    ],
)
def test_formats_of_pyav(with_av, tone, muxer, codec):
    recording = load_recording(with_av(tone, RATE, muxer, codec))
    assert recording.duration_s == pytest.approx(2, abs=0.05)
    assert onset_s(recording.samples[0], RATE) == pytest.approx(0.5, abs=0.002)
    assert recording.samples.std() == pytest.approx(tone.std(), rel=0.05)


def test_bare_aac_keeps_its_priming(with_av, tone):
    recording = load_recording(with_av(tone, RATE, "adts", "aac"))
    assert onset_s(recording.samples[0], RATE) == pytest.approx(0.5 + 1024 / RATE, abs=0.002)


def test_channels_are_kept(with_soundfile, with_av, tone):
    stereo = np.stack([tone, 0.5 * tone])
    for data in (with_soundfile(stereo.T, RATE, "WAV"), with_av(stereo, RATE, "ipod", "aac")):
        recording = load_recording(data)
        assert recording.channels == 2
        left, right = recording.samples.std(axis=1)
        assert right == pytest.approx(0.5 * left, rel=0.02)
        np.testing.assert_allclose(recording.mono(), recording.samples.mean(axis=0), atol=1e-7)
    packed = load_recording(with_av(stereo, RATE, "matroska", "pcm_s16le"))
    np.testing.assert_allclose(packed.samples, stereo, atol=1e-4)


@pytest.mark.parametrize("rate_hz", [4000, 8000, 44_100, 192_000])
def test_rates_within_bounds(with_soundfile, rate_hz):
    recording = load_recording(with_soundfile(np.full(rate_hz, 0.1), rate_hz, "WAV", "PCM_16"))
    assert (recording.rate_hz, recording.duration_s) == (rate_hz, 1.0)


@pytest.mark.parametrize("rate_hz", [3999, 192_001])
def test_rates_out_of_bounds(with_soundfile, rate_hz):
    data = with_soundfile(np.full(rate_hz, 0.1), rate_hz, "WAV", "PCM_16")
    with pytest.raises(AudioError, match=rf"sampling rate of {rate_hz} Hz; expected 4000 to 192000 Hz"):
        load_recording(data)


def test_ways_in_agree(tmp_path, with_soundfile, tone):
    data = with_soundfile(tone, RATE, "FLAC")
    path = tmp_path / "SOUND.WAV"
    path.write_bytes(data)
    from_path, from_text, from_bytes = load_recording(path), load_recording(str(path)), load_recording(data)
    with path.open("rb") as stream:
        stream.seek(7)
        from_stream = load_recording(stream)
        assert stream.tell() == 7
        assert not stream.closed
    for recording in (from_path, from_text, from_bytes, from_stream):
        np.testing.assert_array_equal(recording.samples, from_path.samples)
        assert recording.sha256 == sha256(data).hexdigest()
        assert not recording.synthetic
    assert from_path.source == from_text.source == from_stream.source == str(path)
    assert from_bytes.source == "bytes"
    assert load_recording(io.BytesIO(data)).source == "file object"
    assert load_recording(data, name="my.flac").source == "my.flac"


@pytest.mark.parametrize("name", ["x.raw", "x.txt", "x.m3u8", "x.mp3", "x", "x.WaV"])
def test_the_name_does_not_matter(tmp_path, with_soundfile, with_av, tone, name):
    path = tmp_path / name
    for data in (with_soundfile(tone, RATE, "WAV"), with_av(tone, RATE, "webm", "libopus")):
        path.write_bytes(data)
        with path.open("rb") as stream:
            assert load_recording(stream).duration_s == pytest.approx(2, abs=0.01)


def test_a_known_name_is_read(with_soundfile, tone):
    recording = load_recording(with_soundfile(tone, RATE, "WAV"), name="a/101_1b1_Al_sc_Meditron.wav")
    assert recording.patient_key == "icbhi-101"
    assert (recording.body_site, recording.device) == ("anterior left", "Meditron")


@pytest.mark.parametrize(
    "content",
    [
        b"This is a text file, not a sound.\n" * 50,
        "Text in UTF-16, whose first byte is 0xFF.".encode("utf-16"),
        b"\x00" * 4096,
        b"RIFF\x10\x00\x00\x00AVI LIST",
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"<?xml version='1.0'?><MPD></MPD>",
        b"\xff",
    ],
)
def test_what_is_not_audio(tmp_path, content):
    path = tmp_path / "sound.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"sound\.wav: not an audio file .* expected one of WAV, FLAC"):
        load_recording(path)


def test_an_empty_file(tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(AudioError, match=r"empty\.wav: the file is empty"):
        load_recording(path)
    with pytest.raises(AudioError, match="empty"):
        load_recording(b"")


def test_no_samples(with_soundfile):
    with pytest.raises(AudioError, match="holds no samples"):
        load_recording(with_soundfile(np.zeros(0), RATE, "WAV"))


def test_too_short(with_soundfile):
    with pytest.raises(AudioError, match=r"only 0.050 s of sound; expected at least 0.1 s"):
        load_recording(with_soundfile(np.zeros(2400), RATE, "WAV"))


def test_all_zeros_is_a_recording(with_soundfile):
    assert not load_recording(with_soundfile(np.zeros(RATE), RATE, "WAV")).samples.any()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers(with_soundfile, tone, value):
    broken = tone.copy()
    broken[[5, 9]] = value
    with pytest.raises(AudioError, match="2 samples are not finite"):
        load_recording(with_soundfile(broken, RATE, "WAV", "FLOAT"))


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


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        ("FLAC", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("AU", "PCM_16"),
        ("W64", "PCM_16"),
        ("OGG", "VORBIS"),
        ("MP3", None),
    ],
)
def test_other_truncated_files(with_soundfile, container, subtype):
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE)
    data = with_soundfile(noise, RATE, container, subtype)
    with pytest.raises(AudioError, match="truncated"):
        load_recording(data[: len(data) // 2])


@pytest.mark.parametrize(("muxer", "codec"), [("ipod", "aac"), ("matroska", "aac"), ("adts", "aac")])
def test_truncated_files_of_pyav(with_av, tone, muxer, codec):
    data = with_av(tone, RATE, muxer, codec)
    with pytest.raises(AudioError, match="truncated"):
        load_recording(data[: len(data) // 2])


def test_an_m4a_cut_behind_its_index(tmp_path, with_av, tone):
    path = tmp_path / "index_first.m4a"
    with_av(tone, RATE, "mp4", "aac", muxer_options={"movflags": "faststart"}, out=path)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with pytest.raises(AudioError, match="truncated"):
        load_recording(data[: int(0.6 * len(data))])


@pytest.mark.parametrize(("container", "message"), [("W64", "damaged"), ("NIST", "damaged"), ("CAF", "damaged")])
def test_a_header_without_sense(container, message):
    start = {"W64": b"riff\x2e\x91\xcf\x11", "NIST": b"NIST_1A\n", "CAF": b"caff"}[container]
    with pytest.raises(AudioError, match=message):
        load_recording(start + b"\x00" * 200)


def test_a_flac_with_damage_inside(with_soundfile):
    data = bytearray(with_soundfile(0.1 * np.random.default_rng(0).standard_normal(RATE), RATE, "FLAC"))
    middle = len(data) // 2
    data[middle : middle + 300] = bytes(300)
    with pytest.raises(AudioError, match="damaged"):
        load_recording(bytes(data))


def wav_header(rate_hz: int, data_bytes: int, channels: int = 1) -> bytes:
    align = 2 * channels
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", min(36 + data_bytes, 2**32 - 1), b"WAVE", b"fmt ", 16, 1, channels),
        *(rate_hz, rate_hz * align, align, 16, b"data", data_bytes),
    )


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_ten_declared_hours_are_refused_before_decoding(monkeypatch, rate_hz):
    def fail(*_: object) -> None:
        pytest.fail("decoded")

    monkeypatch.setattr(soundfile, "SoundFile", fail)
    with pytest.raises(AudioError, match=r"declares 36000.0 s of sound; at most 3600 s are taken"):
        load_recording(wav_header(rate_hz, 36_000 * rate_hz * 2) + b"\x00" * 4096)


def test_ten_declared_hours_of_flac(with_soundfile, tone, monkeypatch):
    data = bytearray(with_soundfile(tone, RATE, "FLAC"))
    # STREAMINFO: the number of samples are the 36 bits that end at byte 26.
    word = int.from_bytes(data[18:26], "big")
    data[18:26] = (word >> 36 << 36 | 36_000 * RATE).to_bytes(8, "big")

    def fail(*_: object, **__: object) -> None:
        pytest.fail("decoded")

    monkeypatch.setattr(soundfile.SoundFile, "read", fail)
    with pytest.raises(AudioError, match=r"declares 36000\.0 s"):
        load_recording(bytes(data))


def test_a_long_flac_that_states_no_length(with_soundfile):
    data = bytearray(with_soundfile(np.zeros(RATE * 30), RATE, "FLAC"))
    word = int.from_bytes(data[18:26], "big")
    data[18:26] = (word >> 36 << 36).to_bytes(8, "big")
    with pytest.raises(AudioError, match=r"holds at least 10.*; at most 10 s are taken"):
        load_recording(bytes(data), limits=Limits(max_duration_s=10))
    assert load_recording(bytes(data)).duration_s == 30


def test_ten_declared_hours_of_m4a(with_av, tone):
    data = with_av(tone, RATE, "ipod", "aac")
    with pytest.raises(AudioError, match=r"declares 2.0 s of sound; at most 1 s are taken"):
        load_recording(data, limits=Limits(max_duration_s=1))


def test_an_m4a_whose_header_lies(with_av):
    data = bytearray(with_av(np.zeros(RATE * 20), RATE, "ipod", "aac"))
    for box, offset in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):
        start = data.index(box) + 4 + offset
        data[start : start + 4] = (1000).to_bytes(4, "big")
    with pytest.raises(AudioError, match="at most 5 s are taken"):
        load_recording(bytes(data), limits=Limits(max_duration_s=5))


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


def test_a_title_that_is_no_utf_8(with_av, tone):
    data = with_av(tone, RATE, "ipod", "aac")
    assert b"Lavf" in data
    assert load_recording(data.replace(b"Lavf", b"L\xe9vf")).duration_s == pytest.approx(2, abs=0.05)


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
def test_a_wav_written_to_a_pipe_has_no_length(mark):
    sound = (1000 * np.sin(np.arange(16_000))).astype("<i2").tobytes()
    recording = load_recording(wav_header(16_000, mark) + sound)
    assert recording.duration_s == 1.0


def test_an_endless_pipe_is_capped():
    sound = bytes(2 * 16_000 * 12)
    with pytest.raises(AudioError, match="at most 5 s are taken"):
        load_recording(wav_header(16_000, 0xFFFFFFFF) + sound, limits=Limits(max_duration_s=5))


def test_a_wav_without_a_format(with_soundfile, tone):
    data = with_soundfile(tone, RATE, "WAV").replace(b"fmt ", b"junk")
    with pytest.raises(AudioError, match="damaged"):
        load_recording(data)


def test_too_many_channels():
    with pytest.raises(AudioError, match="20 channels; expected 1 to 16"):
        load_recording(wav_header(16_000, 40 * 16_000, channels=20) + bytes(40 * 16_000))


def test_samples_over_all_channels_are_bounded(with_soundfile):
    data = with_soundfile(np.zeros((RATE, 2)), RATE, "WAV")
    with pytest.raises(AudioError, match="at most 50000 samples over all channels"):
        load_recording(data, limits=Limits(max_samples=50_000))


def test_an_mp3_of_varying_rate_without_a_length_is_read_to_its_end(with_av):
    sound = np.zeros(RATE * 6)
    sound[: RATE * 2] = 0.3 * np.random.default_rng(0).standard_normal(RATE * 2)
    data = with_av(
        sound,
        RATE,
        "mp3",
        "libmp3lame",
        muxer_options={"write_xing": "0"},
        options={"abr": "1"},
        bit_rate=64_000,
    )
    with soundfile.SoundFile(io.BytesIO(data)) as guessed:
        assert guessed.frames < 5 * RATE, "libsndfile reads such files whole: the detour is needless"
    assert load_recording(data).duration_s == pytest.approx(6, abs=0.1)


def test_an_mp3_with_a_tag(with_soundfile, tone):
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x00" + b"\x00" * 256
    recording = load_recording(tag + with_soundfile(tone, RATE, "MP3"))
    assert recording.duration_s == pytest.approx(2, abs=0.05)


def test_an_mp4_without_sound():
    import av

    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as media:
        stream = media.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for _ in range(3):
            media.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        media.mux(stream.encode(None))
    with pytest.raises(AudioError, match="the MP4 file has no audio stream"):
        load_recording(out.getvalue())


def test_rate_or_channels_that_change_within(with_av, tone):
    one = with_av(tone, RATE, "adts", "aac")
    other = with_av(np.stack([tone, tone]), RATE, "adts", "aac")
    with pytest.raises(AudioError, match="change within the file"):
        load_recording(one + other)


def test_a_header_that_points_before_its_beginning(with_soundfile, tone, capfd):
    with pytest.raises(AudioError, match="truncated"):
        load_recording(with_soundfile(tone, RATE, "AIFF")[:30])
    recording = load_recording(Backwards(with_soundfile(tone, RATE, "WAV")))
    assert recording.duration_s == 2
    assert "Traceback" not in capfd.readouterr().err


class Backwards(io.BytesIO):
    """A file whose relative seeks fail, as those of a damaged header do."""

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == io.SEEK_CUR:
            raise ValueError("negative seek value")
        return super().seek(offset, whence)


def test_paths_that_cannot_be_opened(tmp_path):
    with pytest.raises(AudioError, match=r"absent\.wav: cannot be opened: No such file"):
        load_recording(tmp_path / "absent.wav")
    with pytest.raises(AudioError, match="cannot be opened"):
        load_recording(tmp_path)
    with pytest.raises(AudioError, match="cannot be opened"):
        load_recording("nul\x00byte.wav")


def test_sources_that_are_none(tmp_path):
    path = tmp_path / "x.wav"
    path.write_text("text")
    with pytest.raises(AudioError, match="cannot read int"):
        load_recording(5)
    with path.open() as stream, pytest.raises(AudioError, match="expected a file opened in binary mode"):
        load_recording(stream)

    class Pipe(io.RawIOBase):
        def readable(self) -> bool:
            return True

    with pytest.raises(AudioError, match="expected a seekable file"):
        load_recording(Pipe())


def test_a_file_that_fails_while_it_is_read(with_soundfile, tone):
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if size:
                raise OSError(5, "Input/output error")
            return b""

    with pytest.raises(AudioError, match="cannot be read: Input/output error"):
        load_recording(Failing(with_soundfile(tone, RATE, "WAV")))


@pytest.mark.parametrize(
    "bounds",
    [{"min_duration_s": 5, "max_duration_s": 5}, {"min_rate_hz": 0}, {"max_channels": 0}, {"max_samples": 0}],
)
def test_limits_that_let_nothing_through(bounds):
    with pytest.raises(AudioError, match="let no recording through"):
        Limits(**bounds)


@pytest.mark.data
def test_every_real_recording_is_read_as_soundfile_reads_it(data_dir: Path):
    paths = sorted(data_dir.glob("icbhi/audio/*.wav")) + sorted(data_dir.glob("kauh/*.wav"))[::15]
    assert len(paths) >= 30
    for path in paths:
        expected, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        recording = load_recording(path)
        assert recording.rate_hz == rate_hz
        np.testing.assert_array_equal(recording.samples, expected.T)
        assert recording.patient_key
        assert recording.device
        assert recording.body_site
