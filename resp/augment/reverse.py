"""Reverse: the clip backwards."""

import torch
from torch import Tensor

from resp.augment.contract import WaveformTransform


class Reverse(WaveformTransform[None]):
    """Play each sample backwards.

    Parameters
    ----------
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        ``probability`` is not in [0, 1].
    """

    def __init__(self, probability: float = 0.5) -> None:
        super().__init__(probability)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> None:
        """Draw nothing: which samples are reversed is the probability's part."""

    def apply(self, waveform: Tensor, drawn: None) -> Tensor:  # noqa: ARG002
        """Return the batch backwards."""
        return waveform.flip(1)
