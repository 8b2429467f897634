"""Trimming: known silence goes, everything between the first and the last sound stays."""

import numpy as np
import pytest

from resp.audio import AudioError, trim_ends

RATE_HZ = 8000
FRAME = 80


def sound(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, samples).astype(np.float32)


def trim_slowly(waveform: np.ndarray, rate_hz: int, below_peak_db: float) -> np.ndarray:
    """Frame by frame, in dB."""
    frame = max(round(rate_hz / 100), 1)
    frames = [waveform[at : at + frame] for at in range(0, len(waveform), frame)]
    peak = max(abs(float(value)) for value in waveform)
    if peak == 0:
        return waveform
    with np.errstate(divide="ignore"):
        heard = [20 * np.log10(np.abs(one).max() / peak) >= -below_peak_db for one in frames]
    while not heard[0]:
        heard, frames = heard[1:], frames[1:]
    while not heard[-1]:
        heard, frames = heard[:-1], frames[:-1]
    return np.concatenate(frames)


@pytest.mark.parametrize("below_peak_db", [3.0, 20.0, 60.0, 200.0])
@pytest.mark.parametrize("samples", [1, 79, 80, 4001])
def test_against_a_slow_loop(samples, below_peak_db):
    envelope = np.sin(np.linspace(0.001, np.pi - 0.001, samples)) ** 6
    waveform = (sound(samples) * envelope).astype(np.float32)
    np.testing.assert_array_equal(
        trim_ends(waveform, RATE_HZ, below_peak_db), trim_slowly(waveform, RATE_HZ, below_peak_db)
    )


def test_digital_silence_goes_and_pauses_stay():
    waveform = np.concatenate([np.zeros(5 * FRAME), sound(300), np.zeros(3000), sound(400, 1), np.zeros(9999)])
    trimmed = trim_ends(waveform, RATE_HZ, 60)
    assert len(trimmed) <= 300 + 3000 + 400 + FRAME
    np.testing.assert_array_equal(trimmed[:3700], waveform.astype(np.float32)[5 * FRAME : 5 * FRAME + 3700])
    assert not trimmed[3700:].any()


def test_silence_that_was_coded_lossily_goes_too():
    hiss = 1e-4 * sound(4000, 2)
    waveform = np.concatenate([hiss, sound(800), hiss])
    assert len(trim_ends(waveform, RATE_HZ, 60)) == 800
    assert len(trim_ends(waveform, RATE_HZ, 100)) == len(waveform)


def test_a_pass_through_zero_is_no_silence():
    slow = np.sin(2 * np.pi * 20 * np.arange(RATE_HZ) / RATE_HZ)
    assert len(trim_ends(slow, RATE_HZ, 20)) == RATE_HZ


@pytest.mark.parametrize("samples", [0, 1, 500])
def test_silence_throughout_is_left_whole(samples):
    assert trim_ends(np.zeros(samples), RATE_HZ, 60).shape == (samples,)


def test_a_lone_click_keeps_its_frame():
    waveform = np.zeros(2000, dtype=np.float32)
    waveform[777] = -1e-6
    trimmed = trim_ends(waveform, RATE_HZ, 60)
    np.testing.assert_array_equal(trimmed, waveform[720:800])
    assert not np.shares_memory(trimmed, waveform)


def test_channels_are_trimmed_alike():
    left = np.concatenate([sound(FRAME), np.zeros(5 * FRAME)])
    stereo = np.stack([left, left[::-1]])
    assert trim_ends(stereo, RATE_HZ, 60).shape == (2, 6 * FRAME)
    assert trim_ends(np.stack([left, 0.1 * left]), RATE_HZ, 60).shape == (2, FRAME)


@pytest.mark.parametrize(
    ("waveform", "rate_hz", "below_peak_db", "message"),
    [
        (1.0, 8000, 60, "single number"),
        ([1.0], 0, 60, "expected positive numbers"),
        ([1.0], 8000, 0, "expected positive numbers"),
        ([1.0], 8000, float("nan"), "expected positive numbers"),
    ],
)
def test_what_cannot_be_trimmed(waveform, rate_hz, below_peak_db, message):
    with pytest.raises(AudioError, match=message):
        trim_ends(waveform, rate_hz, below_peak_db)
