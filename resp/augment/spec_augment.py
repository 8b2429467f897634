"""SpecAugment: masks over frequency and time (Park et al., Interspeech 2019)."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from resp.augment.errors import AugmentError


@dataclass(frozen=True, slots=True)
class SpecMasks:
    """What is masked of each spectrogram of a batch.

    Parameters
    ----------
    frames, bins
        [batch, frames] and [batch, bins], True where masked.
    """

    frames: Tensor
    bins: Tensor


class SpecAugment:
    """Replace random bands and stretches of each spectrogram; every sample of a batch gets its own.

    A mask's width is a whole number uniform in [0, width), or up to the whole axis where that is shorter; its
    start is uniform among the places where it fits. The time warping of the paper is left out, as AST does.

    Parameters
    ----------
    frequency_masks, time_masks
        How many masks of each kind; they may overlap.
    frequency_width, time_width
        Bound of their widths in bins and frames; a mask is narrower than it.
    probability
        Chance of each sample of a batch to be masked at all. The reference implementation of Patch-Mix masks
        about 0.84 of them.
    fill
        What stands in a mask: the ``mean`` of that spectrogram, ``zero``, or a number.

    Raises
    ------
    AugmentError
        A negative number of masks, a width below 1, a probability out of [0, 1], or no such fill.
    """

    def __init__(
        self,
        frequency_masks: int = 2,
        frequency_width: int = 48,
        time_masks: int = 2,
        time_width: int = 160,
        probability: float = 1.0,
        fill: Literal["mean", "zero"] | float = "mean",
    ) -> None:
        if frequency_masks < 0 or time_masks < 0:
            raise AugmentError(f"{frequency_masks} frequency masks and {time_masks} time masks; expected 0 or more")
        if frequency_width < 1 or time_width < 1:
            raise AugmentError(f"frequency_width {frequency_width} and time_width {time_width}; expected at least 1")
        if not 0 <= probability <= 1:
            raise AugmentError(f"probability {probability}; expected 0 to 1")
        if isinstance(fill, str) and fill not in ("mean", "zero"):
            raise AugmentError(f"fill {fill!r}; expected 'mean', 'zero' or a number")
        self.frequency_masks = frequency_masks
        self.frequency_width = frequency_width
        self.time_masks = time_masks
        self.time_width = time_width
        self.probability = probability
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

    def draw(self, spectrogram: Tensor, generator: torch.Generator) -> SpecMasks:
        """Draw the masks for a batch, on its device; see `__call__`."""
        if spectrogram.ndim != 3 or 0 in spectrogram.shape[1:]:
            raise AugmentError(f"a spectrogram of shape {tuple(spectrogram.shape)}; expected [batch, frames, bins]")
        batch, frames, bins = spectrogram.shape
        chosen = torch.rand(batch, 1, generator=generator, device=generator.device) < self.probability
        masks = SpecMasks(
            chosen & _draw_masks(batch, frames, self.time_masks, self.time_width, generator),
            chosen & _draw_masks(batch, bins, self.frequency_masks, self.frequency_width, generator),
        )
        return SpecMasks(masks.frames.to(spectrogram.device), masks.bins.to(spectrogram.device))

    def apply(self, spectrogram: Tensor, masks: SpecMasks) -> Tensor:
        """Return the masked batch; ``spectrogram`` itself is left as it was."""
        masked = masks.frames[:, :, None] | masks.bins[:, None, :]
        return torch.where(masked, self._filling(spectrogram), spectrogram)

    def _filling(self, spectrogram: Tensor) -> Tensor:
        if self.fill == "mean":
            return spectrogram.mean(dim=(1, 2), keepdim=True)
        return spectrogram.new_tensor(0.0 if isinstance(self.fill, str) else self.fill)


def _draw_masks(batch: int, size: int, masks: int, width: int, generator: torch.Generator) -> Tensor:
    """Draw ``masks`` stretches of an axis of ``size`` for each sample: [batch, size], True inside of any."""
    device = generator.device
    widths = torch.randint(min(width, size + 1), (batch, masks, 1), generator=generator, device=device)
    # One more start than the paper's [0, size − width): the last place is masked as often as the first.
    room = size - widths + 1
    starts = (torch.rand(batch, masks, 1, generator=generator, device=device) * room).long()
    places = torch.arange(size, device=device)
    inside = (places >= starts) & (places < starts + widths)
    return inside.any(dim=1)
