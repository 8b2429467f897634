"""What a network is trained for; one file an objective.

A new one is a settings class with a ``name`` of its own, an `Objective`, and a line in `AnyObjective` and
`_MAKERS`.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from resp.models.network import Network
from resp.train.augmentation import Augmentation
from resp.train.objectives.contract import MixSettings, Objective, ObjectiveSettings, Outcome
from resp.train.objectives.cross_entropy import CrossEntropy, CrossEntropySettings
from resp.train.objectives.distil import Distil, DistilSettings
from resp.train.objectives.domain_adversarial import DomainAdversarial, DomainAdversarialSettings
from resp.train.objectives.masked_patches import MaskedPatches, MaskedPatchesSettings
from resp.train.objectives.mixed import DistillationSettings, Mixed, MixedSettings
from resp.train.objectives.patch_mix_ce import PatchMixCE, PatchMixCESettings
from resp.train.objectives.patch_mix_cl import PatchMixCL, PatchMixCLSettings
from resp.train.objectives.supervised_contrastive import SupervisedContrastive, SupervisedContrastiveSettings

AnyObjective = Annotated[
    CrossEntropySettings
    | PatchMixCESettings
    | PatchMixCLSettings
    | MixedSettings
    | SupervisedContrastiveSettings
    | DomainAdversarialSettings
    | DistilSettings
    | MaskedPatchesSettings,
    Field(discriminator="name"),
]

_MAKERS: dict[type[ObjectiveSettings], Callable[..., Objective]] = {
    CrossEntropySettings: CrossEntropy,
    PatchMixCESettings: PatchMixCE,
    PatchMixCLSettings: PatchMixCL,
    MixedSettings: Mixed,
    SupervisedContrastiveSettings: SupervisedContrastive,
    DomainAdversarialSettings: DomainAdversarial,
    DistilSettings: Distil,
    MaskedPatchesSettings: MaskedPatches,
}


def create_objective(
    settings: Any, network: Network, augmentation: Augmentation, class_weights: Tensor | None = None
) -> Objective:
    """Make the objective that the settings describe.

    Parameters
    ----------
    settings
        One of `AnyObjective`.
    network, augmentation
        What is trained, and what is done to its batches first.
    class_weights
        [classes] for the cross-entropy, or None.

    Raises
    ------
    RespError
        A mix or a site that is not there.
    """
    return _MAKERS[type(settings)](settings, network, augmentation, class_weights)


__all__ = [
    "AnyObjective",
    "CrossEntropy",
    "CrossEntropySettings",
    "Distil",
    "DistilSettings",
    "DistillationSettings",
    "DomainAdversarial",
    "DomainAdversarialSettings",
    "MaskedPatches",
    "MaskedPatchesSettings",
    "MixSettings",
    "Mixed",
    "MixedSettings",
    "Objective",
    "ObjectiveSettings",
    "Outcome",
    "PatchMixCE",
    "PatchMixCESettings",
    "PatchMixCL",
    "PatchMixCLSettings",
    "SupervisedContrastive",
    "SupervisedContrastiveSettings",
    "create_objective",
]
