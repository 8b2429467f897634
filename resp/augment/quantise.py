"""Linear quantisation: an analogue-to-digital converter of few bits."""

import torch
from torch import Tensor

from resp.augment.contract import WaveformTransform, check_whole_span
from resp.augment.spectrum import peaks


class Quantise(WaveformTransform[Tensor]):
    """Round each clip to equal steps, as a converter does whose full scale is the clip's peak.

    With b bits there are 2^b − 1 levels between −peak and peak, zero among them, so that silence stays silent and a
    quiet clip is as coarse as a loud one. No dither.

    Parameters
    ----------
    bits
        (lowest, highest) number of bits, within 2 to 24; whole numbers, all alike.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        Bits out of 2 to 24, or ``probability`` is not in [0, 1].
    """

    def __init__(self, bits: tuple[int, int] = (4, 8), probability: float = 1.0) -> None:
        super().__init__(probability)
        self.bits = check_whole_span("bits", bits, low=2, high=24)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the bits, int64 [batch, 1]."""
        low, high = self.bits
        drawn = torch.randint(low, high + 1, (len(waveform), 1), generator=generator, device=generator.device)
        return drawn.to(waveform.device)

    def apply(self, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the quantised batch."""
        _, peak = peaks(waveform)
        step = peak / (2 ** (drawn - 1) - 1)
        return (waveform / step).round() * step
