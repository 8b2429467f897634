"""EfficientAT ``mn04``: MobileNetV3 of width 0.4 over log-mel spectrograms, trained to tag AudioSet.

Source: Schmid, Koutini & Widmer, "Efficient large-scale audio tagging via transformer-to-CNN knowledge
distillation", ICASSP 2023; layout of Howard et al., "Searching for MobileNetV3", ICCV 2019.
Input 32 kHz mono of any length (or a fraction of that rate); 983 599 parameters at 527 classes, trunk 516 128,
feature 384-d.
"""

import re
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resp.models.checkpoint_file import read_checkpoint
from resp.models.checks import check_dropout
from resp.models.mn04_spectrogram import RATE_HZ, Mn04Spectrogram
from resp.models.network import Network, Site
from resp.models.state import load_state

FEATURE_SIZE = 384

_HEAD = "stages.logits."


class _Block(NamedTuple):
    kernel: int
    expanded: int
    out: int
    squeeze: bool
    hardswish: bool
    stride: int


# MobileNetV3-large with every width times 0.4, rounded to eights.
_BLOCKS = (
    _Block(3, 8, 8, False, False, 1),
    _Block(3, 24, 16, False, False, 2),
    _Block(3, 32, 16, False, False, 1),
    _Block(5, 32, 16, True, False, 2),
    _Block(5, 48, 16, True, False, 1),
    _Block(5, 48, 16, True, False, 1),
    _Block(3, 96, 32, False, True, 2),
    _Block(3, 80, 32, False, True, 1),
    _Block(3, 72, 32, False, True, 1),
    _Block(3, 72, 32, False, True, 1),
    _Block(3, 192, 48, True, True, 1),
    _Block(3, 272, 48, True, True, 1),
    _Block(5, 272, 64, True, True, 2),
    _Block(5, 384, 64, True, True, 1),
    _Block(5, 384, 64, True, True, 1),
)
_STEM_CHANNELS = 8
_HIDDEN = 512


