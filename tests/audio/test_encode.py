"""Recordings as WAV files."""

import io

import numpy as np
import pytest
import soundfile

from resp.audio import AudioError, Recording, load_recording, to_wav_bytes, write_wav


@pytest.fixture
def recording() -> Recording:
    return Recording(0.25 * np.sin(np.arange(32_000).reshape(2, -1)), 16_000)


def test_round_trip(recording):
    back = load_recording(to_wav_bytes(recording))
    assert back.rate_hz == 16_000
    np.testing.assert_allclose(back.samples, recording.samples, atol=0.5 / 32768 + 1e-7)
    with soundfile.SoundFile(io.BytesIO(to_wav_bytes(recording))) as sound:
        assert (sound.format, sound.subtype) == ("WAV", "PCM_16")


def test_peak(recording):
    louder = load_recording(to_wav_bytes(recording, peak=0.9))
    assert np.abs(louder.samples).max() == pytest.approx(0.9, abs=1e-4)
    silent = Recording(np.zeros(16_000), 16_000)
    assert not load_recording(to_wav_bytes(silent, peak=0.9)).samples.any()
    for peak in (0, 1.5, -1):
        with pytest.raises(AudioError, match=f"a peak of {peak}"):
            to_wav_bytes(recording, peak=peak)


def test_samples_beyond_full_scale_are_cut_off():
    back = load_recording(to_wav_bytes(Recording(np.array([2.0, -2.0, 1.0, -1.0] * 4000), 16_000)))
    np.testing.assert_allclose(back.samples[0, :4], [32767 / 32768, -1, 32767 / 32768, -1])


def test_write(tmp_path, recording):
    path = tmp_path / "x.wav"
    path.write_bytes(b"old")
    assert write_wav(recording, str(path)) == path
    assert path.read_bytes() == to_wav_bytes(recording)
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_cannot_be_written(tmp_path, recording):
    with pytest.raises(AudioError, match="cannot be written: No such file or directory"):
        write_wav(recording, tmp_path / "absent" / "x.wav")
    folder = tmp_path / "folder.wav"
    folder.mkdir()
    with pytest.raises(AudioError, match="cannot be written"):
        write_wav(recording, folder)
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("synthetic", [True, False])
def test_synthetic_sound_says_so_wherever_its_file_goes(recording, synthetic):
    content = to_wav_bytes(recording.with_known(synthetic=synthetic))
    assert load_recording(content, name="renamed.wav").synthetic is synthetic
