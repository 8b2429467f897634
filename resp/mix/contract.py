"""The mix contract: draw parameters, apply them purely to a batch, give the label weights."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

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


@dataclass(frozen=True, slots=True)
class Origin:
    """What a batch was before the network: what a mix at a hidden stage may ask about.

    Parameters
    ----------
    waveform
        [batch, time], as the network hears it.
    rate_hz
        Its rate in Hz.
    labels
        [batch] class indices or [batch, classes] label distributions; None where they are not known.
    rotation
        [batch] radians by which a mix has turned each waveform's phase; None where none has.
    """

    waveform: Tensor
    rate_hz: int
    labels: Tensor | None = None
    rotation: Tensor | None = None


Draw = TypeVar("Draw", bound=MixDraw)


class Mix(ABC, Generic[Draw]):
    """A function between two stages that mixes every sample of a batch with a partner and their labels alike.

    The three parts are separate so that each can be tested alone: ``draw`` is random and takes its own
    generator; ``apply`` is a pure function of a batch and a draw; the label weights stand in the draw and sum
    to one with the partner's. A mix that changes the sounds before the network hears them does so in
    ``prepare``, which is random too.

    Attributes
    ----------
    changes_waveform
        Whether ``prepare`` gives other waveforms than it was given, so that the network must run from its
        beginning for this mix.
    """

    changes_waveform: ClassVar[bool] = False

    def problem(self, site: Site) -> str | None:  # noqa: ARG002
        """Say why this mix cannot act at a site; None where it can, which is the default."""
        return None

    def choose(self, sites: Sequence[Site], generator: torch.Generator) -> "Mix[Any]":  # noqa: ARG002
        """Return the mix that acts on the next batch, at one of these sites: itself, but for a mix of mixes."""
        return self

    def prepare(self, origin: Origin, generator: torch.Generator) -> Origin:  # noqa: ARG002
        """Return the sounds as the network shall hear them; by default as they are."""
        return origin

    @abstractmethod
    def draw(self, batch: Tensor, site: Site, generator: torch.Generator, origin: Origin | None = None) -> Draw:
        """Draw the parameters for a batch at a site.

        Parameters
        ----------
        batch
            The site's value, batch first.
        site
            Which axes the value has and how its patches lie.
        generator
            Source of all randomness; a CPU generator, so that every device draws alike.
        origin
            What the batch was before the network, as ``prepare`` left it; mixes that ask nothing of it do
            without.

        Raises
        ------
        MixError
            The mix cannot act at this site, or needs to know the origin and is not told.
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


def union_targets(targets: Tensor, draw: MixDraw, drop: float = 0.9) -> Tensor:
    """Give every mixed sample both labels in full, for a multi-label loss.

    The reference implementation of EAT (Gazneli et al., 2022) does so with all its mixes, where the paper's
    algorithms weigh the labels as `mixed_targets` does.

    Parameters
    ----------
    targets
        [batch, classes] one-hot, multi-hot or soft labels.
    drop
        From this label weight on, the partner's label is left out: too little of it can be heard.

    Returns
    -------
    Tensor
        [batch, classes]: the greater of the two labels for each class, or the sample's own. Rows need not sum to
        one.
    """
    alone = (draw.weight >= drop).to(targets.device)[:, None]
    return torch.where(alone, targets, torch.maximum(targets, targets[draw.partner.to(targets.device)]))
