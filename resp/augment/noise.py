"""Additive coloured noise: rooms, friction, amplifiers."""

from dataclasses import dataclass

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, uniform
from resp.augment.spectrum import decibels, filter_spectrum


@dataclass(frozen=True, slots=True)
class NoiseDraw:
    """Noise of a batch.

    Parameters
    ----------
    white
        [batch, time] standard normal numbers.
    snr_db
        [batch, 1] signal-to-noise ratios.
    exponent
        [batch, 1] exponents of the power spectrum 1 / f^exponent.
    """

    white: Tensor
    snr_db: Tensor
    exponent: Tensor


class ColouredNoise(WaveformTransform[NoiseDraw]):
    """Add noise of a random colour at a random signal-to-noise ratio.

    The ratio is of mean powers over the whole clip, so silence stays silent.

    Parameters
    ----------
    snr_db
        (lowest, highest) signal-to-noise ratio.
    exponent
        (lowest, highest) exponent of the power spectrum 1 / f^exponent: 0 white, 1 pink, 2 brown, −1 blue.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        A span runs backwards or is not finite, or ``probability`` is not in [0, 1].
    """

    def __init__(self, snr_db: Span = (10.0, 40.0), exponent: Span = (0.0, 2.0), probability: float = 1.0) -> None:
        super().__init__(probability)
        self.snr_db = check_span("snr_db", snr_db)
        self.exponent = check_span("exponent", exponent)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> NoiseDraw:
        """Draw white noise, ratios and exponents."""
        white = torch.randn(waveform.shape, generator=generator, device=generator.device)
        return NoiseDraw(
            white.to(waveform.device),
            uniform(waveform, self.snr_db, generator),
            uniform(waveform, self.exponent, generator),
        )

    def apply(self, waveform: Tensor, drawn: NoiseDraw) -> Tensor:
        """Return the batch with its noise added."""
        bins = torch.arange(waveform.shape[1] // 2 + 1, device=waveform.device)
        # Bin 0 is a constant offset, which is no noise: a clip has none to add.
        gain = torch.where(bins > 0, bins.clamp(min=1) ** (-drawn.exponent / 2), 0.0)
        noise = filter_spectrum(drawn.white.to(waveform.dtype), gain)
        power = noise.square().mean(dim=1, keepdim=True).clamp(min=torch.finfo(noise.dtype).tiny)
        wanted = waveform.square().mean(dim=1, keepdim=True).sqrt() * decibels(-drawn.snr_db)
        return waveform + noise * (wanted / power.sqrt())
