"""TimeMix: one end of each sound comes from a partner, CutMix on the time axis.

Source: Gazneli et al., "End-to-end audio strikes back: boosting augmentations towards an efficient audio
classification network", 2022 (EAT), Table 1. The paper gives no algorithm; λ ~ U[0.5, 1] and the choice between
the two ends are its reference implementation's.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from resp.mix.contract import Mix, MixDraw, Origin
from resp.mix.errors import MixError
from resp.mix.partners import shuffled_partners
from resp.mix.shapes import per_sample
from resp.models.network import Site

TIME_AXES = ("time", "frame")


@dataclass(frozen=True, slots=True)
class TimeDraw(MixDraw):
    """The draw of one TimeMix batch.

    Parameters
    ----------
    first, last
        [batch] int64: the partner's are the positions from ``first`` up to, not including, ``last``.
    axis
        Which axis of the batch is time.
    """

    first: Tensor
    last: Tensor
    axis: int


class TimeMix(Mix[TimeDraw]):
    """TimeMix: the first or the last part of each sample is its partner's, each with probability ½.

    Every sample has its own λ ~ U[0.5, 1]. ⌊(1 − λ) · T⌋ of the T positions are the partner's, and the label
    weight is the share that was really kept: λ itself, to less than one position.
    """

    def problem(self, site: Site) -> str | None:
        """There must be an axis of time: samples of a waveform or frames of a spectrogram."""
        if any(axis in TIME_AXES for axis in site.axes[1:]):
            return None
        return (
            f"TimeMix cannot act at site {site.name!r} with axes {site.axes}; "
            f"choose a site with a {TIME_AXES[0]!r} or {TIME_AXES[1]!r} axis"
        )

    def draw(
        self,
        batch: Tensor,
        site: Site,
        generator: torch.Generator,
        origin: Origin | None = None,  # noqa: ARG002
    ) -> TimeDraw:
        """Draw the partners, the kept shares and the ends.

        Parameters
        ----------
        batch
            [batch, …] with one axis of time.
        site
            A site with a ``time`` or ``frame`` axis.
        generator
            A CPU generator.

        Raises
        ------
        MixError
            The site has no time, its axes are not the batch's, or the generator is not on the CPU.
        """
        if problem := self.problem(site):
            raise MixError(problem)
        if batch.ndim != len(site.axes) or 0 in batch.shape:
            raise MixError(
                f"a batch of shape {tuple(batch.shape)} at site {site.name!r}; "
                f"expected {list(site.axes)}, none of them empty"
            )
        axis = next(place for place, name in enumerate(site.axes) if place and name in TIME_AXES)
        size, length = batch.shape[0], batch.shape[axis]
        partner = shuffled_partners(size, generator)
        # λ ~ U[0.5, 1], of which only 1 − λ is needed.
        given_up = 0.5 * torch.rand(size, generator=generator, dtype=torch.float64)
        swapped = (given_up * length).long()
        at_start = torch.rand(size, generator=generator) < 0.5
        first = torch.where(at_start, 0, length - swapped)
        weight = (1 - swapped / length).float()
        return TimeDraw(partner=partner, weight=weight, first=first, last=first + swapped, axis=axis)

    def apply(self, batch: Tensor, draw: TimeDraw) -> Tensor:
        """Return a copy of ``batch`` in which the drawn stretches are the partner's."""
        shape = [1] * batch.ndim
        shape[draw.axis] = -1
        places = torch.arange(batch.shape[draw.axis], device=batch.device).reshape(shape)
        theirs = (places >= per_sample(draw.first, batch)) & (places < per_sample(draw.last, batch))
        return torch.where(theirs, batch[draw.partner.to(batch.device)], batch)
