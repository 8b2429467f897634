"""Cross-entropy, and what is alike drawn together: supervised contrastive learning by metadata."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from resp.losses import Projector, Target, contrastive_target, supervised_contrastive
from resp.models.network import FEATURE, Network
from resp.train.augmentation import Augmentation
from resp.train.errors import TrainError
from resp.train.objectives.contract import GroupedSettings, Objective, Outcome


class SupervisedContrastiveSettings(GroupedSettings):
    """Settings of `SupervisedContrastive`; the defaults are those of SG-SCL.

    Parameters
    ----------
    by
        What makes two samples alike: see `resp.train.groups.find_groups`.
    weight
        Of the contrastive loss beside the cross-entropy.
    temperature
        τ of the contrastive loss.
    target
        What the first view is compared with: see `resp.losses.contrastive_target`, of the second view.
    class_share
        Share λ of the contrastive loss that draws samples of one class together; the rest draws those that ``by``
        calls alike. Each has a projector of its own.
    """

    name: Literal["supervised_contrastive"] = "supervised_contrastive"
    weight: Annotated[float, Field(ge=0)] = 1.0
    temperature: Annotated[float, Field(gt=0)] = 0.06
    target: Target = "project_block"
    class_share: Annotated[float, Field(ge=0, le=1)] = 0.0


class SupervisedContrastive(Objective):
    """Cross-entropy of one augmented view, plus the contrast of two (`resp.losses.supervised_contrastive`).

    With ``by: [device]`` this is SG-SCL (Kim et al., "Stethoscope-guided supervised contrastive learning for
    cross-domain adaptation on respiratory sound classification", ICASSP 2024; Score 61.71): the views differ in
    their augmentation, the second one is behind the projector and gives no gradient. In its implementation, as
    here, no gradient is reversed in this loss.

    With ``by: [sex, age_group]`` and ``class_share: 0.75`` it has the two contrasts of M-SCL (Moummad & Farrugia,
    "Pretraining respiratory sound representations using metadata and contrastive learning", WASPAA 2023), which lets
    the gradient flow through both views (``target: project_flow``) and trains the classifier afterwards, on what the
    contrasts alone have learned; here both are learned at once.

    In distributed training each process contrasts its own share of the batch.
    """

    # The projector's batch normalisation.
    smallest_batch = 2

    def __init__(
        self,
        settings: SupervisedContrastiveSettings,
        network: Network,
        augmentation: Augmentation,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__(network, augmentation, class_weights)
        self._settings = settings
        shares = {"metadata": 1 - settings.class_share, "class": settings.class_share}
        self._shares = {name: share for name, share in shares.items() if share}
        self.projectors = nn.ModuleDict({name: Projector(network.feature_size) for name in self._shares})

    def forward(
        self, waveform: Tensor, labels: Tensor, generator: torch.Generator, groups: Tensor | None = None
    ) -> Outcome:
        """Two passes of the network, of two augmentations of the batch; ``groups`` is [batch] int64, −1 unknown."""
        if groups is None:
            raise TrainError("supervised_contrastive was given no groups; pass the batch's")
        settings = self._settings
        first = self.unmixed(self.augmented(waveform, generator), stop=FEATURE)
        second = self.unmixed(self.augmented(waveform, generator), stop=FEATURE)
        logits = self.network.run(first, start=FEATURE)
        entropy = self.cross_entropy(logits, labels)
        parts = {"cross_entropy": entropy.detach()}
        loss = entropy
        for name, share in self._shares.items():
            projector = self.projectors[name]
            contrast = supervised_contrastive(
                projector(first),
                contrastive_target(second, projector, settings.target),
                labels if name == "class" else groups,
                settings.temperature,
            )
            parts[f"contrastive_{name}"] = contrast.detach()
            loss = loss + settings.weight * share * contrast
        return Outcome(loss, logits, labels, parts)
