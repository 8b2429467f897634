"""Time scale: another speed of the tape, pitch included (BC learning)."""

import math

import numpy as np
import torch
from torch import Tensor

from resp.audio.time_scale import rescale_time, rescaled_length
from resp.augment.clipwise import Clip, ClipwiseTransform
from resp.augment.contract import Span, check_span, uniform


class TimeScale(ClipwiseTransform):
    """Play each clip a random factor longer or shorter; see `resp.audio.rescale_time`.

    The clip keeps its length: of a longer one a random part is kept, a shorter one lies at a random place between
    zeros. BC learning scales before it pads and crops; for that, see the recipe's ``training.time_scale``.

    Parameters
    ----------
    factor
        (lowest, highest) factor of the duration, uniform on a logarithmic axis; above 1 is longer and lower.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        Factors that are not within 0.1 to 10, or ``probability`` is not in [0, 1].
    """

    def __init__(self, factor: Span = (0.8, 1.25), probability: float = 1.0) -> None:
        super().__init__(probability)
        self.factor = check_span("factor", factor, low=0.1, high=10)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw factors and places (0 first, 1 last), [batch, 2]."""
        octaves = uniform(waveform, (math.log2(self.factor[0]), math.log2(self.factor[1])), generator)
        return torch.cat([octaves.exp2(), uniform(waveform, (0.0, 1.0), generator)], dim=1)

    def change(self, clip: Clip, drawn: Tensor) -> Clip:
        """Return a clip at its new speed."""
        factor, place = drawn.tolist()
        time = len(clip)
        spare = rescaled_length(time, factor) - time
        if spare >= 0:
            start = round(place * spare)
            return rescale_time(clip, factor, start, start + time)
        before = round(place * -spare)
        return np.pad(rescale_time(clip, factor), (before, -spare - before))