def _convolution(inputs: int, outputs: int, kernel: int, stride: int, groups: int, activation: nn.Module) -> nn.Module:
    """Return a convolution without bias, batch normalisation and activation, in this order."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
        activation,
    )


class SqueezeExcitation(nn.Module):
    """Weighs every channel of a map by what all of the map says (Hu et al., CVPR 2018).

    Parameters
    ----------
    channels
        Of the map [batch, channels, bins, frames].
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(8, (channels // 4 + 4) // 8 * 8)
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, value: Tensor) -> Tensor:
        """Return the weighed map."""
        scale = torch.sigmoid(self.fc2(F.relu(self.fc1(value.mean((2, 3))))))
        return value * scale[:, :, None, None]


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, weigh the channels, narrow; the input is added where shapes allow.

    Parameters
    ----------
    inputs
        Channels of the input.
    block
        Everything else.
    """

    def __init__(self, inputs: int, block: _Block) -> None:
        super().__init__()

        def activation() -> nn.Module:
            return nn.Hardswish() if block.hardswish else nn.ReLU()

        layers: list[nn.Module] = []
        if block.expanded != inputs:
            layers.append(_convolution(inputs, block.expanded, 1, 1, 1, activation()))
        layers.append(
            _convolution(block.expanded, block.expanded, block.kernel, block.stride, block.expanded, activation())
        )
        if block.squeeze:
            layers.append(SqueezeExcitation(block.expanded))
        layers.append(_convolution(block.expanded, block.out, 1, 1, 1, nn.Identity()))
        self.layers = nn.Sequential(*layers)
        self.residual = block.stride == 1 and inputs == block.out

    def forward(self, value: Tensor) -> Tensor:
        """Return the map [batch, channels, bins, frames]."""
        out: Tensor = self.layers(value)
        return out + value if self.residual else out


class Stem(nn.Module):
    """Spectrogram [batch, frames, bins] → map [batch, 8, bins / 2, frames / 2], halves rounded up."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = _convolution(1, _STEM_CHANNELS, 3, 2, 1, nn.Hardswish())

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Return the map."""
        image = spectrogram.transpose(1, 2)[:, None]
        # Depth-wise convolutions run about twice as fast in this layout on a CPU; what follows keeps it.
        out: Tensor = self.convolution(image.contiguous(memory_format=torch.channels_last))
        return out


class MeanOverMap(nn.Module):
    """Map [batch, channels, bins, frames] → the mean of each channel, [batch, channels]."""

    def forward(self, value: Tensor) -> Tensor:
        """Return the means."""
        return value.mean((2, 3))


def trunk() -> dict[str, nn.Module]:
    """Return the convolutions by name, in order: [batch, frames, 128] → [batch, 384, 4, frames / 32], rounded up."""
    layers: dict[str, nn.Module] = {"stem": Stem()}
    channels = _STEM_CHANNELS
    for number, block in enumerate(_BLOCKS, start=1):
        layers[f"block_{number}"] = InvertedResidual(channels, block)
        channels = block.out
    layers[f"block_{len(_BLOCKS) + 1}"] = _convolution(channels, FEATURE_SIZE, 1, 1, 1, nn.Hardswish())
    return layers


def build_mn04(*, classes: tuple[str, ...], rate_hz: int = RATE_HZ, dropout: float = 0.2) -> Network:
    """Build the network with random weights.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    rate_hz
        Rate of the waveform: 32 000 divided by 1, 2, 4 or 8.
    dropout
        Dropout before the last linear layer.

    Raises
    ------
    ModelError
        Another rate, or a dropout that is not within 0 to below 1.
    """
    check_dropout(dropout)
    spectrogram, convolutions = Mn04Spectrogram(rate_hz), trunk()
    head = (nn.Linear(FEATURE_SIZE, _HIDDEN), nn.Hardswish(), nn.Dropout(dropout))
    stages: dict[str, nn.Module] = {
        "spectrogram": spectrogram,
        **convolutions,
        "feature": MeanOverMap(),
        "logits": nn.Sequential(*head, nn.Linear(_HIDDEN, len(classes))),
    }
    image = ("batch", "channel", "bin", "frame")
    return Network(
        stages,
        sites=[
            Site("spectrogram", ("batch", "frame", "bin")),
            *(Site(name, image) for name in convolutions),
            Site("feature", ("batch", "channel")),
        ],
        classes=classes,
        rate_hz=rate_hz,
        input_samples=None,
        least_samples=spectrogram.least_samples,
        feature_size=FEATURE_SIZE,
    )


def read_mn04(path: Path) -> dict[str, Tensor]:
    """Read the published ``mn04_as`` checkpoint under the names that `build_mn04` gives its weights.

    A key that our network has no name for keeps its own, so that the check that follows names it as it stands
    in the file.

    Raises
    ------
    ModelError
        The file cannot be read, or holds anything but tensors.
    """
    return {_own_key(key): tensor for key, tensor in read_checkpoint(path).items()}


def load_mn04_weights(network: Network, path: Path) -> None:
    """Fill a network made by `build_mn04` from the published ``mn04_as`` checkpoint, in place.

    The last linear layer is taken only where the class count is the file's (AudioSet's 527); otherwise it stays
    as it is.

    Raises
    ------
    ModelError
        The file cannot be read, or its tensors do not fit.
    """
    own, state = network.state_dict(), read_mn04(path)
    for key in (f"{_HEAD}3.weight", f"{_HEAD}3.bias"):
        if key in own and key in state and len(state[key]) != len(network.classes):
            state[key] = own[key]
    load_state(network, state, f"{path}: ")


def load_mn04_trunk(layers: nn.Module, path: Path) -> None:
    """Fill the convolutions alone, as `trunk` names them, from the published ``mn04_as`` checkpoint, in place.

    Parameters
    ----------
    layers
        A sequential of what `trunk` returns, or of its beginning.
    path
        The checkpoint.

    Raises
    ------
    ModelError
        The file cannot be read, or its tensors do not fit.
    """
    state = read_mn04(path)
    kept = {key.removeprefix("stages."): tensor for key, tensor in state.items() if not key.startswith(_HEAD)}
    names = {name for name, _ in layers.named_children()}
    behind = set(trunk()) - names
    load_state(layers, {key: value for key, value in kept.items() if key.split(".")[0] not in behind}, f"{path}: ")


_CLASSIFIER = re.compile(r"classifier\.([25])\.(weight|bias)")
_FEATURES = re.compile(r"features\.(\d+)\.(.+)")


def _own_key(key: str) -> str:
    """Return what `build_mn04` calls a weight of the published file."""
    if match := _CLASSIFIER.fullmatch(key):
        # Theirs counts pooling and flattening as layers 0 and 1.
        return f"{_HEAD}{int(match[1]) - 2}.{match[2]}"
    if not (match := _FEATURES.fullmatch(key)):
        return key
    name = match[2].replace("block.", "layers.", 1).replace("conc_se_layers.0.", "", 1)
    return f"stages.stem.convolution.{name}" if match[1] == "0" else f"stages.block_{match[1]}.{name}"
