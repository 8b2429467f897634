import numpy as np
import pytest
import torch
from scipy import signal

from resp.features.errors import FeatureError
from resp.features.stft import istft, stft


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("window", [4, 64, 512])
@pytest.mark.parametrize("length", [1, 2, 3, 127, 128, 511, 512, 513, 1999])
def test_every_sample_comes_back_whatever_the_length(window: int, length: int) -> None:
    waveform = _noise(2, length)
    back = istft(stft(waveform, window), window, length)
    assert back.shape == waveform.shape
    assert torch.allclose(back, waveform, rtol=0, atol=1e-12)


def test_the_transform_is_that_of_scipy() -> None:
    waveform = _noise(2048)
    _, _, reference = signal.stft(waveform.numpy(), window="hann", nperseg=256, noverlap=192, boundary="zeros")
    # scipy divides by the sum of the window.
    expected = reference * signal.get_window("hann", 256).sum()
    assert np.allclose(stft(waveform, 256).numpy(), expected, atol=1e-10)


def test_a_changed_spectrum_becomes_the_sound_that_scipy_makes_of_it() -> None:
    spectrum = stft(_noise(2048), 256) * _noise(129, 33, seed=1)
    scale = signal.get_window("hann", 256).sum()
    _, expected = signal.istft(spectrum.numpy() / scale, window="hann", nperseg=256, noverlap=192)
    assert np.allclose(istft(spectrum, 256, 2048).numpy(), expected, atol=1e-10)


def test_axes_before_time_stay() -> None:
    waveform = _noise(3, 2, 500)
    spectrum = stft(waveform, 64)
    assert spectrum.shape == (3, 2, 33, 1 + 500 // 16)
    assert torch.equal(spectrum[1, 1], stft(waveform[1, 1], 64))
    assert torch.allclose(istft(spectrum, 64, 500), waveform)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    waveform = _noise(2, 700).to(dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        spectrum = stft(waveform, 64)
        back = istft(spectrum, 64, 700)
    assert spectrum.dtype == torch.complex64
    assert torch.allclose(back, waveform.float(), atol=1e-5)


def test_what_cannot_be_transformed_is_refused() -> None:
    for window in (0, -4, 30, 64.0, True):
        with pytest.raises(FeatureError, match="multiple of 4"):
            stft(torch.zeros(9), window)  # type: ignore[arg-type]
    with pytest.raises(FeatureError, match="empty"):
        stft(torch.zeros(2, 0), 64)
    with pytest.raises(FeatureError, match="floating point"):
        stft(torch.zeros(9, dtype=torch.int64), 64)
    for spectrum in (torch.zeros(33, 5), torch.zeros(33, 6, dtype=torch.complex64)):
        with pytest.raises(FeatureError, match=r"\(33, 5\)"):
            istft(spectrum, 64, 64)
