import math

import numpy as np
import pytest
import torch
from scipy.signal import butter, freqs

from resp.augment import AugmentError, BandFilter, SpectralTilt

RATE_HZ = 4000


def tone(frequency_hz: float) -> torch.Tensor:
    """One second of a tone with a whole number of periods, [1, 4000]."""
    time_s = torch.arange(RATE_HZ, dtype=torch.float64) / RATE_HZ
    return torch.sin(2 * math.pi * frequency_hz * time_s)[None]


def gain_db(transform, frequency_hz: float, seeded) -> float:
    changed = transform(tone(frequency_hz), seeded())
    return float(20 * (changed.norm() / tone(frequency_hz).norm()).log10())


@pytest.mark.parametrize(
    ("frequency_hz", "expected_db"), [(200, 0), (400, 3), (800, 6), (100, -3), (50, -6), (25, -9), (10, -9)]
)
def test_tilt_is_a_line_in_decibels_per_octave(seeded, frequency_hz, expected_db):
    assert gain_db(SpectralTilt(RATE_HZ, (3, 3)), frequency_hz, seeded) == pytest.approx(expected_db, abs=1e-3)


def test_tilt_has_no_phase(seeded):
    changed = SpectralTilt(RATE_HZ, (3, 3))(tone(400), seeded())
    torch.testing.assert_close(changed, 10 ** (3 / 20) * tone(400), atol=1e-4, rtol=0)


@pytest.mark.parametrize("frequency_hz", [10, 50, 100, 300, 1000, 1500, 1900])
def test_band_has_the_magnitude_of_butterworth_filters(seeded, frequency_hz):
    high_pass = butter(4, 100, "highpass", analog=True)
    low_pass = butter(4, 1000, "lowpass", analog=True)
    expected = np.prod([abs(freqs(*each, worN=[frequency_hz])[1][0]) for each in (high_pass, low_pass)])
    measured = gain_db(BandFilter(RATE_HZ, (100, 100), (1000, 1000)), frequency_hz, seeded)
    assert measured == pytest.approx(20 * math.log10(expected), abs=1e-2)


def test_band_removes_the_constant_offset(seeded):
    assert BandFilter(RATE_HZ)(torch.ones(1, 4000), seeded()).abs().max() < 1e-6


def test_defaults_leave_crackles_and_wheezes(seeded):
    for frequency_hz in (150, 400, 1000):
        for seed in range(5):
            changed = BandFilter(RATE_HZ)(tone(frequency_hz), seeded(seed))
            assert 20 * (changed.norm() / tone(frequency_hz).norm()).log10() > -1


def test_corners_are_uniform_on_a_logarithmic_axis(seeded):
    band = BandFilter(RATE_HZ, (10, 160), (500, 2000)).draw(torch.zeros(4000, 2), seeded())
    counts = torch.histc(band.low_cut_hz.log2(), bins=4, min=math.log2(10), max=math.log2(160)) / 4000
    torch.testing.assert_close(counts, torch.full((4,), 0.25), atol=0.03, rtol=0)
    assert 500 <= band.high_cut_hz.min() < 510
    assert 1980 < band.high_cut_hz.max() <= 2000.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpectralTilt(0), "rate_hz 0"),
        (lambda: SpectralTilt(4000, (3, -3)), "tilt_db_per_octave"),
        (lambda: SpectralTilt(4000, floor_hz=0), "floor_hz"),
        (lambda: SpectralTilt(4000, floor_hz=300), "floor_hz"),
        (lambda: BandFilter(-1), "rate_hz -1"),
        (lambda: BandFilter(4000, (0, 10)), "low_cut_hz"),
        (lambda: BandFilter(4000, (20, 600), (600, 900)), "every lower corner below every upper one"),
        (lambda: BandFilter(4000, order=0), "order 0"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(AugmentError, match=message):
        make()
