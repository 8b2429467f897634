"""Losses as pure functions of tensors: classification, soft targets, distillation, contrastive, adversarial."""

from resp.losses.adversarial import reversal_factor, reverse_gradient
from resp.losses.classification import inverse_frequency_weights, mixed_cross_entropy
from resp.losses.contrastive import TARGETS, Target, contrastive_target, patch_mix_contrastive
from resp.losses.distillation import self_distillation
from resp.losses.errors import LossError
from resp.losses.heads import HEADS, Head, head_loss, head_output
from resp.losses.projector import Projector
from resp.losses.soft import binary_cross_entropy, kl_to_targets, smooth, soft_cross_entropy
from resp.losses.supervised import supervised_contrastive

__all__ = [
    "HEADS",
    "Head",
    "LossError",
    "Projector",
    "TARGETS",
    "Target",
    "binary_cross_entropy",
    "contrastive_target",
    "head_loss",
    "head_output",
    "inverse_frequency_weights",
    "kl_to_targets",
    "mixed_cross_entropy",
    "patch_mix_contrastive",
    "reversal_factor",
    "reverse_gradient",
    "self_distillation",
    "smooth",
    "soft_cross_entropy",
    "supervised_contrastive",
]
