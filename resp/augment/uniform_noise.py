"""Additive noise of uniformly distributed samples."""

from dataclasses import dataclass

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, uniform
from resp.augment.spectrum import add_at_ratio


@dataclass(frozen=True, slots=True)
class UniformDraw:
    """Noise of a batch.

    Parameters
    ----------
    noise
        [batch, time] numbers uniform in [−1, 1).
    snr_db
        [batch, 1] signal-to-noise ratios.
    """

    noise: Tensor
    snr_db: Tensor


class UniformNoise(WaveformTransform[UniformDraw]):
    """Add white noise whose samples are uniformly distributed, at a random signal-to-noise ratio.

    The ratio is of mean powers over the whole clip, so silence stays silent.

    Parameters
    ----------
    snr_db
        (lowest, highest) signal-to-noise ratio.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        ``snr_db`` runs backwards or is not finite, or ``probability`` is not in [0, 1].
    """

    def __init__(self, snr_db: Span = (10.0, 40.0), probability: float = 1.0) -> None:
        super().__init__(probability)
        self.snr_db = check_span("snr_db", snr_db)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> UniformDraw:
        """Draw noise and ratios."""
        noise = 2 * torch.rand(waveform.shape, generator=generator, device=generator.device) - 1
        return UniformDraw(noise.to(waveform.device), uniform(waveform, self.snr_db, generator))

    def apply(self, waveform: Tensor, drawn: UniformDraw) -> Tensor:
        """Return the batch with its noise added."""
        return add_at_ratio(waveform, drawn.noise.to(waveform.dtype), drawn.snr_db)
