"""What spectrogram augmentations share, and several of them one after another."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, Literal

import torch
from torch import Tensor

from resp.augment.contract import Drawn, check_probability, is_number
from resp.augment.errors import AugmentError
from resp.augment.settings import SpectrogramAugmentation

Fill = Literal["mean", "zero"] | float


class SpectrogramTransform(ABC, Generic[Drawn]):
    """A change of a spectrogram that leaves its label as it is: some of its cells hold a fill.

    Drawing and applying are separate, so that two views of a batch can get the same masks.

    Parameters
    ----------
    probability
        Chance of each sample of a batch to be masked at all.
    fill
        What stands in a mask: the ``mean`` of that spectrogram, ``zero``, or a number.

    Raises
    ------
    AugmentError
        ``probability`` is not in [0, 1], or no such fill.
    """

    def __init__(self, probability: float, fill: Fill) -> None:
        self.probability = check_probability(probability)
        if fill not in ("mean", "zero") and not is_number(fill):
            raise AugmentError(f"fill {fill!r}; expected 'mean', 'zero' or a number")
        self.fill = fill

    def __call__(self, spectrogram: Tensor, generator: torch.Generator) -> Tensor:
        """Mask a batch.

        Parameters
        ----------
        spectrogram
            [batch, frames, bins]; left as it is.
        generator
            Source of all randomness; a CPU generator, so that every device draws alike.

        Returns
        -------
        Tensor
            [batch, frames, bins], a new tensor.

        Raises
        ------
        AugmentError
            Not three axes, or one of them empty.
        """
        return self.apply(spectrogram, self.draw(spectrogram, generator))

    @abstractmethod
    def draw(self, spectrogram: Tensor, generator: torch.Generator) -> Drawn:
        """Draw the masks for a batch, on its device; see `__call__`."""

    @abstractmethod
    def apply(self, spectrogram: Tensor, drawn: Drawn) -> Tensor:
        """Return the masked batch; ``spectrogram`` itself is left as it was."""

    def _choose(self, spectrogram: Tensor, generator: torch.Generator) -> Tensor:
        """Draw which samples are masked at all: [batch, 1]."""
        if spectrogram.ndim != 3 or 0 in spectrogram.shape[1:]:
            raise AugmentError(f"a spectrogram of shape {tuple(spectrogram.shape)}; expected [batch, frames, bins]")
        return torch.rand(len(spectrogram), 1, generator=generator, device=generator.device) < self.probability

    def _filled(self, spectrogram: Tensor, masked: Tensor) -> Tensor:
        if self.fill == "mean":
            filling = spectrogram.mean(dim=(1, 2), keepdim=True)
        else:
            filling = spectrogram.new_tensor(0.0 if isinstance(self.fill, str) else self.fill)
        return torch.where(masked, filling, spectrogram)


class SpectrogramAugment:
    """Spectrogram augmentations in the order in which they are given.

    Parameters
    ----------
    transforms
        The augmentations.
    """

    def __init__(self, transforms: Sequence[SpectrogramTransform[Any]]) -> None:
        self.transforms = tuple(transforms)

    @classmethod
    def of(cls, asked: Sequence[SpectrogramAugmentation], rate_hz: int) -> "SpectrogramAugment":
        """Make what a recipe asks for; a probability of 0 leaves one out.

        Raises
        ------
        AugmentError
            A setting is out of its range.
        """
        return cls([one.make(rate_hz) for one in asked if one.probability])

    def draw(self, spectrogram: Tensor, generator: torch.Generator) -> tuple[Any, ...]:
        """Draw the masks of all of them for a batch [batch, frames, bins]."""
        return tuple(transform.draw(spectrogram, generator) for transform in self.transforms)

    def apply(self, spectrogram: Tensor, drawn: tuple[Any, ...]) -> Tensor:
        """Return the masked batch; ``spectrogram`` itself is left as it was."""
        for transform, its_own in zip(self.transforms, drawn, strict=True):
            spectrogram = transform.apply(spectrogram, its_own)
        return spectrogram


def stretches(starts: Tensor, widths: Tensor, size: int) -> Tensor:
    """Return which places of an axis of ``size`` lie within start and start + width: [..., 1] → [..., size]."""
    places = torch.arange(size, device=starts.device)
    inside: Tensor = (places >= starts) & (places < starts + widths)
    return inside
