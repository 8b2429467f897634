"""Mel-frequency cepstral coefficients (Davis and Mermelstein 1980), as Kaldi computes them."""

import math

import torch
from torch import Tensor

from resp.features.errors import FeatureError
from resp.features.fbank import log_mel
from resp.features.settings import FilterBankSettings
from resp.features.tensors import Waveform

DEFAULT_BINS = 23


def mfcc(
    waveform: Waveform,
    rate_hz: int,
    coefficients: int = 13,
    *,
    settings: FilterBankSettings | None = None,
    lifter: float = 22.0,
) -> Tensor:
    """Compute the first cepstral coefficients of every frame.

    They are the orthonormal DCT-II of the log-mel energies, coefficient 0 among them, and equal
    ``torchaudio.compliance.kaldi.mfcc`` with ``use_energy=False`` and a Hann window.

    Parameters
    ----------
    waveform
        [..., time] floating-point samples, tensor or array, nominally in [−1, 1].
    rate_hz
        Their sampling rate in Hz.
    coefficients
        How many coefficients to keep, at most the number of mel bins.
    settings
        The filter bank; 23 bins from frames of 25 ms every 10 ms where None.
    lifter
        L: coefficient n is multiplied by 1 + L/2 · sin(πn / L), which brings the high ones to the scale of
        the low ones; 0 leaves it out.

    Returns
    -------
    Tensor
        [..., frames, coefficients].

    Raises
    ------
    FeatureError
        As `log_mel`; more coefficients than bins, or fewer than one; a negative lifter.
    """
    if settings is None:
        settings = FilterBankSettings.read({"rate_hz": rate_hz, "bins": DEFAULT_BINS})
    if not 1 <= coefficients <= settings.bins:
        raise FeatureError(f"{coefficients} coefficients of {settings.bins} mel bins; expected 1 to {settings.bins}")
    if not lifter >= 0:
        raise FeatureError(f"a lifter of {lifter}; expected 0 (none) or a positive number")
    spectrogram = log_mel(waveform, rate_hz, settings=settings)
    matrix = cosine_transform(settings.bins, coefficients)
    if lifter:
        order = torch.arange(coefficients, dtype=torch.float64)
        matrix = matrix * (1 + lifter / 2 * torch.sin(math.pi * order / lifter))
    # In float64, which TF32 and autocast leave alone, and this small product costs nothing.
    return (spectrogram.double() @ matrix.to(spectrogram.device)).to(spectrogram.dtype)


def cosine_transform(size: int, coefficients: int) -> Tensor:
    """Return the first columns of the orthonormal DCT-II.

    Returns
    -------
    Tensor
        float64 [size, coefficients]: √(2 / size) · cos(π / size · (i + ½) · n), its column 0 divided by √2.
    """
    place = torch.arange(size, dtype=torch.float64).unsqueeze(1) + 0.5
    order = torch.arange(coefficients, dtype=torch.float64)
    matrix = torch.cos(math.pi / size * place * order) * math.sqrt(2 / size)
    matrix[:, 0] /= math.sqrt(2)
    return matrix
