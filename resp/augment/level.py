"""Every clip brought to one peak: what another augmentation did to the loudness is undone."""

import math

import torch
from torch import Tensor

from resp.augment.contract import WaveformTransform, is_number
from resp.augment.errors import AugmentError
from resp.augment.spectrum import peaks


class PeakLevel(WaveformTransform[None]):
    """Scale each clip to a peak; silence stays silence.

    For behind filters, where recordings are levelled before they are judged (``clip.level: peak``): otherwise a network
    would learn from clips louder or softer than any that it will hear.

    Parameters
    ----------
    peak
        The largest absolute sample of each clip afterwards.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        ``peak`` is not positive, or ``probability`` is not in [0, 1].
    """

    def __init__(self, peak: float = 1.0, *, probability: float = 1.0) -> None:
        super().__init__(probability)
        if not is_number(peak) or not 0 < peak < math.inf:
            raise AugmentError(f"peak {peak!r}; expected a positive number, 1 for full scale")
        self.peak = peak

    def draw(self, waveform: Tensor, generator: torch.Generator) -> None:
        """Draw nothing."""

    def apply(self, waveform: Tensor, drawn: None) -> Tensor:  # noqa: ARG002
        """Return the levelled batch."""
        _, divisor = peaks(waveform)
        return waveform * (self.peak / divisor)
