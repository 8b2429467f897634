"""Patch-Mix: swap a random set of spectrogram patches with a partner's.

Source: Bae et al., "Patch-Mix contrastive learning with Audio Spectrogram Transformer on respiratory sound
classification", Interspeech 2023. With α = 1 the kept share is uniform, λ ~ Beta(1, 1). One λ, one
permutation of the batch and one set of int(N(1 − λ)) of the N patch positions serve the whole batch; λ is
then what was really kept, 1 − n/N.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from resp.mix.contract import Mix, MixDraw, Origin
from resp.mix.errors import MixError
from resp.mix.partners import shuffled_partners
from resp.mix.shares import beta_shares, check_alpha, check_flag
from resp.models.network import Site

PATCH_AXIS = "patch"


@dataclass(frozen=True, slots=True)
class PatchDraw(MixDraw):
    """The draw of one Patch-Mix batch.

    Parameters
    ----------
    positions
        [swapped] int64, ascending: the patches that come from the partner, the same ones for every sample.
    axis
        Which axis of the batch the patches lie on.
    """

    positions: Tensor
    axis: int


class PatchMix(Mix[PatchDraw]):
    """Patch-Mix (single patches) and its time-domain form, TPatch (whole time columns).

    Parameters
    ----------
    alpha
        Both parameters of the Beta distribution from which the kept share λ is drawn.
    columns
        Swap whole time columns of the patch grid instead of single patches; the site must say how its patches
        lie (``site.grid``).

    Raises
    ------
    MixError
        ``alpha`` is not positive, or ``columns`` neither true nor false.
    """

    def __init__(self, alpha: float = 1.0, columns: bool = False) -> None:
        self.alpha = check_alpha(alpha)
        self.columns = check_flag("columns", columns)

    def problem(self, site: Site) -> str | None:
        """Patches must be there to be swapped; for whole columns it must be known how they lie."""
        if PATCH_AXIS not in site.axes[1:]:
            return (
                f"Patch-Mix cannot act at site {site.name!r} with axes {site.axes}; "
                f"choose a site with a {PATCH_AXIS!r} axis"
            )
        if self.columns and site.grid is None:
            return f"TPatch needs to know how the patches of site {site.name!r} lie, and it has no grid"
        return None

    def draw(
        self,
        batch: Tensor,
        site: Site,
        generator: torch.Generator,
        origin: Origin | None = None,  # noqa: ARG002
    ) -> PatchDraw:
        """Draw the kept share, the partners and the swapped positions.

        Parameters
        ----------
        batch
            [batch, …] with one axis of patches, such as [batch, patch, channel].
        site
            A site with a ``patch`` axis; with ``columns`` also with a grid.
        generator
            A CPU generator.

        Raises
        ------
        MixError
            The site has no patches or no grid, its description does not fit the batch, or the generator is
            not on the CPU.
        """
        axis, patches = self._patch_axis(batch, site)
        share = beta_shares(1, self.alpha, generator).item()
        partner = shuffled_partners(len(batch), generator)
        if self.columns:
            rows, columns = self._grid(site, patches)
            chosen = _choose(columns, share, generator)
            # Patches are flattened row by row: frequency f and time t lie at f · columns + t.
            positions = (torch.arange(rows)[:, None] * columns + chosen).flatten()
        else:
            positions = _choose(patches, share, generator)
        weight = torch.full((batch.shape[0],), 1 - len(positions) / patches)
        return PatchDraw(partner=partner, weight=weight, positions=positions, axis=axis)

    def apply(self, batch: Tensor, draw: PatchDraw) -> Tensor:
        """Return a copy of ``batch`` whose drawn patches are the partner's."""
        positions = draw.positions.to(batch.device)
        partner = draw.partner.to(batch.device)
        theirs = batch.index_select(draw.axis, positions).index_select(0, partner)
        return batch.index_copy(draw.axis, positions, theirs)

    def _patch_axis(self, batch: Tensor, site: Site) -> tuple[int, int]:
        if problem := self.problem(site):
            raise MixError(problem)
        if batch.ndim != len(site.axes):
            raise MixError(f"site {site.name!r} has axes {site.axes}, but the batch has shape {tuple(batch.shape)}")
        axis = site.axes.index(PATCH_AXIS)
        return axis, int(batch.shape[axis])

    def _grid(self, site: Site, patches: int) -> tuple[int, int]:
        if site.grid is None or site.grid[0] * site.grid[1] != patches:
            raise MixError(
                f"TPatch needs to know how the {patches} patches of site {site.name!r} lie; "
                f"it says {site.grid}, expected (frequency, time) with that product"
            )
        return site.grid


def _choose(total: int, kept_share: float, generator: torch.Generator) -> Tensor:
    swapped = int(total * (1 - kept_share))
    return torch.randperm(total, generator=generator)[:swapped].sort().values
