"""Cross-entropy, and a second classifier that may not find out which device it hears: domain-adversarial training."""

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from resp.losses import reversal_factor, reverse_gradient
from resp.losses.supervised import UNKNOWN
from resp.models.network import FEATURE, Network
from resp.train.augmentation import Augmentation
from resp.train.errors import TrainError
from resp.train.groups import Groups
from resp.train.objectives.contract import GroupedSettings, Objective, Outcome


class DomainAdversarialSettings(GroupedSettings):
    """Settings of `DomainAdversarial`.

    Parameters
    ----------
    by
        What a domain is: see `resp.train.groups.find_groups`.
    weight
        Of the domains' cross-entropy beside that of the classes.
    gamma
        γ of the rising factor of the reversed gradient (`resp.losses.reversal_factor`); None reverses it in full from
        the first step.
    """

    name: Literal["domain_adversarial"] = "domain_adversarial"
    weight: Annotated[float, Field(ge=0)] = 1.0
    gamma: Annotated[float, Field(gt=0)] | None = 10.0


class DomainAdversarial(Objective):
    """Cross-entropy of the classes, and of the domains behind a gradient reversal (Ganin et al., JMLR 17, 2016).

    The domain classifier is a normalisation and a linear layer on the feature, as in the adversarial training by
    stethoscope that Kim et al. (ICASSP 2024) compare with. There are two differences to the papers. Ganin et al.
    also hear unlabelled sounds of the domain that is tested on; here, as with Kim et al., all domains are those of
    the training items. And the implementation of Kim et al. computes the progress in a way that makes the factor
    nearly 1 from the first epoch on (here: ``gamma: null``); the default follows Ganin et al.
    """

    domain_head: nn.Module

    def __init__(
        self,
        settings: DomainAdversarialSettings,
        network: Network,
        augmentation: Augmentation,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__(network, augmentation, class_weights)
        self._settings = settings

    def take_groups(self, groups: Groups) -> None:
        """Make the domain classifier."""
        super().take_groups(groups)
        size = self.network.feature_size
        self.domain_head = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, len(groups.names)))

    def forward(
        self, waveform: Tensor, labels: Tensor, generator: torch.Generator, groups: Tensor | None = None
    ) -> Outcome:
        """One pass of the network; ``groups`` is [batch] int64, −1 where the domain is not known."""
        if groups is None:
            raise TrainError("domain_adversarial was given no groups; pass the batch's")
        settings = self._settings
        feature = self.unmixed(self.augmented(waveform, generator), stop=FEATURE)
        logits = self.network.run(feature, start=FEATURE)
        factor = 1.0 if settings.gamma is None else reversal_factor(self.progress, settings.gamma)
        domains = self.domain_head(reverse_gradient(feature, factor)).float()
        known = (groups != UNKNOWN).sum().clamp(min=1)
        domain_loss = F.cross_entropy(domains, groups, ignore_index=UNKNOWN, reduction="sum") / known
        entropy = self.cross_entropy(logits, labels)
        found = (domains.argmax(dim=1) == groups).sum() / known
        parts = {
            "cross_entropy": entropy.detach(),
            "domain": domain_loss.detach(),
            "domain_accuracy": found.detach(),
        }
        return Outcome(entropy + settings.weight * domain_loss, logits, labels, parts)
