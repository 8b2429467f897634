"""Where recordings come from: paths, bytes and file objects, and those that cannot be read."""

import io
from hashlib import sha256

import numpy as np
import pytest

from resp.audio import AudioError, load_recording

RATE = 48_000


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
