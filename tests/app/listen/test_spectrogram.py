"""The spectrogram as it is sent to the browser: right in frequency, time and level, and bounded."""

import numpy as np
import pytest

pytest.importorskip("streamlit")
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from resp_page.listen.spectrogram import CEILING_DB, FLOOR_DB, IN_PITCH, IN_TIME, SLOPE_DB, spectrogram

WINDOW_S = IN_PITCH.window_s
STEP_DB = (CEILING_DB - FLOOR_DB) / 255


@pytest.mark.parametrize("rate_hz", [4000, 8000, 44_100])
@pytest.mark.parametrize("tone_hz", [750.0, 3000.0])
def test_a_tone_lies_at_its_frequency_and_time(noise, rate_hz, tone_hz):
    if tone_hz > rate_hz / 2:
        return
    time_s = np.arange(6 * rate_hz) / rate_hz
    tone = np.sin(2 * np.pi * tone_hz * time_s) * ((time_s > 2) & (time_s < 4)) + 0.1 * noise(6, rate_hz)
    made = spectrogram(tone.astype(np.float32), rate_hz)
    grid = made.low if tone_hz < 2000 else made.high
    loudest = grid.levels.max(axis=0)
    rows = np.flatnonzero(loudest == loudest.max())
    assert grid.first_hz + rows.mean() * grid.step_hz == pytest.approx(tone_hz, abs=grid.step_hz / 2 + 0.1)
    row = rows[0]
    heard = (np.flatnonzero(grid.levels[:, row] > grid.levels[:, row].max() - 40) + 0.5) * grid.hop_s
    assert heard.min() == pytest.approx(2, abs=WINDOW_S)
    assert heard.max() == pytest.approx(4, abs=WINDOW_S)


def test_levels_are_those_of_scipy(noise):
    rate_hz = 4000
    samples = noise(3, rate_hz)
    grid = spectrogram(samples, rate_hz).low
    width = round(WINDOW_S * rate_hz)
    transform = ShortTimeFFT(hann(width, sym=False), 20, rate_hz, mfft=400)
    # SciPy's columns are centred at p · hop, ours half a hop later.
    power = transform.spectrogram(np.roll(samples.astype(float), -10))[:, -transform.p_min :]
    level = 10 * np.log10(power) + SLOPE_DB * np.log2(np.clip(transform.f, 30, 2000) / 30)[:, None]
    inside = slice(20, 560)
    ours = grid.levels[inside].astype(float) * STEP_DB
    theirs = level.T[inside]
    fits = (grid.levels[inside] > 0) & (grid.levels[inside] < 255)
    assert fits.mean() > 0.95
    np.testing.assert_allclose((ours - theirs)[fits], np.median((ours - theirs)[fits]), atol=STEP_DB)


def test_a_minute_can_be_looked_at_second_by_second(noise):
    made = spectrogram(noise(60, 4000), 4000)
    assert made.low.hop_s <= 0.005
    assert made.low.step_hz <= 10


@pytest.mark.parametrize(("seconds", "rate_hz"), [(600, 8000), (3600, 4400)])
def test_a_long_recording_stays_small_and_no_crackle_falls_between_two_columns(noise, seconds, rate_hz):
    samples = 0.001 * noise(seconds, rate_hz)
    click_s = 0.4321 * seconds
    samples[round(click_s * rate_hz)] = 1.0
    made = spectrogram(samples, rate_hz)
    sizes = [made, spectrogram(samples, rate_hz, IN_TIME)] if seconds <= 600 else [made]
    assert sum(one.low.levels.nbytes + one.high.levels.nbytes for one in sizes) < 8_000_000
    loudest = made.low.levels.astype(int).sum(axis=1).argmax()
    assert (loudest + 0.5) * made.low.hop_s == pytest.approx(click_s, abs=made.low.hop_s + WINDOW_S)


def test_two_crackles_are_apart_in_time_and_two_tones_in_pitch(noise):
    rate_hz = 8000
    clicks = 0.0001 * noise(2, rate_hz)
    clicks[[8000, 8000 + 240]] = 1.0  # 30 ms
    time_s = np.arange(2 * rate_hz) / rate_hz
    tones = (np.sin(2 * np.pi * 400 * time_s) + np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)

    def valley(levels):
        """How far it falls between the first and the last of the highest places, in dB."""
        high = np.flatnonzero(levels > levels.max() - 4)
        return STEP_DB * (levels.max() - levels[high[0] : high[-1] + 1].min())

    def both(samples, axis):
        made = [spectrogram(samples, rate_hz, sharpness).low.levels for sharpness in (IN_PITCH, IN_TIME)]
        return [valley(levels[180:230].mean(axis=axis) if axis else levels.mean(axis=axis)) for levels in made]

    in_pitch, in_time = both(clicks, 1)
    assert in_time > 10 > 6 > in_pitch
    in_pitch, in_time = both(tones, 0)
    assert in_pitch > 10 > 6 > in_time


def test_what_ends_below_2_khz_has_one_grid(noise):
    assert spectrogram(noise(1, 4000), 4000).high is None


def test_silence_is_black_and_very_short_sound_can_be_drawn():
    assert spectrogram(np.zeros(4000, np.float32), 4000).low.levels.max() == 0
    for samples in (np.full(1, 0.1, np.float32), np.full(7, 0.1, np.float32)):
        assert spectrogram(samples, 4000).low.levels.shape[0] >= 1
