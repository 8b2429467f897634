import math

import numpy as np
import pytest
import torch
from scipy import signal

from resp.features import FeatureError, istft, magnitude_waveform, phase_waveform, stft

WINDOWS = [64, 512]


def noise(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def spectral_convergence(waveform, wanted, window):
    return float((stft(waveform, window).abs() - wanted).norm() / wanted.norm())


def level_db(waveform, wanted, window):
    return 20 * math.log10(float(stft(waveform, window).abs().norm() / wanted.norm()))


def frame_by_frame(waveform, window, changed):
    """Windowed frames, each changed, windowed again, added and divided by the sum of the squared windows."""
    hop, taper = window // 4, signal.get_window("hann", window)
    padded = np.concatenate([np.zeros(window // 2), waveform, np.zeros(window)])
    total, weight = np.zeros_like(padded), np.zeros_like(padded)
    for start in range(0, len(waveform) + 1, hop):
        total[start : start + window] += taper * changed(taper * padded[start : start + window])
        weight[start : start + window] += taper**2
    whole = slice(window // 2, window // 2 + len(waveform))
    return total[whole] / weight[whole]


# Phase


@pytest.mark.parametrize("window", WINDOWS)
def test_phase_waveforms_are_the_frames_of_equal_magnitudes(window):
    sound = noise(1500)

    def whitened(frame):
        spectrum = np.fft.fft(frame)
        return np.fft.ifft(spectrum / np.abs(spectrum)).real

    def reversed_about_the_middle(frame):
        return np.roll(whitened(frame)[::-1], 1)

    forwards = frame_by_frame(sound.numpy(), window, whitened)
    backwards = frame_by_frame(sound.numpy(), window, reversed_about_the_middle)
    np.testing.assert_allclose(phase_waveform(sound, window, sign=1).numpy(), forwards, atol=1e-12)
    np.testing.assert_allclose(phase_waveform(sound, window).numpy(), backwards, atol=1e-12)


@pytest.mark.parametrize(("sign", "level", "convergence"), [(1, -0.6, 0.33), (-1, -3.5, 0.48)])
@pytest.mark.parametrize("window", WINDOWS)
def test_magnitudes_of_phase_waveforms_are_flat_as_far_as_windows_overlap(window, sign, level, convergence):
    sound = noise(100 * window)
    flat = torch.ones_like(stft(sound, window).abs())
    flattened = phase_waveform(sound, window, sign=sign)
    measured = spectral_convergence(flattened, flat, window)
    kept = 10 ** (level_db(flattened, flat, window) / 20)
    # The inverse is a projection.
    assert measured <= math.sqrt(1 - kept**2)
    assert measured == pytest.approx(convergence, abs=0.03)
    assert level_db(flattened, flat, window) == pytest.approx(level, abs=0.3)


def test_a_phase_waveform_of_a_coloured_sound_is_flatter_than_the_sound():
    sound = torch.from_numpy(signal.lfilter([1], [1, -0.95], noise(20_000).numpy()))

    def spread_db(waveform):
        power = stft(waveform, 256).abs().square().mean(-1)
        return float(10 * (power.max() / power.min()).log10())

    assert spread_db(sound) > 25
    for sign in (-1, 1):
        assert spread_db(phase_waveform(sound, 256, sign=sign)) < 4


def test_the_phase_knows_no_level_but_the_sign():
    sound = noise(2, 900)
    for sign in (-1, 1):
        phase = phase_waveform(sound, 64, sign=sign)
        torch.testing.assert_close(phase_waveform(1000 * sound, 64, sign=sign), phase)
        torch.testing.assert_close(phase_waveform(-sound, 64, sign=sign), -phase)


def test_the_level_is_that_of_unit_magnitudes():
    for window in WINDOWS:
        rms = float(phase_waveform(noise(200 * window), window, sign=1).square().mean().sqrt())
        most = math.sqrt(8 / (3 * window))
        assert 0.9 * most < rms < most


# Magnitude


@pytest.mark.parametrize("window", WINDOWS)
def test_magnitude_waveforms_are_frames_of_pulses(window):
    sound = noise(1500)

    def from_the_start(frame):
        return np.fft.ifft(np.abs(np.fft.fft(frame))).real

    def from_the_middle(frame):
        return np.fft.fftshift(from_the_start(frame))

    for origin, changed in (("start", from_the_start), ("middle", from_the_middle)):
        expected = frame_by_frame(sound.numpy(), window, changed)
        np.testing.assert_allclose(magnitude_waveform(sound, window, origin=origin).numpy(), expected, atol=1e-12)
    assert torch.equal(magnitude_waveform(sound, window), magnitude_waveform(sound, window, origin="middle"))


@pytest.mark.parametrize(("origin", "level", "convergence"), [("middle", -2.2, 0.56), ("start", -16.2, 0.88)])
def test_how_much_of_the_magnitudes_is_left(origin, level, convergence):
    for window in WINDOWS:
        sound = noise(100 * window)
        wanted = stft(sound, window).abs()
        made = magnitude_waveform(sound, window, origin=origin)
        assert level_db(made, wanted, window) == pytest.approx(level, abs=0.5)
        assert spectral_convergence(made, wanted, window) == pytest.approx(convergence, abs=0.03)


def test_the_magnitude_knows_the_level_but_not_the_sign():
    sound = noise(2, 900)
    magnitude = magnitude_waveform(sound, 64)
    torch.testing.assert_close(magnitude_waveform(1000 * sound, 64), 1000 * magnitude)
    torch.testing.assert_close(magnitude_waveform(-sound, 64), magnitude)


# Both


def test_magnitude_and_phase_together_are_the_sound():
    sound = noise(700)
    spectrum = stft(sound, 64)
    whole = istft(spectrum.abs() * torch.sgn(spectrum), 64, 700)
    torch.testing.assert_close(whole, sound)
    # Of one frame, what neighbours make of it aside, the paper's eq. 2: X · H = |X|.
    torch.testing.assert_close(spectrum * torch.sgn(spectrum).conj(), spectrum.abs() + 0j)


@pytest.mark.parametrize("made", [phase_waveform, magnitude_waveform])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_silence_is_silent_and_has_a_finite_gradient(made, dtype):
    silence = torch.zeros(2, 500, dtype=dtype, requires_grad=True)
    waveform = made(silence, 64)
    assert waveform.shape == (2, 500)
    assert not waveform.any()
    waveform.square().sum().backward()
    assert silence.grad.isfinite().all()


@pytest.mark.parametrize("made", [phase_waveform, magnitude_waveform])
@pytest.mark.parametrize("length", [1, 15, 63, 64, 65, 1001])
def test_any_length_and_any_axes_in_front(made, length):
    sound = noise(3, 2, length)
    waveform = made(sound, 64)
    assert waveform.shape == sound.shape
    assert waveform.isfinite().all()
    torch.testing.assert_close(waveform[1, 1], made(sound[1, 1].numpy(), 64).double(), atol=1e-5, rtol=1e-4)


def test_what_is_neither_is_refused():
    with pytest.raises(FeatureError, match="sign=0; expected -1 or 1"):
        phase_waveform(noise(100), 64, sign=0)
    with pytest.raises(FeatureError, match="origin='end'; expected 'middle' or 'start'"):
        magnitude_waveform(noise(100), 64, origin="end")
    for made in (phase_waveform, magnitude_waveform):
        with pytest.raises(FeatureError, match="multiple of 4"):
            made(noise(100), 30)
