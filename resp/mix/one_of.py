"""One mix of several, drawn anew for each batch.

Source: Gazneli et al., "End-to-end audio strikes back: boosting augmentations towards an efficient audio
classification network", 2022 (EAT), section 4: one mixing strategy is selected at random in each iteration.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from resp.mix import create
from resp.mix.contract import Mix, MixDraw, Origin
from resp.mix.errors import MixError
from resp.mix.partners import check_generator
from resp.models.network import Site

EAT_MIXES = ("eat_mixup", "timemix", "freqmix", "phasemix")


@dataclass(frozen=True, slots=True)
class OneOfDraw(MixDraw):
    """The draw of one batch: which mix acts, and its own draw.

    Parameters
    ----------
    member
        The mix that was drawn.
    drawn
        What it drew; partners and weights are the same.
    """

    member: Mix[Any]
    drawn: MixDraw


class OneOf(Mix[OneOfDraw]):
    """One of several mixes, drawn for each batch.

    Parameters
    ----------
    mixes
        Its members: names of mixes, or mappings ``{name, settings}``; by default the four of EAT.
    probabilities
        The members' probabilities, which sum to one; all alike where None.

    Attributes
    ----------
    members
        The mixes themselves.

    Raises
    ------
    MixError
        No members, one that there is not or whose settings are wrong, or probabilities that are not the members'.
    """

    def __init__(
        self,
        mixes: Sequence[str | Mapping[str, Any]] = EAT_MIXES,
        probabilities: Sequence[float] | None = None,
    ) -> None:
        if isinstance(mixes, str) or not isinstance(mixes, Sequence) or not mixes:
            raise MixError(f"mixes={mixes!r}; expected a list of names or of {{name, settings}}, at least one")
        self.members: tuple[Mix[Any], ...] = tuple(_member(described) for described in mixes)
        self.probabilities = _checked(probabilities, len(self.members))

    def problem(self, site: Site) -> str | None:
        """Say so where no member can act; one is enough."""
        problems = [member.problem(site) for member in self.members]
        return None if None in problems else "; ".join(dict.fromkeys(map(str, problems)))

    def choose(self, sites: Sequence[Site], generator: torch.Generator) -> Mix[Any]:
        """Return the member that acts on the next batch, among those that can at one of the sites.

        Raises
        ------
        MixError
            None of them can, or the generator is not on the CPU.
        """
        return self._drawn(sites, generator).choose(sites, generator)

    def draw(self, batch: Tensor, site: Site, generator: torch.Generator, origin: Origin | None = None) -> OneOfDraw:
        """Draw a member among those that can act at the site, and let it draw.

        Members that prepare the sounds act through the driver (`plan_mix`), which asks `choose` first.

        Raises
        ------
        MixError
            No member can act here, the one that was drawn needs an origin that is not there, or the generator is
            not on the CPU.
        """
        member = self._drawn([site], generator)
        drawn = member.draw(batch, site, generator, origin)
        return OneOfDraw(partner=drawn.partner, weight=drawn.weight, member=member, drawn=drawn)

    def apply(self, batch: Tensor, draw: OneOfDraw) -> Tensor:
        """Return what the drawn member makes of the batch."""
        return draw.member.apply(batch, draw.drawn)

    def _drawn(self, sites: Sequence[Site], generator: torch.Generator) -> Mix[Any]:
        check_generator(generator)
        places = [
            place for place, member in enumerate(self.members) if any(member.problem(site) is None for site in sites)
        ]
        if not places:
            raise MixError("; ".join(dict.fromkeys(str(self.problem(site)) for site in sites)))
        shares = torch.tensor([self.probabilities[place] for place in places], dtype=torch.float64)
        if not shares.any():
            raise MixError("every mix that can act here has probability 0; give one of them more, or leave it out")
        return self.members[places[int(torch.multinomial(shares, 1, generator=generator))]]


def _member(described: str | Mapping[str, Any]) -> Mix[Any]:
    if isinstance(described, str):
        return create(described)
    if (
        not isinstance(described, Mapping)
        or not isinstance(described.get("name"), str)
        or not set(described) <= {"name", "settings"}
        or not isinstance(described.get("settings") or {}, Mapping)
    ):
        raise MixError(f"a mix described as {described!r}; expected its name, or {{name, settings}}")
    return create(described["name"], **(described.get("settings") or {}))


def _checked(probabilities: Sequence[float] | None, members: int) -> tuple[float, ...]:
    if probabilities is None:
        return (1 / members,) * members
    if isinstance(probabilities, str) or not isinstance(probabilities, Sequence):
        raise MixError(f"probabilities={probabilities!r}; expected a list of {members} numbers that sum to 1")
    shares = tuple(probabilities)
    if (
        len(shares) != members
        or not all(type(share) in (int, float) and 0 <= share <= 1 for share in shares)
        or not math.isclose(sum(shares), 1, abs_tol=1e-6)
    ):
        raise MixError(f"probabilities {list(shares)}; expected {members} numbers from 0 to 1 that sum to 1")
    return shares
