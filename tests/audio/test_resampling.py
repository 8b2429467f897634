"""Resampling keeps what fits and removes what does not."""

import numpy as np
import pytest

from resp.audio import AudioError, resample


def tone(frequency_hz: float, rate_hz: int, duration_s: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(round(duration_s * rate_hz)) / rate_hz).astype(np.float32)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(44_100, 16_000), (4000, 16_000), (16_000, 4000), (192_000, 16_000)])
def test_a_tone_stays_the_same_tone(from_hz, to_hz):
    out = resample(tone(440, from_hz), from_hz, to_hz)
    assert out.dtype == np.float32
    assert out.shape == (to_hz,)
    inner = slice(to_hz // 10, -to_hz // 10)
    np.testing.assert_allclose(out[inner], tone(440, to_hz)[inner], atol=1e-4)


def test_no_alias():
    out = resample(tone(8200, 44_100), 44_100, 16_000)
    assert 20 * np.log10(out[1600:-1600].std() / np.sqrt(0.5)) < -90


def test_leading_axes():
    many = np.random.default_rng(0).standard_normal((2, 3, 4410)).astype(np.float32)
    out = resample(many, 44_100, 16_000)
    assert out.shape == (2, 3, 1600)
    np.testing.assert_array_equal(out[1, 2], resample(many[1, 2], 44_100, 16_000))


def test_the_same_rate_is_a_copy():
    samples = tone(440, 8000)
    out = resample(samples, 8000, 8000)
    np.testing.assert_array_equal(out, samples)
    assert not np.shares_memory(out, samples)
    assert resample(np.zeros((2, 0)), 8000, 16_000).shape == (2, 0)


def test_what_cannot_be_resampled():
    with pytest.raises(AudioError, match="expected positive rates"):
        resample([0.0], 0, 16_000)
    with pytest.raises(AudioError, match="single number"):
        resample(1.0, 8000, 16_000)
