"""BC learning: two sounds of different classes, mixed so that they are heard in the ratio of their labels.

Source: Tokozume et al., "Learning from between-class examples for deep sound recognition", ICLR 2018:
r ~ U(0, 1), p = 1 / (1 + 10^((G₁ − G₂)/20) · (1 − r)/r) with G the A-weighted level of the loudest frame,
x = (p·x₁ + (1 − p)·x₂) / √(p² + (1 − p)²), label r·y₁ + (1 − r)·y₂.
"""

import torch
from torch import Tensor

from resp.mix.contract import Origin
from resp.mix.errors import MixError
from resp.mix.linear import LinearDraw, LinearMix, draw_ratio, equal_power, heard_ratio
from resp.mix.loudness import a_weighted_level_db
from resp.mix.partners import other_class_partners
from resp.mix.sounds import known_origin
from resp.models.network import INPUT, Site


class BetweenClass(LinearMix):
    """BC learning, on waveforms; its form at hidden stages is SpeechMix.

    Partners are of another class where the labels are known and there is one in the batch.
    """

    def problem(self, site: Site) -> str | None:
        """Sounds add up as waveforms only."""
        if site.name != INPUT:
            return f"BC learning mixes waveforms, not site {site.name!r}; choose {INPUT!r}, or the mix 'speechmix'"
        return None

    def draw(self, batch: Tensor, site: Site, generator: torch.Generator, origin: Origin | None = None) -> LinearDraw:
        """Draw the partners and the ratios.

        Raises
        ------
        MixError
            The site is not the waveform, the sounds are not told, or the generator is not on the CPU.
        """
        if problem := self.problem(site):
            raise MixError(problem)
        sounds = known_origin(batch, origin)
        partner = other_class_partners(len(batch), sounds.labels, generator)
        ratio = draw_ratio(partner, generator)
        level_db = a_weighted_level_db(sounds.waveform, sounds.rate_hz)
        own, theirs = equal_power(heard_ratio(ratio, level_db, partner))
        return LinearDraw(partner=partner, weight=ratio, own=own, theirs=theirs)
