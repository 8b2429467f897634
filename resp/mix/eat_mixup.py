"""EAT's mixup: sums of two sounds, weighted by their mean power.

Source: Gazneli et al., "End-to-end audio strikes back: boosting augmentations towards an efficient audio
classification network", 2022, which modifies mixup after BC learning (Tokozume et al., ICLR 2018):
r ~ U(0.1, 1), p = 1 / (1 + 10^((G₁ − G₂)/20) · (1 − r)/r) with G the mean power in dB, and
x = (p·x₁ + (1 − p)·x₂) / √(p² + (1 − p)²). Their implementation gives the label p, BC learning r.
"""

from typing import Literal

import torch
from torch import Tensor

from resp.mix.contract import Origin
from resp.mix.errors import MixError
from resp.mix.linear import LinearDraw, LinearMix, draw_ratio, equal_power, heard_ratio
from resp.mix.loudness import mean_power_level_db
from resp.mix.partners import shuffled_partners
from resp.mix.sounds import known_origin
from resp.models.network import Site

_LOWEST_RATIO = 0.1


class EatMixup(LinearMix):
    """EAT's mixup at any site, balanced by the power of the sounds; partners are a permutation of the batch.

    Parameters
    ----------
    label_weight
        What label i keeps of itself: ``ratio``, the r of BC learning, after which the paper names its mixup,
        or ``level``, the p of its implementation.

    Raises
    ------
    MixError
        ``label_weight`` is neither.
    """

    def __init__(self, label_weight: Literal["ratio", "level"] = "ratio") -> None:
        if label_weight not in ("ratio", "level"):
            raise MixError(f"label_weight={label_weight!r}; expected 'ratio' or 'level'")
        self.label_weight = label_weight

    def draw(
        self,
        batch: Tensor,
        site: Site,  # noqa: ARG002
        generator: torch.Generator,
        origin: Origin | None = None,
    ) -> LinearDraw:
        """Draw the partners and the ratios.

        Raises
        ------
        MixError
            The sounds are not told, or the generator is not on the CPU.
        """
        sounds = known_origin(batch, origin)
        partner = shuffled_partners(len(batch), generator)
        ratio = draw_ratio(partner, generator, lowest=_LOWEST_RATIO)
        heard = heard_ratio(ratio, mean_power_level_db(sounds.waveform), partner)
        own, theirs = equal_power(heard)
        return LinearDraw(partner, ratio if self.label_weight == "ratio" else heard, own, theirs)
