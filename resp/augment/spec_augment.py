"""SpecAugment: masks over frequency and time (Park et al., Interspeech 2019)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from resp.augment.contract import check_whole
from resp.augment.spectrogram import Fill, SpectrogramTransform, stretches


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


class SpecAugment(SpectrogramTransform[SpecMasks]):
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
        fill: Fill = "mean",
    ) -> None:
        super().__init__(probability, fill)
        self.frequency_masks = check_whole("frequency_masks", frequency_masks, low=0)
        self.frequency_width = check_whole("frequency_width", frequency_width, low=1)
        self.time_masks = check_whole("time_masks", time_masks, low=0)
        self.time_width = check_whole("time_width", time_width, low=1)

    def draw(self, spectrogram: Tensor, generator: torch.Generator) -> SpecMasks:
        """Draw the masks for a batch, on its device; see `__call__`."""
        chosen = self._choose(spectrogram, generator)
        batch, frames, bins = spectrogram.shape
        masks = SpecMasks(
            chosen & _draw_masks(batch, frames, self.time_masks, self.time_width, generator),
            chosen & _draw_masks(batch, bins, self.frequency_masks, self.frequency_width, generator),
        )
        return SpecMasks(masks.frames.to(spectrogram.device), masks.bins.to(spectrogram.device))

    def apply(self, spectrogram: Tensor, drawn: SpecMasks) -> Tensor:
        """Return the masked batch; ``spectrogram`` itself is left as it was."""
        return self._filled(spectrogram, drawn.frames[:, :, None] | drawn.bins[:, None, :])


def _draw_masks(batch: int, size: int, masks: int, width: int, generator: torch.Generator) -> Tensor:
    """Draw ``masks`` stretches of an axis of ``size`` for each sample: [batch, size], True inside of any."""
    device = generator.device
    widths = torch.randint(min(width, size + 1), (batch, masks, 1), generator=generator, device=device)
    # One more start than the paper's [0, size − width): the last place is masked as often as the first.
    room = size - widths + 1
    starts = (torch.rand(batch, masks, 1, generator=generator, device=device) * room).long()
    return stretches(starts, widths, size).any(dim=1)
