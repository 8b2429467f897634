"""The Patch-Mix contrastive loss and what its targets are.

Source: Bae et al., "Patch-Mix contrastive learning with Audio Spectrogram Transformer on respiratory sound
classification", Interspeech 2023.
"""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resp.losses.checks import check_partner, full_precision, per_sample_weight
from resp.losses.errors import LossError

Target = Literal["grad_block", "grad_flow", "project_block", "project_flow"]
TARGETS: tuple[Target, ...] = get_args(Target)


def patch_mix_contrastive(
    query: Tensor,
    target: Tensor,
    partner: Tensor,
    weight: Tensor | float,
    temperature: float = 0.06,
    *,
    labels: Tensor | None = None,
) -> Tensor:
    """Contrast mixed samples with the unmixed batch: each has two positives, as near as its share of them.

    With unit vectors q of the mixed and t of the unmixed samples, s_ij = q_i · t_j / τ and partner π(i), the
    loss is the mean over i of −Σ_j P_ij (s_ij − log Σ_k exp s_ik), where P_ij is λ_i at j = i plus 1 − λ_i at
    j = π(i).

    Parameters
    ----------
    query
        [batch, size]: what the network made of each mixed sample (behind the projector).
    target
        [batch, size]: what it made of each unmixed sample (`contrastive_target`).
    partner
        [batch] int64: sample i was mixed with sample ``partner[i]``.
    weight
        λ, a scalar or [batch], in [0, 1]: the share that sample i kept of itself.
    temperature
        τ, positive.
    labels
        [batch] class indices. When given, the sum over k leaves out every sample that is no positive of i but
        has the class of one.

    Returns
    -------
    Tensor
        Scalar; computed in float32 (float64 for float64 input) even under mixed precision.

    Raises
    ------
    LossError
        Shapes that do not belong together, a partner or weight out of range, or a temperature that is not
        positive.
    """
    if query.ndim != 2 or query.shape != target.shape:
        raise LossError(
            f"query {tuple(query.shape)} and target {tuple(target.shape)}; expected two of one shape [batch, size]"
        )
    if not temperature > 0:
        raise LossError(f"temperature={temperature}; expected a positive number (published: 0.06)")
    size = query.shape[0]
    check_partner(partner, size)
    with torch.autocast(query.device.type, enabled=False):
        query, target = _unit(query), _unit(target)
        logits = query @ target.T / temperature
        share = per_sample_weight(weight, size).to(logits)
        rows = torch.arange(size, device=logits.device)
        positives = torch.diag(share)
        positives = positives.index_put((rows, partner.to(logits.device)), 1 - share, accumulate=True)
        contrasted = logits if labels is None else _mask_same_class(logits, positives, labels)
        log_probability = logits - contrasted.logsumexp(dim=1, keepdim=True)
        return -(positives * log_probability).sum(dim=1).mean()


def contrastive_target(feature: Tensor, projector: nn.Module, mode: Target = "grad_block") -> Tensor:
    """Make the target of `patch_mix_contrastive` from the feature of the unmixed view.

    Parameters
    ----------
    feature
        [batch, size].
    projector
        The query's projector.
    mode
        ``grad_block`` (published): the feature itself, no gradient; ``grad_flow``: the feature itself;
        ``project_block``: behind the projector, no gradient; ``project_flow``: behind the projector.

    Returns
    -------
    Tensor
        [batch, size].

    Raises
    ------
    LossError
        No such mode.
    """
    if mode not in TARGETS:
        raise LossError(f"no contrastive target {mode!r}; expected one of {', '.join(TARGETS)}")
    projected: Tensor = projector(feature) if mode.startswith("project") else feature
    return projected.detach() if mode.endswith("block") else projected


def _unit(vectors: Tensor) -> Tensor:
    return F.normalize(full_precision(vectors), dim=1)


def _mask_same_class(logits: Tensor, positives: Tensor, labels: Tensor) -> Tensor:
    if labels.shape != logits.shape[:1]:
        raise LossError(f"labels {tuple(labels.shape)}; expected [{logits.shape[0]}], a class index a sample")
    labels = labels.to(logits.device)
    positive = positives > 0
    same_class = labels[:, None] == labels[None, :]
    # Sample k shares a class with a positive of i where any j is both positive of i and of k's class.
    shares = (positive.to(logits) @ same_class.to(logits)) > 0
    return logits.masked_fill(shares & ~positive, float("-inf"))
