"""The mix contract: draw parameters, apply them purely to a batch, give the label weights."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor

from resp.models.network import Site


@dataclass(frozen=True, slots=True)
class MixDraw:
    """The random parameters of one mixed batch; every mix extends this with its own.

    Parameters
    ----------
    partner
        [batch] int64: sample i is mixed with sample ``partner[i]`` of the same batch.
    weight
        [batch] in [0, 1]: what label i keeps of itself; the partner's label gets the rest.
    """

    partner: Tensor
    weight: Tensor


Draw = TypeVar("Draw", bound=MixDraw)


class Mix(ABC, Generic[Draw]):
    """A function between two stages that mixes every sample of a batch with a partner and their labels alike.

    The three parts are separate so that each can be tested alone: ``draw`` is the only one that is random and
    it takes its own generator; ``apply`` is a pure function of a batch and a draw; the label weights stand in
    the draw and sum to one with the partner's.
    """

    @abstractmethod
    def draw(self, batch: Tensor, site: Site, generator: torch.Generator) -> Draw:
        """Draw the parameters for a batch at a site.

        Parameters
        ----------
        batch
            The site's value, batch first.
        site
            Which axes the value has and how its patches lie.
        generator
            Source of all randomness; a CPU generator, so that every device draws alike.

        Raises
        ------
        MixError
            The mix cannot act at this site.
        """

    @abstractmethod
    def apply(self, batch: Tensor, draw: Draw) -> Tensor:
        """Return the mixed batch, of the batch's shape, type and device; ``batch`` is left as it was."""


def mixed_targets(targets: Tensor, draw: MixDraw) -> Tensor:
    """Mix label distributions the way the draw says.

    Parameters
    ----------
    targets
        [batch, classes] label distributions (one-hot, multi-hot or soft).

    Returns
    -------
    Tensor
        [batch, classes]: ``weight · target + (1 − weight) · partner's target``.
    """
    weight = draw.weight.to(targets)[:, None]
    return weight * targets + (1 - weight) * targets[draw.partner.to(targets.device)]
