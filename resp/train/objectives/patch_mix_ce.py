"""Mixed cross-entropy: the mixed batch against both labels (Patch-Mix CE; any other mix alike)."""

from typing import Literal

import torch
from torch import Tensor

from resp.losses import mixed_cross_entropy
from resp.mix import mixed_targets
from resp.models.network import Network
from resp.train.augmentation import Augmentation
from resp.train.objectives.contract import (
    MixSettings,
    Objective,
    ObjectiveSettings,
    Outcome,
    SitedMix,
    dominant_labels,
    over_processes,
)


class PatchMixCESettings(ObjectiveSettings):
    """Settings of `PatchMixCE`.

    Parameters
    ----------
    mix
        Which mix, and where.
    """

    name: Literal["patch_mix_ce"] = "patch_mix_ce"
    mix: MixSettings = MixSettings()


class PatchMixCE(Objective):
    """λ · CE(own label) + (1 − λ) · CE(partner's label) of the mixed batch (Bae et al., Interspeech 2023)."""

    def __init__(
        self,
        settings: PatchMixCESettings,
        network: Network,
        augmentation: Augmentation,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__(network, augmentation, class_weights)
        self._mix = SitedMix(settings.mix, network)

    def forward(self, waveform: Tensor, labels: Tensor, generator: torch.Generator) -> Outcome:
        """One pass of the network, of the mixed view alone."""
        logits, draw = self.mixed(self.augmented(waveform, generator), self._mix, generator)
        loss = mixed_cross_entropy(logits, labels, draw.partner, draw.weight, class_weights=self.class_weights)
        if self.class_weights is not None:
            counted = mixed_targets(self.class_weights[labels, None], draw)
            loss = over_processes(loss, counted.sum())
        return Outcome(loss, logits, dominant_labels(labels, draw), {"cross_entropy": loss.detach()})
