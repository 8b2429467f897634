"""Time shift: a breath cycle has no fixed first sample."""

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, uniform


class TimeShift(WaveformTransform[Tensor]):
    """Shift each sample in time; what leaves at one end comes back at the other.

    It keeps a label of the whole clip. Labels with times (start and end of an event) would have to move too.

    Parameters
    ----------
    shift_share
        (lowest, highest) shift as a share of the clip, within −1 to 1; positive is later.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        ``shift_share`` runs backwards or leaves [−1, 1], or ``probability`` is not in [0, 1].
    """

    def __init__(self, shift_share: Span = (-0.5, 0.5), probability: float = 1.0) -> None:
        super().__init__(probability)
        self.shift_share = check_span("shift_share", shift_share, low=-1, high=1)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the shifts in samples, int64 [batch, 1]."""
        return (uniform(waveform, self.shift_share, generator) * waveform.shape[1]).round().long()

    def apply(self, waveform: Tensor, drawn: Tensor) -> Tensor:
        """Return the batch, each row rolled by its shift."""
        places = torch.arange(waveform.shape[1], device=waveform.device) - drawn
        return waveform.gather(1, places % waveform.shape[1])
