"""The augmentations of a waveform, one after another."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from resp.augment.contract import WaveformTransform
from resp.augment.settings import WaveformAugmentation


class WaveformAugment:
    """Waveform augmentations in the order in which they are given, each sample of a batch changed in its own way.

    Parameters
    ----------
    transforms
        The augmentations.

    Examples
    --------
    >>> import torch
    >>> asked = [WaveformAugmentation(name="gain", probability=0.5, settings={"gain_db": (-6, 6)})]
    >>> augment = WaveformAugment.of(asked, rate_hz=16000)
    >>> augment(torch.zeros(4, 16000), torch.Generator().manual_seed(0)).shape
    torch.Size([4, 16000])
    """

    def __init__(self, transforms: Sequence[WaveformTransform[Any]]) -> None:
        self.transforms = tuple(transforms)

    @classmethod
    def of(cls, asked: Sequence[WaveformAugmentation], rate_hz: int) -> "WaveformAugment":
        """Make what a recipe asks for, for waveforms of ``rate_hz``; a probability of 0 leaves one out.

        Raises
        ------
        AugmentError
            A setting is out of its range.
        """
        return cls([one.make(rate_hz) for one in asked if one.probability])

    def __call__(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Augment a batch.

        Parameters
        ----------
        waveform
            [batch, time] floating-point samples; left as they are.
        generator
            Source of all randomness; a CPU generator, so that every device draws alike.

        Returns
        -------
        Tensor
            [batch, time], a new tensor of the same type and device.

        Raises
        ------
        AugmentError
            Not [batch, time] floating-point samples.
        """
        changed = waveform.clone()
        for transform in self.transforms:
            changed = transform(changed, generator)
        return changed
