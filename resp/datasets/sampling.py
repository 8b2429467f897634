"""Drawing items so that rare classes come as often as common ones."""

import torch
from torch import Tensor

from resp.datasets.errors import DataError


def balanced_draw(targets: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    """Draw positions with replacement, the likelier the rarer their classes are.

    An item's weight is the sum over its classes of 1 / (how many items have the class). With one class each, every
    class that occurs is equally likely; with several, this is the balanced sampling of networks for AudioSet (Gong,
    Chung, Glass 2021, "PSLA", IEEE/ACM Transactions on Audio, Speech, and Language Processing 29). An item without
    a class is never drawn.

    Parameters
    ----------
    targets
        int64 [items] class indices, or float32 [items, classes] of zeros and ones.
    count
        How many to draw.
    generator
        Source of randomness.

    Returns
    -------
    Tensor
        int64 [count], positions in ``targets``.

    Raises
    ------
    DataError
        No item has a class.
    """
    if targets.ndim == 1:
        counts = torch.bincount(targets).to(torch.float64)
        weights = 1 / counts[targets]
    else:
        # A copy of the matrix in float64 would take 8 GB for all of AudioSet.
        counts = targets.sum(0, dtype=torch.float64)
        weights = (targets @ (1 / counts.clamp(min=1)).to(targets.dtype)).to(torch.float64)
    if not bool(weights.sum() > 0):
        raise DataError(f"none of {len(targets)} items has a class to draw it by; leave balanced out")
    return torch.multinomial(weights, count, replacement=True, generator=generator)
