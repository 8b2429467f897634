"""The mel scale and its triangular filters."""

import math

import torch
from torch import Tensor


def hz_to_mel(frequency_hz: float) -> float:
    """Return a frequency in mel: 1127 · ln(1 + f / 700) (O'Shaughnessy 1987, as in HTK and Kaldi)."""
    return 1127.0 * math.log1p(frequency_hz / 700.0)


def mel_centres_hz(bins: int, low_hz: float, high_hz: float) -> Tensor:
    """Return where the filters of `mel_weights` peak, in Hz, float64 [bins]."""
    low_mel, high_mel = hz_to_mel(low_hz), hz_to_mel(high_hz)
    mel = low_mel + (high_mel - low_mel) / (bins + 1) * torch.arange(1, bins + 1, dtype=torch.float64)
    return 700.0 * torch.expm1(mel / 1127.0)


def mel_weights(rate_hz: int, n_fft: int, bins: int, low_hz: float, high_hz: float) -> Tensor:
    """Make triangular filters that are linear on the mel scale, not in Hz, as Kaldi makes them.

    Filter b rises from mel point b to 1 at point b + 1 and falls to 0 at point b + 2 of ``bins + 2`` points
    equally spaced in mel. The last FFT bin (the Nyquist frequency) belongs to no filter.

    Returns
    -------
    Tensor
        float32 [bins, n_fft // 2 + 1].
    """
    low_mel = hz_to_mel(low_hz)
    step_mel = (hz_to_mel(high_hz) - low_mel) / (bins + 1)
    # float32 from here on: a filter that only just touches an FFT bin has a weight made of rounding,
    # and pretrained weights expect the weight that float32 gives.
    peaks = torch.arange(bins).unsqueeze(1)
    left, centre, right = (low_mel + (peaks + offset) * step_mel for offset in (0.0, 1.0, 2.0))
    bin_hz = (rate_hz / n_fft) * torch.arange(n_fft // 2)
    bin_mel = 1127.0 * (1.0 + bin_hz / 700.0).log()
    rising = (bin_mel - left) / (centre - left)
    falling = (right - bin_mel) / (right - centre)
    weights = torch.minimum(rising, falling).clamp(min=0.0)
    return torch.nn.functional.pad(weights, (0, 1))
