"""Cutout: rectangles of a spectrogram, as of an image (DeVries & Taylor, 2017; Zhong et al., AAAI 2020)."""

import torch
from torch import Tensor

from resp.augment.contract import Span, check_span, check_whole
from resp.augment.spectrogram import Fill, SpectrogramTransform, stretches


class Cutout(SpectrogramTransform[Tensor]):
    """Replace random rectangles of each spectrogram; every sample of a batch gets its own.

    A rectangle's sides are drawn apart, as shares of the axes, so that the settings fit every spectrogram; its
    place is uniform among those where it fits.

    Parameters
    ----------
    rectangles
        How many; they may overlap.
    frame_share, bin_share
        (lowest, highest) sides as shares of the frames and of the bins; one frame and one bin at least.
    probability
        Chance of each sample of a batch to be masked at all.
    fill
        What stands in a rectangle: the ``mean`` of that spectrogram, ``zero``, or a number.

    Raises
    ------
    AugmentError
        A negative number of rectangles, shares out of [0, 1], a probability out of [0, 1], or no such fill.
    """

    def __init__(
        self,
        rectangles: int = 1,
        frame_share: Span = (0.05, 0.25),
        bin_share: Span = (0.05, 0.25),
        probability: float = 1.0,
        fill: Fill = "mean",
    ) -> None:
        super().__init__(probability, fill)
        self.rectangles = check_whole("rectangles", rectangles, low=0)
        self.frame_share = check_span("frame_share", frame_share, low=0, high=1)
        self.bin_share = check_span("bin_share", bin_share, low=0, high=1)

    def draw(self, spectrogram: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the masked cells of a batch, [batch, frames, bins], on its device."""
        chosen = self._choose(spectrogram, generator)
        batch, frames, bins = spectrogram.shape
        in_time = self._sides(batch, frames, self.frame_share, generator)
        in_frequency = self._sides(batch, bins, self.bin_share, generator)
        cells = (in_time[:, :, :, None] & in_frequency[:, :, None, :]).any(dim=1)
        return (chosen[:, :, None] & cells).to(spectrogram.device)

    def apply(self, spectrogram: Tensor, drawn: Tensor) -> Tensor:
        """Return the masked batch."""
        return self._filled(spectrogram, drawn)

    def _sides(self, batch: int, size: int, share: Span, generator: torch.Generator) -> Tensor:
        drawn = torch.rand(2, batch, self.rectangles, 1, generator=generator, device=generator.device)
        widths = ((share[0] + (share[1] - share[0]) * drawn[0]) * size).round().long().clamp(min=1)
        starts = (drawn[1] * (size - widths + 1)).long()
        return stretches(starts, widths, size)
