"""Fades, fixed lengths and windows, against the rules written out by hand."""

from itertools import pairwise

import numpy as np
import pytest

from resp.audio import AudioError, cut_windows, fade_ends, fit_length, spread_windows


@pytest.fixture
def waveform() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(50).astype(np.float32)


def test_fade_ends(waveform):
    before = waveform.copy()
    faded = fade_ends(waveform, 5)
    np.testing.assert_allclose(faded[:5], before[:5] * [0, 0.25, 0.5, 0.75, 1], rtol=1e-6)
    np.testing.assert_allclose(faded[-5:], before[-5:] * [1, 0.75, 0.5, 0.25, 0], rtol=1e-6)
    np.testing.assert_array_equal(faded[5:-5], before[5:-5])
    np.testing.assert_array_equal(waveform, before)
    assert faded.dtype == np.float32


def test_no_fade_is_a_copy(waveform):
    same = fade_ends(waveform, 0)
    np.testing.assert_array_equal(same, waveform)
    assert not np.shares_memory(same, waveform)


def test_a_fade_longer_than_the_sound():
    np.testing.assert_allclose(fade_ends(np.ones(3), 1000), [0, 0.25, 0])
    assert fade_ends(np.zeros(0), 10).size == 0


def test_channels_fade_alike(waveform):
    stereo = np.stack([waveform, 2 * waveform])
    np.testing.assert_allclose(fade_ends(stereo, 7)[1], 2 * fade_ends(waveform, 7), rtol=1e-6)


def test_longer_keeps_its_beginning(waveform):
    np.testing.assert_array_equal(fit_length(waveform, 20, fade_samples=5), waveform[:20])


def test_exact_is_untouched(waveform):
    same = fit_length(waveform, 50, fade_samples=5)
    np.testing.assert_array_equal(same, waveform)
    assert not np.shares_memory(same, waveform)


def test_shorter_is_repeated_cut_and_faded(waveform):
    expected = np.array([waveform[index % 50] for index in range(128)])
    expected[-5:] *= [1, 0.75, 0.5, 0.25, 0]
    before = waveform.copy()
    np.testing.assert_allclose(fit_length(waveform, 128, fade_samples=5), expected, rtol=1e-6)
    np.testing.assert_array_equal(waveform, before)


def test_shorter_is_filled_with_zeros(waveform):
    fitted = fit_length(waveform, 70, "zero", fade_samples=3)
    np.testing.assert_array_equal(fitted[:47], waveform[:47])
    np.testing.assert_allclose(fitted[47:50], waveform[47:] * [1, 0.5, 0], rtol=1e-6)
    assert not fitted[50:].any()
    np.testing.assert_array_equal(fit_length(waveform, 70, "zero")[:50], waveform)


def test_channels_fit_alike(waveform):
    stereo = np.stack([waveform, -waveform])
    assert fit_length(stereo, 120).shape == (2, 120)
    assert fit_length(stereo, 120, "zero").shape == (2, 120)


@pytest.mark.parametrize(("there", "length", "hop"), [(100, 30, 10), (100, 30, 30), (101, 30, 7), (30, 30, 5)])
def test_windows_cover_everything(there, length, hop):
    waveform = np.arange(there, dtype=np.float32)
    windows = cut_windows(waveform, length, hop)
    starts = [start for start, _ in windows]
    assert starts[0] == 0
    assert starts[-1] == there - length
    assert starts == sorted(set(starts))
    assert all(after - before <= hop for before, after in pairwise(starts))
    for start, window in windows:
        np.testing.assert_array_equal(window, waveform[start : start + length])
        assert not np.shares_memory(window, waveform)


def test_a_short_clip_is_one_window(waveform):
    [(start, window)] = cut_windows(waveform, 128, 64, fade_samples=5)
    assert start == 0
    np.testing.assert_array_equal(window, fit_length(waveform, 128, fade_samples=5))


@pytest.mark.parametrize("count", [2, 3, 10])
@pytest.mark.parametrize(("there", "length"), [(100, 30), (103, 30), (1000, 1), (61, 60)])
def test_spread_windows_are_as_even_as_samples_allow(there, length, count):
    windows = spread_windows(np.arange(there, dtype=np.float32), length, count)
    starts = [int(window[0]) for window in windows]
    for window in windows:
        np.testing.assert_array_equal(window, window[0] + np.arange(length))
    assert (len(starts), starts[0], starts[-1]) == (count, 0, there - length)
    step = (there - length) / (count - 1)
    for number, start in enumerate(starts):
        assert 0 <= number * step - start < 1 or start == pytest.approx(number * step)


def test_a_lone_window_lies_in_the_middle(waveform):
    (window,) = spread_windows(waveform, 11, 1)
    np.testing.assert_array_equal(window, waveform[19:30])
    assert not np.shares_memory(window, waveform)


@pytest.mark.parametrize("length", [50, 128])
def test_windows_that_would_all_be_the_same_are_one(waveform, length):
    (window,) = spread_windows(waveform, length, 10, "zero", 5)
    np.testing.assert_array_equal(window, fit_length(waveform, length, "zero", 5))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fade_ends(3.0, 1), "single number"),
        (lambda: fade_ends([1.0], -1), "expected 0 or more"),
        (lambda: fit_length([1.0], 0), "expected at least 1"),
        (lambda: fit_length([], 5), "empty waveform"),
        (lambda: fit_length([1.0], 5, "mirror"), "expected 'repeat' or 'zero'"),
        (lambda: cut_windows([1.0], 5, 0), "expected a hop of 1 to 5"),
        (lambda: cut_windows([1.0], 5, 6), "expected a hop of 1 to 5"),
        (lambda: cut_windows([1.0], 0, 1), "expected at least 1"),
        (lambda: spread_windows([1.0], 1, 0), "expected at least 1"),
        (lambda: spread_windows([1.0], 0, 2), "expected at least 1"),
    ],
)
def test_what_cannot_be_cut(call, message):
    with pytest.raises(AudioError, match=message):
        call()
