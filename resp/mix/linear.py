"""What linear mixes share: the kept ratio, the ratio that is heard, and the sum of two weighted samples.

Source of the formulas: Tokozume et al., "Learning from between-class examples for deep sound recognition",
ICLR 2018.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from resp.mix.contract import Mix, MixDraw
from resp.mix.shapes import per_sample


@dataclass(frozen=True, slots=True)
class LinearDraw(MixDraw):
    """The draw of one batch of weighted sums.

    Parameters
    ----------
    own, theirs
        [batch] float32: the factors of a sample and of its partner.
    """

    own: Tensor
    theirs: Tensor


class LinearMix(Mix[LinearDraw]):
    """A mix that gives ``own · sample + theirs · partner``, whatever the site's axes are."""

    def apply(self, batch: Tensor, draw: LinearDraw) -> Tensor:
        """Return the weighted sums, summed in float32 at least."""
        own, theirs = weighted_pair(batch, draw)
        # Into the first product, which is nobody else's: allocating takes as long as adding.
        return own.add_(theirs).to(batch.dtype)


def weighted_pair(batch: Tensor, draw: LinearDraw) -> tuple[Tensor, Tensor]:
    """Return every sample and its partner, each times its factor, in float32 at least.

    Parameters
    ----------
    batch
        [batch, …].
    """
    partner = batch.index_select(0, draw.partner.to(batch.device))
    return per_sample(draw.own, batch) * batch, per_sample(draw.theirs, batch) * partner


def draw_ratio(partner: Tensor, generator: torch.Generator, lowest: float = 0.0) -> Tensor:
    """Draw the ratio r ~ U(lowest, 1) that each label keeps, [batch] float32; see `whole_alone`."""
    uniform = torch.rand(len(partner), generator=generator)
    return whole_alone(lowest + (1 - lowest) * uniform, partner)


def whole_alone(ratio: Tensor, partner: Tensor) -> Tensor:
    """Return the ratios [batch], 1 where a sample is its own partner: it stays as it is."""
    alone = partner == torch.arange(len(partner), device=partner.device)
    return ratio.masked_fill(alone.to(ratio.device), 1.0)


def heard_ratio(ratio: Tensor, level_db: Tensor, partner: Tensor) -> Tensor:
    """Return the weights at which two sounds are heard in a ratio, however loud each is.

    Parameters
    ----------
    ratio
        [batch] r: how much of the mix shall be heard of the sample itself.
    level_db
        [batch] G: the level of each sound.
    partner
        [batch].

    Returns
    -------
    Tensor
        [batch] p = 1 / (1 + 10^((G₁ − G₂)/20) · (1 − r)/r), on the levels' device; 0 and 1 where r is. Scaled
        by p and 1 − p, the levels of the two sounds differ by 20 log₁₀(r / (1 − r)) dB.
    """
    ratio, partner = ratio.to(level_db.device), partner.to(level_db.device)
    louder: Tensor = 10 ** ((level_db - level_db[partner]) / 20)
    return (ratio / (ratio + louder * (1 - ratio))).float()


def equal_power(ratio: Tensor) -> tuple[Tensor, Tensor]:
    """Return the factors (p, 1 − p) / √(p² + (1 − p)²), [batch] each.

    Their squares sum to one: the sum of two sounds that have nothing to do with each other and are equally
    strong is as strong as they are.
    """
    norm = (ratio.square() + (1 - ratio).square()).sqrt()
    return ratio / norm, (1 - ratio) / norm
