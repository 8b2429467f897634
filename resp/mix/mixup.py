"""Mixup: convex sums of samples and of their labels.

Source: Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018:
x = λ·x₁ + (1 − λ)·x₂ with label λ·y₁ + (1 − λ)·y₂ and λ ~ Beta(α, α).
"""

import torch
from torch import Tensor

from resp.mix.contract import Origin
from resp.mix.linear import LinearDraw, LinearMix, whole_alone
from resp.mix.partners import shuffled_partners
from resp.mix.shares import beta_shares, check_alpha, check_flag
from resp.models.network import Site


class Mixup(LinearMix):
    """Mixup at any site; partners are a permutation of the batch.

    Parameters
    ----------
    alpha
        Both parameters of the Beta distribution from which λ is drawn; 1 is uniform. The paper has 0.1 to 1.
    per_sample
        Draw a λ for each sample instead of one for the batch, which is the paper's.

    Raises
    ------
    MixError
        ``alpha`` is not positive, or ``per_sample`` neither true nor false.
    """

    def __init__(self, alpha: float = 1.0, per_sample: bool = False) -> None:
        self.alpha = check_alpha(alpha)
        self.per_sample = check_flag("per_sample", per_sample)

    def draw(
        self,
        batch: Tensor,
        site: Site,  # noqa: ARG002
        generator: torch.Generator,
        origin: Origin | None = None,  # noqa: ARG002
    ) -> LinearDraw:
        """Draw the partners and λ.

        Raises
        ------
        MixError
            The generator is not on the CPU.
        """
        size = len(batch)
        partner = shuffled_partners(size, generator)
        share = beta_shares(size if self.per_sample else 1, self.alpha, generator).expand(size)
        weight = whole_alone(share.float(), partner)
        return LinearDraw(partner=partner, weight=weight, own=weight, theirs=1 - weight)
