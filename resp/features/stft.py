"""The short-time Fourier transform and its inverse, for any length of sound.

Periodic Hann windows that overlap by three quarters, zeros beyond both ends, and an inverse that divides by the
sum of the squared windows: an unchanged spectrum gives back every sample, the first and the last one too,
whatever the length of the sound (Griffin and Lim, IEEE Trans. ASSP 32(2), 1984, eq. 6).
"""

import torch
from torch import Tensor

from resp.features.errors import FeatureError
from resp.features.tensors import Waveform, as_waveform, full_precision

OVERLAP = 4
"""How many windows lie over each sample."""


def stft(waveform: Waveform, window: int) -> Tensor:
    """Return the short-time Fourier transform.

    Parameters
    ----------
    waveform
        [..., time] floating-point samples, of any length above none; half precision is computed in float32.
    window
        Window length in samples, a multiple of four; it moves by a quarter of it.

    Returns
    -------
    Tensor
        complex [..., window / 2 + 1, 1 + ⌊time / (window / 4)⌋]; frame n is centred at sample n · window / 4.

    Raises
    ------
    FeatureError
        No samples, or a window that is no positive multiple of four.

    Examples
    --------
    >>> import torch
    >>> stft(torch.zeros(2, 1000), 512).shape
    torch.Size([2, 257, 8])
    """
    samples = as_waveform(waveform)
    check_stft_window(window)
    if 0 in samples.shape:
        raise FeatureError(f"samples of shape {tuple(samples.shape)}; expected [..., time], none of them empty")
    rows = samples.reshape(-1, samples.shape[-1])
    with full_precision(samples.device):
        spectrum = torch.stft(
            rows,
            window,
            hop_length=window // OVERLAP,
            window=_hann(window, samples),
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
    return spectrum.reshape(*samples.shape[:-1], *spectrum.shape[-2:])


def istft(spectrum: Tensor, window: int, length: int) -> Tensor:
    """Return the waveform whose transform is nearest to ``spectrum`` in the least-squares sense.

    Parameters
    ----------
    spectrum
        complex [..., bins, frames] of a waveform of ``length`` samples, changed or not.
    window, length
        As they were in `stft`, in samples.

    Returns
    -------
    Tensor
        [..., length].

    Raises
    ------
    FeatureError
        A window that is no positive multiple of four, or a spectrum that `stft` does not give with it.
    """
    check_stft_window(window)
    expected = stft_shape(length, window)
    if not spectrum.is_complex() or 0 in spectrum.shape or spectrum.shape[-2:] != expected:
        raise FeatureError(
            f"a spectrum of shape {tuple(spectrum.shape)} and type {spectrum.dtype}; expected a complex one that "
            f"ends in {expected} for {length} samples and a window of {window}"
        )
    rows = spectrum.reshape(-1, *spectrum.shape[-2:])
    with full_precision(spectrum.device):
        waveform = torch.istft(
            rows,
            window,
            hop_length=window // OVERLAP,
            window=_hann(window, spectrum.real),
            center=True,
            length=length,
        )
    return waveform.reshape(*spectrum.shape[:-2], length)


def stft_shape(length: int, window: int) -> tuple[int, int]:
    """Return how many bins and frames `stft` makes of ``length`` samples with a ``window``."""
    return window // 2 + 1, 1 + length // (window // OVERLAP)


def check_stft_window(window: int) -> None:
    """Raise `FeatureError` unless ``window`` is a positive multiple of four."""
    if type(window) is not int or window < OVERLAP or window % OVERLAP:
        raise FeatureError(f"a window of {window!r} samples; expected a whole multiple of {OVERLAP}")


def _hann(window: int, like: Tensor) -> Tensor:
    return torch.hann_window(window, periodic=True, dtype=like.dtype, device=like.device)
