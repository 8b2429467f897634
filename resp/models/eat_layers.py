"""The layers of EAT."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resp.features import magnitude_waveform, phase_waveform
from resp.models.layers import Mirror
from resp.models.positions import fit_token_positions

SLOPE = 0.2
INITIAL_STD = 0.02

SoundPart = Literal["phase", "magnitude"]
_PARTS: dict[SoundPart, Callable[[Tensor, int], Tensor]] = {"phase": phase_waveform, "magnitude": magnitude_waveform}


def convolved(
    inputs: int, outputs: int, kernel: int, *, dilation: int = 1, groups: int = 1, active: bool = True
) -> list[nn.Module]:
    """Return a mirrored convolution that keeps the length, batch normalisation and, where ``active``, leaky ReLU."""
    left, right = dilation * (kernel // 2), dilation * ((kernel - 1) // 2)
    return [
        *([Mirror(left, right)] if left else []),
        nn.Conv1d(inputs, outputs, kernel, dilation=dilation, groups=groups, bias=False),
        nn.BatchNorm1d(outputs),
        *([nn.LeakyReLU(SLOPE)] if active else []),
    ]


class Heard(nn.Module):
    """Waveform [batch, time] → what is heard in its place, [batch, parts, time].

    Parameters
    ----------
    parts
        A channel each: the ``phase`` or the ``magnitude`` waveform of `resp.features`.
    window
        Window length in samples.
    """

    def __init__(self, parts: Sequence[SoundPart], window: int) -> None:
        super().__init__()
        self.parts = tuple(parts)
        self.window = window

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the parts."""
        return torch.stack([_PARTS[part](waveform, self.window) for part in self.parts], dim=1)


class LowPass(nn.Module):
    """Every ``factor``-th step of a map behind a triangular low-pass of 2 · factor + 1 taps (Zhang, ICML 2019).

    At f cycles a step its response is (sin(πf(d + 1)) / ((d + 1) · sin(πf)))², d the factor. Ends are mirrored; of T
    steps T / d are left, rounded up.

    Parameters
    ----------
    channels
        Of the map [batch, channels, time]; each is filtered by itself.
    factor
        d, at least 2.
    """

    taps: Tensor

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.mirror = Mirror(factor, factor)
        rising = torch.arange(1.0, factor + 2)
        taps = torch.cat((rising, rising[:-1].flip(0))) / (factor + 1) ** 2
        # Not persistent: it follows from the settings, which the model's config.json holds.
        self.register_buffer("taps", taps.expand(channels, 1, -1).contiguous(), persistent=False)

    def forward(self, value: Tensor) -> Tensor:
        """Return the shorter map."""
        return F.conv1d(self.mirror(value), self.taps, stride=self.factor, groups=len(self.taps))


class Down(nn.Sequential):
    """Map [batch, channels, time] → [batch, 2 · channels, time / factor]: a convolution of factor + 1, then `LowPass`.

    Parameters
    ----------
    channels
        Of the input.
    factor
        At least 2.
    """

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__(*convolved(channels, 2 * channels, factor + 1), LowPass(2 * channels, factor))


class Residual(nn.Module):
    """EAT's residual block: the sum of three branches, none of which is the input itself.

    One sees a channel over time, one all channels at one step, each normalised and active; the third is a linear
    map of the channels at one step.

    Parameters
    ----------
    channels
        Of input and output, [batch, channels, time].
    dilation
        Distance in steps between what the branch over time sees.
    """

    kernel: ClassVar[int] = 15

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.time = nn.Sequential(
            *convolved(channels, channels, self.kernel, dilation=dilation, groups=channels),
        )
        self.channel = nn.Sequential(*convolved(channels, channels, 1))
        self.shortcut = nn.Conv1d(channels, channels, 1)

    def forward(self, value: Tensor) -> Tensor:
        """Return the sum."""
        total: Tensor = self.shortcut(value) + self.channel(value) + self.time(value)
        return total


class PlainResidual(nn.Module):
    """The common residual block (He et al., CVPR 2016): two convolutions, the input added before the last activation.

    Parameters
    ----------
    channels, dilation
        As of `Residual`.
    """

    kernel: ClassVar[int] = 3

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *convolved(channels, channels, self.kernel, dilation=dilation),
            *convolved(channels, channels, self.kernel, dilation=dilation, active=False),
        )

    def forward(self, value: Tensor) -> Tensor:
        """Return the sum."""
        return F.leaky_relu(value + self.layers(value), SLOPE)


class ClassToken(nn.Module):
    """Map [batch, channels, time] → tokens [batch, 1 + time, channels]: one more in front, positions added.

    Parameters
    ----------
    channels
        Size of a token.
    learned
        How many positions are learned; they are interpolated to the length of the map.
    """

    def __init__(self, channels: int, learned: int) -> None:
        super().__init__()
        self.class_token = nn.Parameter(torch.empty(1, 1, channels))
        self.positions = nn.Parameter(torch.empty(1, 1 + learned, channels))

    def forward(self, value: Tensor) -> Tensor:
        """Return the tokens."""
        front = self.class_token.expand(value.shape[0], -1, -1).to(value.dtype)
        tokens = torch.cat((front, value.transpose(1, 2)), dim=1)
        return tokens + fit_token_positions(self.positions, tokens.shape[1])


class ClassFeature(nn.Module):
    """Tokens [batch, 1 + time, channels] → the first of them, normalised, [batch, channels].

    Parameters
    ----------
    channels
        Size of a token.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the feature."""
        feature: Tensor = self.norm(tokens[:, 0])
        return feature


def initialise(module: nn.Module) -> None:
    """Give the weights of a network of these layers their starting values, in place.

    Convolutions, class token and positions are normal with a standard deviation of 0.02; biases are 0; attention and
    linear layers are as torch makes them.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv1d):
            nn.init.normal_(part.weight, 0.0, INITIAL_STD)
        elif isinstance(part, ClassToken):
            nn.init.normal_(part.class_token, 0.0, INITIAL_STD)
            nn.init.normal_(part.positions, 0.0, INITIAL_STD)
        if isinstance(part, nn.Conv1d | nn.Linear) and part.bias is not None:
            nn.init.zeros_(part.bias)
