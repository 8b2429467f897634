"""Losses against target distributions and against sets of labels, and label smoothing."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from resp.losses.checks import check_class_weights, full_precision
from resp.losses.errors import LossError


def soft_cross_entropy(logits: Tensor, targets: Tensor, *, class_weights: Tensor | None = None) -> Tensor:
    """Cross-entropy between target distributions t and the softmax p, the mean over samples of −Σ_c t_c log p_c.

    With class weights w it is −Σ w_c t_c log p_c over Σ w_c t_c, both sums over samples and classes: for
    one-hot targets PyTorch's weighted cross-entropy, for two mixed labels `mixed_cross_entropy`.

    Parameters
    ----------
    logits
        [batch, classes].
    targets
        [batch, classes] distributions: each row sums to one.
    class_weights
        [classes], or None for equal weights.

    Returns
    -------
    Tensor
        Scalar; computed in float32 (float64 for float64 logits) even under mixed precision.

    Raises
    ------
    LossError
        Shapes that do not belong together.
    """
    logits, targets = _pair(logits, targets)
    return _weighted_mean(-targets * logits.log_softmax(dim=1), targets, class_weights)


def kl_to_targets(logits: Tensor, targets: Tensor, *, class_weights: Tensor | None = None) -> Tensor:
    """Kullback-Leibler divergence KL(t ‖ p) of the softmax p from target distributions t, with 0 · log 0 = 0.

    It is `soft_cross_entropy` less the targets' own entropy, so both have the same gradient and this one is 0
    where the targets are met. Source: Tokozume et al., "Learning from between-class examples for deep sound
    recognition", ICLR 2018.

    Parameters
    ----------
    logits, targets, class_weights
        See `soft_cross_entropy`.

    Returns
    -------
    Tensor
        Scalar; computed in float32 (float64 for float64 logits) even under mixed precision.

    Raises
    ------
    LossError
        Shapes that do not belong together.
    """
    logits, targets = _pair(logits, targets)
    divergence = torch.xlogy(targets, targets) - targets * logits.log_softmax(dim=1)
    return _weighted_mean(divergence, targets, class_weights)


def binary_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    class_weights: Tensor | None = None,
    over_classes: Literal["mean", "sum"] = "mean",
) -> Tensor:
    """Binary cross-entropy of independent classes, −t log σ(z) − (1 − t) log(1 − σ(z)), the mean over samples.

    Parameters
    ----------
    logits
        [batch, classes], before the sigmoid.
    targets
        [batch, classes] in [0, 1]: several labels of a sample (multi-hot), or shares of labels.
    class_weights
        [classes] with which the mean over classes is weighted, or None for equal weights.
    over_classes
        ``mean``, or ``sum``, which is the mean times the number of classes: then a sample's gradient is as
        large as that of a cross-entropy.

    Returns
    -------
    Tensor
        Scalar; computed in float32 (float64 for float64 logits) even under mixed precision.

    Raises
    ------
    LossError
        Shapes that do not belong together.
    """
    logits, targets = _pair(logits, targets)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    classes = logits.shape[1]
    check_class_weights(class_weights, classes)
    weights = entropy.new_ones(classes) if class_weights is None else class_weights.to(entropy)
    loss = (entropy * weights).sum(dim=1).mean() / weights.sum()
    return loss * classes if over_classes == "sum" else loss


def smooth(targets: Tensor, amount: float) -> Tensor:
    """Spread a share of target distributions evenly over all classes, (1 − amount) · t + amount / classes.

    This is the label smoothing of Szegedy et al. (CVPR 2016), and PyTorch's. Some implementations spread over
    the other classes alone, which is the same with ``amount · classes / (classes − 1)``.

    Parameters
    ----------
    targets
        [batch, classes] distributions: each row sums to one, before and after.
    amount
        Share that is spread, from 0 to below 1.

    Returns
    -------
    Tensor
        [batch, classes]; ``targets`` is left as it was.

    Raises
    ------
    LossError
        Targets of another shape, or an amount out of range.
    """
    if targets.ndim != 2 or not targets.is_floating_point():
        raise LossError(f"targets {tuple(targets.shape)} of {targets.dtype}; expected [batch, classes] distributions")
    if not 0 <= amount < 1:
        raise LossError(f"amount={amount}; expected a share from 0 to below 1 (such as 0.1)")
    return targets * (1 - amount) + amount / targets.shape[1]


def _pair(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in full precision on one device."""
    if logits.ndim != 2 or logits.shape != targets.shape or not targets.is_floating_point():
        raise LossError(
            f"logits {tuple(logits.shape)} and targets {tuple(targets.shape)} of {targets.dtype}; "
            "expected two of one shape [batch, classes], the targets as numbers from 0 to 1"
        )
    exact = full_precision(logits)
    return exact, targets.to(exact)


def _weighted_mean(terms: Tensor, targets: Tensor, class_weights: Tensor | None) -> Tensor:
    """Return the mean over samples of [batch, classes] terms; with weights, over the weight of the targets."""
    check_class_weights(class_weights, terms.shape[1])
    if class_weights is None:
        return terms.sum(dim=1).mean()
    weights = class_weights.to(terms)
    return (terms * weights).sum() / (targets * weights).sum()
