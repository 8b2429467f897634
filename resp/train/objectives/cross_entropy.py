"""Plain fine-tuning: cross-entropy of the augmented batch."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from resp.models.network import Network
from resp.train.augmentation import Augmentation
from resp.train.objectives.contract import Objective, ObjectiveSettings, Outcome


class CrossEntropySettings(ObjectiveSettings):
    """Settings of `CrossEntropy`.

    Parameters
    ----------
    label_smoothing
        Share of each label that is spread over all classes.
    """

    name: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0


class CrossEntropy(Objective):
    """Cross-entropy, with class weights and label smoothing where asked for."""

    def __init__(
        self,
        settings: CrossEntropySettings,
        network: Network,
        augmentation: Augmentation,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__(network, augmentation, class_weights)
        self._smoothing = settings.label_smoothing

    def forward(self, waveform: Tensor, labels: Tensor, generator: torch.Generator) -> Outcome:
        """One pass of the network."""
        logits = self.unmixed(self.augmented(waveform, generator))
        loss = self.cross_entropy(logits, labels, self._smoothing)
        return Outcome(loss, logits, labels, {"cross_entropy": loss.detach()})
