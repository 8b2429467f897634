"""The supervised contrastive loss: samples of one group are drawn together, whatever else they are.

Source: Khosla et al., "Supervised contrastive learning", NeurIPS 2020 (the loss L_out, equation 2).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from resp.losses.checks import full_precision
from resp.losses.errors import LossError

UNKNOWN = -1


def supervised_contrastive(first: Tensor, second: Tensor, groups: Tensor, temperature: float = 0.06) -> Tensor:
    """Contrast two views of a batch: positives are the samples of one's own group, one's own other view among them.

    With the unit vectors z of both views behind each other and s_ij = z_i · z_j / τ, the loss is the mean over i of
    −1/|P(i)| · Σ_{p ∈ P(i)} (s_ip − log Σ_{a ≠ i} exp s_ia), where P(i) are the others of i's group.

    Parameters
    ----------
    first, second
        [batch, size]: what the network made of the two views of each sample (behind a projector).
    groups
        [batch] int64. Samples of group −1, which nobody knows, take no part: they may belong to any of the others.
    temperature
        τ, positive.

    Returns
    -------
    Tensor
        Scalar; computed in float32 (float64 for float64 input) even under mixed precision. 0 where no group is known.

    Raises
    ------
    LossError
        Shapes that do not belong together, a group below −1, or a temperature that is not positive.
    """
    if first.ndim != 2 or first.shape != second.shape:
        raise LossError(
            f"views {tuple(first.shape)} and {tuple(second.shape)}; expected two of one shape [batch, size]"
        )
    if groups.shape != first.shape[:1] or groups.is_floating_point():
        raise LossError(f"groups {tuple(groups.shape)} of {groups.dtype}; expected [{len(first)}] integers")
    if len(groups) and int(groups.min()) < UNKNOWN:
        raise LossError(f"groups holds {groups.tolist()}; expected 0 or more, and {UNKNOWN} for one that is not known")
    if not temperature > 0:
        raise LossError(f"temperature={temperature}; expected a positive number (published: 0.06)")
    with torch.autocast(first.device.type, enabled=False):
        known = groups.to(first.device) != UNKNOWN
        views = torch.cat([full_precision(first)[known], full_precision(second)[known]])
        if not len(views):
            # Zero with a gradient, for distributed training waits for that of every weight.
            return 0 * (full_precision(first).sum() + full_precision(second).sum())
        vectors = F.normalize(views, dim=1)
        group = groups.to(first.device)[known].repeat(2)
        oneself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
        positive = (group[:, None] == group[None, :]) & ~oneself
        logits = vectors @ vectors.T / temperature
        others = logits.masked_fill(oneself, float("-inf"))
        log_probability = logits - others.logsumexp(dim=1, keepdim=True)
        # One's own other view is always there, so that there is something to divide by.
        return -((log_probability * positive).sum(dim=1) / positive.sum(dim=1)).mean()
