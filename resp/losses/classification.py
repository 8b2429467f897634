"""Cross-entropy for mixed labels, and weights against class imbalance."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from resp.losses.checks import check_class_weights, check_partner, full_precision, per_sample_weight
from resp.losses.errors import LossError


def mixed_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    partner: Tensor,
    weight: Tensor | float,
    *,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Cross-entropy of mixed samples against both labels, λ · CE(own) + (1 − λ) · CE(partner's).

    With class weights c it is the weighted mean: every term counts c of its label, and the sum is divided by
    the sum of what was counted, as in PyTorch's weighted cross-entropy.

    Parameters
    ----------
    logits
        [batch, classes].
    labels
        [batch] class indices of the unmixed samples.
    partner
        [batch] int64: sample i was mixed with sample ``partner[i]``.
    weight
        λ, a scalar or [batch], in [0, 1].
    class_weights
        [classes], or None for equal weights.

    Returns
    -------
    Tensor
        Scalar; computed in float32 (float64 for float64 input) even under mixed precision.

    Raises
    ------
    LossError
        Shapes that do not belong together, or a partner or weight out of range.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise LossError(
            f"logits {tuple(logits.shape)} and labels {tuple(labels.shape)}; expected [batch, classes] and [batch]"
        )
    size, classes = logits.shape
    check_class_weights(class_weights, classes)
    check_partner(partner, size)
    exact = full_precision(logits)
    share = per_sample_weight(weight, size).to(exact)
    own = labels.to(exact.device)
    theirs = own[partner.to(exact.device)]
    counted = exact.new_ones(classes) if class_weights is None else class_weights.to(exact)
    own_weight, their_weight = share * counted[own], (1 - share) * counted[theirs]
    entropy = own_weight * F.cross_entropy(exact, own, reduction="none")
    entropy = entropy + their_weight * F.cross_entropy(exact, theirs, reduction="none")
    return entropy.sum() / (own_weight + their_weight).sum()


def inverse_frequency_weights(labels: Tensor | Sequence[int], classes: int) -> Tensor:
    """Weight classes by the inverse of how often they occur, normalised to a sum of one.

    Parameters
    ----------
    labels
        Class indices of the training items.
    classes
        Number of classes.

    Returns
    -------
    Tensor
        [classes] float32; a class without items has weight 0.

    Raises
    ------
    LossError
        No labels, or a label that is not a class.
    """
    given = torch.as_tensor(labels, dtype=torch.int64).flatten()
    if given.numel() == 0:
        raise LossError("no labels; class weights need at least one item")
    if not 0 <= int(given.min()) <= int(given.max()) < classes:
        raise LossError(f"labels from {int(given.min())} to {int(given.max())}; expected 0 to {classes - 1}")
    counts = torch.bincount(given, minlength=classes).double()
    inverse = torch.where(counts > 0, 1 / counts.clamp(min=1), 0.0)
    return (inverse / inverse.sum()).float()
