"""Gains, levels and spectra of batches of waveforms."""

import math

import torch
from torch import Tensor

from resp.augment.contract import is_number
from resp.augment.errors import AugmentError


def decibels(gain_db: Tensor) -> Tensor:
    """Return the factor of an amplitude that ``gain_db`` stands for."""
    factor: Tensor = (gain_db * (math.log(10) / 20)).exp()
    return factor


def peaks(waveform: Tensor) -> tuple[Tensor, Tensor]:
    """Return the peaks of a batch [batch, time], [batch, 1]: as they are, and to divide by (never zero)."""
    peak = waveform.abs().amax(dim=1, keepdim=True)
    return peak, peak.clamp(min=1e-30)


def add_at_ratio(waveform: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
    """Add noise [batch, time] at signal-to-noise ratios [batch, 1], of mean powers over the whole clip."""
    power = noise.square().mean(dim=1, keepdim=True).clamp(min=torch.finfo(noise.dtype).tiny)
    wanted = waveform.square().mean(dim=1, keepdim=True).sqrt() * decibels(-snr_db)
    return waveform + noise * (wanted / power.sqrt())


def filter_spectrum(waveform: Tensor, gain: Tensor) -> Tensor:
    """Multiply the spectrum of a waveform with real gains: no phase changes, and the ends wrap around.

    Parameters
    ----------
    waveform
        [batch, time].
    gain
        [batch, time // 2 + 1], at the frequencies `frequencies_hz` gives.
    """
    spectrum = torch.fft.rfft(waveform) * gain
    filtered: Tensor = torch.fft.irfft(spectrum, n=waveform.shape[-1])
    return filtered


def frequencies_hz(waveform: Tensor, rate_hz: int) -> Tensor:
    """Return the frequencies of a waveform's spectrum in Hz, [time // 2 + 1]."""
    frequencies: Tensor = torch.fft.rfftfreq(waveform.shape[-1], 1 / rate_hz, device=waveform.device)
    return frequencies


def check_rate(rate_hz: int, least_hz: int = 1) -> int:
    """Return ``rate_hz``; `AugmentError` where it is no number from ``least_hz`` on."""
    if not is_number(rate_hz) or not least_hz <= rate_hz < math.inf:
        raise AugmentError(f"rate_hz {rate_hz!r}; expected a number of Hz from {least_hz} on")
    return rate_hz
