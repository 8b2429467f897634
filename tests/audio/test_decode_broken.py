"""What is no recording, empty, truncated or damaged is refused with the reason."""

import io

import numpy as np
import pytest

from resp.audio import AudioError, load_recording

RATE = 48_000


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


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers(with_soundfile, tone, value):
    broken = tone.copy()
    broken[[5, 9]] = value
    with pytest.raises(AudioError, match="2 samples are not finite"):
        load_recording(with_soundfile(broken, RATE, "WAV", "FLOAT"))


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
