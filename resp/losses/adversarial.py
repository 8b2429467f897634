"""Gradient reversal: what stands behind learns a thing, what stands before unlearns it.

Source: Ganin et al., "Domain-adversarial training of neural networks", Journal of Machine Learning Research 17, 2016.
"""

import math
from typing import Any

import torch
from torch import Tensor

from resp.losses.errors import LossError


def reverse_gradient(value: Tensor, factor: float = 1.0) -> Tensor:
    """Return ``value`` as it is; on the way back its gradient is multiplied by −``factor``.

    Parameters
    ----------
    value
        Any shape.
    factor
        λ of the paper, 0 or more.

    Raises
    ------
    LossError
        A negative factor, which would reverse nothing.
    """
    if not factor >= 0:
        raise LossError(f"factor={factor}; expected 0 or more, the gradient's sign is turned anyway")
    reversed_: Tensor = _Reversal.apply(value, factor)
    return reversed_


def reversal_factor(progress: float, gamma: float = 10.0) -> float:
    """Return the published λ at a place of the training, 2 / (1 + exp(−γ · p)) − 1: from 0 at first to nearly 1.

    The domain classifier knows nothing at first, and what it would teach then is noise.

    Parameters
    ----------
    progress
        p, the share of the training that is done, from 0 to 1.
    gamma
        γ, published as 10.

    Raises
    ------
    LossError
        A progress out of range.
    """
    if not 0 <= progress <= 1:
        raise LossError(f"progress={progress}; expected the share of the training that is done, from 0 to 1")
    return 2 / (1 + math.exp(-gamma * progress)) - 1


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None]:
        return -ctx.factor * gradients[0], None
