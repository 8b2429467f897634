"""Time scaling, against numpy's own interpolation and a tone whose pitch is known."""

import numpy as np
import pytest

from resp.audio import AudioError, rescale_time
from resp.audio.time_scale import rescaled_length


@pytest.fixture
def waveform() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(501).astype(np.float32)


@pytest.mark.parametrize("factor", [0.01, 0.8, 0.97, 1.0, 1.2345, 3.0])
def test_against_numpy(waveform, factor):
    scaled = rescale_time(waveform, factor)
    assert scaled.dtype == np.float32
    assert len(scaled) == rescaled_length(501, factor) == round(501 * factor)
    expected = np.interp(np.arange(len(scaled)) / factor, np.arange(501), waveform)
    np.testing.assert_allclose(scaled, expected, atol=1e-6)


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (37, 401), (390, None), (-5, None), (600, 700), (20, 20)])
@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_a_part_is_the_part_of_the_whole(waveform, factor, start, stop):
    before = waveform.copy()
    part = rescale_time(waveform, factor, start, stop)
    np.testing.assert_array_equal(part, rescale_time(waveform, factor)[start:stop])
    np.testing.assert_array_equal(waveform, before)
    assert not np.shares_memory(part, waveform)


def test_pitch_goes_with_the_speed():
    tone = np.sin(2 * np.pi * 100 * np.arange(8000) / 8000)
    spectrum = np.abs(np.fft.rfft(rescale_time(tone, 1.25)))
    assert np.argmax(spectrum) * 8000 / 10_000 == pytest.approx(80)


def test_channels_are_scaled_alike(waveform):
    stereo = np.stack([waveform, -2 * waveform])
    np.testing.assert_array_equal(rescale_time(stereo, 0.9)[1], -2 * rescale_time(waveform, 0.9))


@pytest.mark.parametrize(
    ("waveform", "factor", "message"),
    [
        (1.0, 1.1, "single number"),
        ([], 1.1, "at least one"),
        ([1.0], 0.0, "expected a positive number"),
        ([1.0], float("nan"), "expected a positive number"),
        ([1.0], float("inf"), "expected a positive number"),
    ],
)
def test_what_cannot_be_scaled(waveform, factor, message):
    with pytest.raises(AudioError, match=message):
        rescale_time(waveform, factor)
