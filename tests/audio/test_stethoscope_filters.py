"""The stethoscope's filters: corners where they are said to be, gentle, and never louder than the sound."""

import numpy as np
import pytest
from scipy.signal import freqz_sos

from resp.audio import AudioError
from resp.audio.stethoscope_filters import STETHOSCOPE_FILTERS, StethoscopeFilter

MODES = pytest.mark.parametrize("mode", STETHOSCOPE_FILTERS, ids=lambda mode: mode.name)
RATES = pytest.mark.parametrize("rate_hz", [4000, 8000, 44_100, 96_000])
SIX_DB_HZ = {"bell": (15.8, 253), "diaphragm": (82.2, 609), "extended": (39.6, 632)}


def gain_db(mode: StethoscopeFilter, rate_hz: float, frequencies_hz):
    _, response = freqz_sos(mode.sections(rate_hz), worN=np.atleast_1d(frequencies_hz), fs=rate_hz)
    return 20 * np.log10(np.maximum(np.abs(response), 1e-12))


def test_the_bands_are_those_of_the_littmann_3200():
    bands = {mode.name: (mode.low_hz, mode.high_hz) for mode in STETHOSCOPE_FILTERS}
    assert bands == {"bell": (20, 200), "diaphragm": (100, 500), "extended": (50, 500)}


@MODES
@RATES
def test_it_has_fallen_by_3_db_at_its_corners(mode, rate_hz):
    np.testing.assert_allclose(gain_db(mode, rate_hz, [mode.low_hz, mode.high_hz]), -3.0103, atol=0.001)


@MODES
def test_it_has_fallen_by_6_db_where_the_table_says(mode):
    np.testing.assert_allclose(gain_db(mode, 44_100, SIX_DB_HZ[mode.name]), -6.02, atol=0.05)


@MODES
@RATES
def test_it_is_a_butterworth_band_pass_in_closed_form(mode, rate_hz):
    frequencies_hz = np.geomspace(5, 0.45 * rate_hz, 300)
    # The bilinear transform bends the axis: tan(π f / rate) is the frequency of the analogue filter.
    bent, low, high = (np.tan(np.pi * f / rate_hz) for f in (frequencies_hz, mode.low_hz, mode.high_hz))
    apart = (bent**2 - low * high) / (bent * (high - low))
    np.testing.assert_allclose(gain_db(mode, rate_hz, frequencies_hz), -10 * np.log10(1 + apart**4), atol=1e-5)


@MODES
@RATES
def test_no_frequency_is_amplified(mode, rate_hz):
    assert gain_db(mode, rate_hz, np.linspace(0, rate_hz / 2, 4001)).max() < 1e-6


@MODES
def test_it_falls_by_12_db_an_octave(mode):
    far = gain_db(mode, 96_000, [8 * mode.high_hz, 16 * mode.high_hz])
    assert far[0] - far[1] == pytest.approx(12, abs=0.5)


@MODES
def test_what_it_does_to_a_tone_is_its_curve(mode):
    rate_hz, tone_hz = 8000, 1.7 * mode.high_hz
    tone = np.sin(2 * np.pi * tone_hz * np.arange(4 * rate_hz) / rate_hz).astype(np.float32)
    steady = mode.apply(tone, rate_hz)[2 * rate_hz :]
    assert steady.dtype == np.float32
    assert 20 * np.log10(np.sqrt(2) * steady.std()) == pytest.approx(gain_db(mode, rate_hz, tone_hz)[0], abs=0.02)


def test_where_the_sound_ends_below_the_upper_corner_only_the_lower_one_remains():
    mode = StethoscopeFilter("extended", 50.0, 500.0)
    np.testing.assert_allclose(gain_db(mode, 1000, [50, 400]), [-3.01, 0], atol=0.01)


def test_a_rate_that_is_too_low_is_refused():
    with pytest.raises(AudioError, match="diaphragm filter begins at 100 Hz; 200 Hz is too low"):
        StethoscopeFilter("diaphragm", 100.0, 500.0).sections(200)
