"""What several networks are built of."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from resp.models.errors import ModelError


def convolution(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    *,
    stride: int = 1,
    padding: int = 0,
) -> nn.Sequential:
    """Return a convolution without bias, batch normalisation and ReLU, in this order.

    The weights are drawn from a normal distribution of variance 2 / fan-in (He et al., ICCV 2015).

    Parameters
    ----------
    inputs, outputs
        Channels.
    kernel
        Steps for a map [batch, channels, time]; ``(bins, frames)`` for a map [batch, channels, bins, frames].
    stride, padding
        As of torch's convolutions.
    """
    if isinstance(kernel, tuple):
        planar = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        return _activated(planar, nn.BatchNorm2d(outputs))
    return _activated(nn.Conv1d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm1d(outputs))


def linear(inputs: int, outputs: int, followed_by: Literal["linear", "relu"] = "linear") -> nn.Linear:
    """Return a linear layer of zero biases and weights of variance 1 / fan-in, or 2 / fan-in before a ReLU.

    The first is LeCun et al.'s ("Efficient BackProp", 1998), which self-normalising networks ask for and which the
    networks of BC learning were published with; the second He et al.'s (ICCV 2015).
    """
    layer = nn.Linear(inputs, outputs)
    initialise(layer, 2.0 if followed_by == "relu" else 1.0)
    return layer


def initialise(layer: nn.Linear | nn.Conv1d | nn.Conv2d, variance: float) -> None:
    """Draw a layer's weights from a normal distribution of ``variance`` / fan-in, in place; biases become 0."""
    # Not by kaiming_normal_, which `SkipInitialisation` does not see.
    nn.init.normal_(layer.weight, 0.0, math.sqrt(variance / layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def dense(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    """Return a linear layer, ReLU and dropout, in this order."""
    return nn.Sequential(linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout))


def with_channel() -> nn.Module:
    """Return a module that gives [batch, …] a channel axis: [batch, 1, …]."""
    return nn.Unflatten(1, (1, -1))


class Mirror(nn.Module):
    """Continue the last axis by its mirror image, the end values not repeated.

    As ``torch.nn.ReflectionPad1d``, whose gradient on a GPU depends on the order in which threads finish.

    Parameters
    ----------
    left, right
        How many steps are added at each end; a value must have more of them.
    """

    def __init__(self, left: int, right: int) -> None:
        super().__init__()
        self.left = left
        self.right = right

    def forward(self, value: Tensor) -> Tensor:
        """Return the longer value; `ModelError` where it has too few steps."""
        steps = value.shape[-1]
        if steps <= max(self.left, self.right):
            raise ModelError(f"{steps} steps; expected more than the {max(self.left, self.right)} to mirror at an end")
        front = value[..., 1 : self.left + 1].flip(-1)
        back = value[..., steps - 1 - self.right : steps - 1].flip(-1)
        return torch.cat((front, value, back), dim=-1)


class MeanOverTime(nn.Module):
    """Map [batch, channels, time] → the mean of each channel, [batch, channels]."""

    def forward(self, value: Tensor) -> Tensor:
        """Return the means."""
        return value.mean(2)


def _activated(layer: nn.Conv1d | nn.Conv2d, norm: nn.Module) -> nn.Sequential:
    initialise(layer, 2.0)
    return nn.Sequential(layer, norm, nn.ReLU())
