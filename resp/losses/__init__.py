"""Classification and Patch-Mix contrastive losses: pure functions of tensors."""

from resp.losses.classification import inverse_frequency_weights, mixed_cross_entropy
from resp.losses.contrastive import TARGETS, Target, contrastive_target, patch_mix_contrastive
from resp.losses.errors import LossError
from resp.losses.projector import Projector

__all__ = [
    "LossError",
    "Projector",
    "TARGETS",
    "Target",
    "contrastive_target",
    "inverse_frequency_weights",
    "mixed_cross_entropy",
    "patch_mix_contrastive",
]
