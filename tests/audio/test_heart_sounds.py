"""Synthetic heart sounds: rate, band and timing are those that were asked for."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from resp.audio import AudioError, synthesise_heart

RATE_HZ = 4000


def envelope(sound: np.ndarray) -> np.ndarray:
    return np.sqrt(np.convolve(sound.astype(np.float64) ** 2, np.hanning(200) / 100, mode="same"))


def test_the_seed_decides():
    one, same, other = (synthesise_heart(5.0, RATE_HZ, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.dtype == np.float32
    assert one.shape == (5 * RATE_HZ,)
    assert np.abs(one).max() == pytest.approx(0.5)


@pytest.mark.parametrize("beats_per_min", [50, 72, 100])
def test_there_are_two_sounds_a_beat_and_systole_is_as_long_as_published(beats_per_min):
    sound = synthesise_heart(60.0, RATE_HZ, beats_per_min=beats_per_min, seed=3)
    level = envelope(sound)
    found, _ = find_peaks(level, height=0.25 * level.max(), distance=int(0.12 * RATE_HZ))
    assert len(found) == pytest.approx(2 * beats_per_min, rel=0.05)
    # From S1 to S2 is shorter than from S2 to the next S1.
    steps = np.sort(np.diff(found) / RATE_HZ)
    systole_s = np.median(steps[: len(steps) // 2])
    assert systole_s == pytest.approx(0.546 - 0.0021 * beats_per_min - 0.06, abs=0.02)


@pytest.mark.parametrize("rate_hz", [4000, 44_100])
def test_nearly_all_of_it_lies_between_20_and_200_hz(rate_hz):
    sound = synthesise_heart(20.0, rate_hz, seed=0)
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequency_hz = np.fft.rfftfreq(sound.size, 1 / rate_hz)
    inside = (frequency_hz > 20) & (frequency_hz < 200)
    assert power[inside].sum() / power.sum() > 0.98


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"duration_s": 0.0}, "duration_s is 0.0"),
        ({"rate_hz": 100}, "rate_hz is 100"),
        ({"beats_per_min": 500}, "beats_per_min is 500"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    given = {"duration_s": 1.0, "rate_hz": RATE_HZ, **settings}
    with pytest.raises(AudioError, match=message):
        synthesise_heart(given.pop("duration_s"), given.pop("rate_hz"), **given)
