"""Through MP3 and back: a real encoder, the same length, nothing shifted."""

import numpy as np
import pytest

from resp.audio import AudioError, Recording, load_recording, resample
from resp.audio.mp3 import encode_mp3, through_mp3


def dull_noise(rate_hz: int, seconds: float = 3.0) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(int(rate_hz * seconds))
    return (0.1 * np.convolve(noise, np.ones(16) / 4, mode="same")).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [4000, 10_000, 44_100, 96_000])
def test_the_sound_comes_back_changed_a_little_and_in_its_place(rate_hz):
    sound = dull_noise(rate_hz)
    back = through_mp3(Recording(sound, rate_hz), 64)
    assert back.duration_s == pytest.approx(3.0, abs=1e-4)
    again = resample(back.mono(), back.rate_hz, rate_hz)
    size = min(len(sound), len(again))
    ours = np.fft.rfft(sound[:size], 2 * size)
    theirs = np.fft.rfft(again[:size], 2 * size)
    lag = int(np.fft.irfft(theirs * ours.conj()).argmax())
    assert lag == 0
    assert 0.9 < np.corrcoef(sound[:size], again[:size])[0, 1] < 0.99999


@pytest.mark.parametrize("kbit_s", [32, 64])
def test_the_file_is_an_mp3_of_that_bit_rate(kbit_s):
    encoded = encode_mp3(dull_noise(16_000, 10.0), 16_000, kbit_s)
    assert 8 * len(encoded) / 10 == pytest.approx(1000 * kbit_s, rel=0.05)
    read = load_recording(encoded, name="sound.mp3")
    assert read.rate_hz == 16_000
    assert read.duration_s == pytest.approx(10.0, abs=0.1)


def test_fewer_bits_lose_more():
    sound = Recording(dull_noise(44_100), 44_100)

    def lost(kbit_s: int) -> float:
        return float(np.square(through_mp3(sound, kbit_s).mono() - sound.mono()).mean())

    assert lost(32) > 2 * lost(128)


@pytest.mark.parametrize(("rate_hz", "kbit_s"), [(4000, 32), (16_000, 33)])
def test_what_mp3_does_not_have_is_refused(rate_hz, kbit_s):
    with pytest.raises(AudioError, match=f"an MP3 of {rate_hz} Hz and {kbit_s} kbit/s"):
        encode_mp3(np.zeros(100, dtype=np.float32), rate_hz, kbit_s)
