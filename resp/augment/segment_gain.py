"""Random gain of a part of the clip: someone turns a knob, or moves the microphone."""

from dataclasses import dataclass

import torch
from torch import Tensor

from resp.augment.contract import Span, WaveformTransform, check_span, uniform
from resp.augment.spectrum import decibels


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of each sample of a batch, [batch, 1] each.

    Parameters
    ----------
    gain_db
        Its gain.
    start, length
        Where it lies, in whole samples.
    """

    gain_db: Tensor
    start: Tensor
    length: Tensor


class SegmentGain(WaveformTransform[Segment]):
    """Multiply a random part of each sample by a gain that is uniform in dB.

    Parameters
    ----------
    gain_db
        (lowest, highest) gain. Nothing is clipped: samples may leave [−1, 1].
    share
        (lowest, highest) length of the part, as a share of the clip, one sample at least; its place is uniform among
        those where it fits.
    edge_share
        The gain in dB rises and falls along a straight line over this share of the clip at both ends of the part,
        inside of it: a hard edge would be a click.
    probability
        Chance of each sample of a batch.

    Raises
    ------
    AugmentError
        A span runs backwards or is not finite, a share is not in [0, 1], or ``probability`` is not in [0, 1].
    """

    def __init__(
        self,
        gain_db: Span = (-12.0, 12.0),
        share: Span = (0.1, 0.5),
        *,
        edge_share: float = 0.005,
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.gain_db = check_span("gain_db", gain_db)
        self.share = check_span("share", share, low=0, high=1)
        self.edge_share, _ = check_span("edge_share", (edge_share, edge_share), low=0, high=1)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Segment:
        """Draw gains and parts."""
        time = waveform.shape[1]
        gain_db = uniform(waveform, self.gain_db, generator)
        length = (uniform(waveform, self.share, generator) * time).round().long().clamp(min=1)
        start = (uniform(waveform, (0.0, 1.0), generator) * (time - length + 1)).long()
        # In single precision the product may round up to one place too far.
        return Segment(gain_db, start.minimum(time - length), length)

    def apply(self, waveform: Tensor, drawn: Segment) -> Tensor:
        """Return the batch with its parts at their gains."""
        edge = 1 + round(self.edge_share * waveform.shape[1])
        changed = waveform.clone()
        for row, (start, length) in enumerate(torch.cat([drawn.start, drawn.length], dim=1).tolist()):
            # How far inside: 1 at the first and last sample of the part.
            inside = torch.arange(1, length + 1, dtype=waveform.dtype, device=waveform.device)
            ramp = (torch.minimum(inside, inside.flip(0)) / edge).clamp(max=1)
            part = slice(start, start + length)
            changed[row, part] = waveform[row, part] * decibels(drawn.gain_db[row] * ramp)
        return changed
