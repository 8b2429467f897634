"""Patch-Mix contrastive learning: the mixed view is drawn to the two samples it is made of."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from resp.losses import Projector, Target, contrastive_target, patch_mix_contrastive
from resp.models.network import FEATURE, Network
from resp.train.augmentation import Augmentation
from resp.train.objectives.contract import MixSettings, Objective, ObjectiveSettings, Outcome, SitedMix


class PatchMixCLSettings(ObjectiveSettings):
    """Settings of `PatchMixCL`; the defaults are the published ones.

    Parameters
    ----------
    mix
        Which mix, and where.
    weight
        α, the weight of the contrastive loss beside the cross-entropy.
    temperature
        τ of the contrastive loss.
    target
        What the mixed view is compared with: see `resp.losses.contrastive_target`.
    negatives
        ``all`` samples of the batch, or only those of an ``other_class``.
    """

    name: Literal["patch_mix_cl"] = "patch_mix_cl"
    mix: MixSettings = MixSettings()
    weight: Annotated[float, Field(ge=0)] = 1.0
    temperature: Annotated[float, Field(gt=0)] = 0.06
    target: Target = "grad_block"
    negatives: Literal["all", "other_class"] = "all"


class PatchMixCL(Objective):
    """Cross-entropy of the unmixed view plus α times the contrastive loss (Bae et al., Interspeech 2023).

    Both views start from the same augmented batch. In distributed training each process contrasts its own
    share of the batch.
    """

    # The projector's batch normalisation.
    smallest_batch = 2

    def __init__(
        self,
        settings: PatchMixCLSettings,
        network: Network,
        augmentation: Augmentation,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__(network, augmentation, class_weights)
        self._settings = settings
        self._mix = SitedMix(settings.mix, network)
        self.projector = Projector(network.feature_size)

    def forward(self, waveform: Tensor, labels: Tensor, generator: torch.Generator) -> Outcome:
        """Two passes of the network behind the mix: the unmixed and the mixed view."""
        settings = self._settings
        batch = self.augmented(waveform, generator)
        feature, mixed, draw = self.views(batch, self._mix, generator, stop=FEATURE)
        logits = self.network.run(feature, start=FEATURE)
        contrast = patch_mix_contrastive(
            self.projector(mixed),
            contrastive_target(feature, self.projector, settings.target),
            draw.partner,
            draw.weight,
            settings.temperature,
            labels=labels if settings.negatives == "other_class" else None,
        )
        entropy = self.cross_entropy(logits, labels)
        parts = {"cross_entropy": entropy.detach(), "contrastive": contrast.detach()}
        return Outcome(entropy + settings.weight * contrast, logits, labels, parts)
