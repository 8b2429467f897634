"""Sharpness-aware minimisation: a step by the gradient of the worst place near by.

Source: Foret et al., "Sharpness-aware minimization for efficiently improving generalization", ICLR 2021.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

# So that a gradient of zeros moves nothing.
_TINY = 1e-12


class SharpnessAware:
    """Moves weights to w + ρ · g / ‖g‖ for a second pass, and back.

    ‖g‖ runs over all weights that learn. The gradient may be a scaled one, as with fp16: only its direction counts,
    and where it overflowed nothing is moved, so that the second pass finds out and the step is left out as ever.
    Of several processes, whose gradients are averaged before, all move alike; the paper lets each go its own way.

    Parameters
    ----------
    parameters
        The weights that the optimiser changes.
    module
        What is passed through; its batch normalisation counts the first pass alone, which is that of the weights.
    rho
        ρ, how far the weights are moved.
    """

    def __init__(self, parameters: list[Tensor], module: nn.Module, rho: float) -> None:
        self._parameters = parameters
        self._counting = [one for one in module.modules() if isinstance(one, _NormBase)]
        self._rho = rho

    @contextmanager
    def moved(self) -> Iterator[None]:
        """Move the weights by their gradients, which are taken away; behind the block they are where they were."""
        learning = [weight for weight in self._parameters if weight.grad is not None]
        counting = [(one, one.track_running_stats) for one in self._counting]
        before = [weight.detach().clone() for weight in learning]
        try:
            self._move(learning)
            for one, _ in counting:
                one.track_running_stats = False
            yield
        finally:
            for one, counted in counting:
                one.track_running_stats = counted
            with torch.no_grad():
                for weight, was in zip(learning, before, strict=True):
                    weight.copy_(was)

    @torch.no_grad()
    def _move(self, learning: list[Tensor]) -> None:
        gradients = [weight.grad for weight in learning if weight.grad is not None]
        norm = torch.stack([gradient.float().norm() for gradient in gradients]).norm()
        finite = norm.isfinite()
        for weight, gradient in zip(learning, gradients, strict=True):
            step = gradient * (self._rho / (norm + _TINY))
            weight.add_(torch.where(finite, step, torch.zeros_like(step)))
            weight.grad = None
