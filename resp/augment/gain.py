"""Random gain: a stethoscope held more or less firmly, a thicker or thinner chest wall."""

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, uniform
from resp.augment.spectrum import decibels


class RandomGain(WaveformTransform[Tensor]):
    """Multiply each sample by a gain that is uniform in dB.

    Parameters
    ----------
    gain_db
        (lowest, highest) gain. Nothing is clipped: samples may leave [−1, 1].
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        ``gain_db`` runs backwards or is not finite, or ``probability`` is not in [0, 1].
    """

    def __init__(self, gain_db: Span = (-12.0, 12.0), probability: float = 1.0) -> None:
        super().__init__(probability)
        self.gain_db = check_span("gain_db", gain_db)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the gains in dB, [batch, 1]."""
        return uniform(waveform, self.gain_db, generator)

    def apply(self, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the batch at its new gains."""
        return waveform * decibels(drawn)
