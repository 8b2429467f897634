"""EfficientAT ``mn04``: MobileNetV3 of width 0.4 over log-mel spectrograms, trained to tag AudioSet.

Source: Schmid, Koutini & Widmer, "Efficient large-scale audio tagging via transformer-to-CNN knowledge
distillation", ICASSP 2023; layout of Howard et al., "Searching for MobileNetV3", ICCV 2019.
Input 32 kHz mono of any length; 983 599 parameters at 527 classes, backbone 516 128, feature 384-d.
"""

from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resp.features import FilterBankSettings, mel_filters
from resp.models.errors import ModelError
from resp.models.network import Network, Site

RATE_HZ = 32_000
FEATURE_SIZE = 384
HOP = 320
FRAME = 800


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
_STEM = 8
_HEAD = 512


class _Spectrogram(nn.Module):
    """Waveform [batch, time] → normalised log-mel [batch, frames, 128], as EfficientAT computes it."""

    filters: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        settings = FilterBankSettings(rate_hz=RATE_HZ, bins=128, frame_length_ms=25.0, low_hz=0.0, high_hz=15_000.0)
        self.register_buffer("filters", mel_filters(settings), persistent=False)
        self.register_buffer("window", torch.hann_window(FRAME, periodic=False), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        emphasised = waveform[:, 1:] - 0.97 * waveform[:, :-1]
        n_fft = 2 * (self.filters.shape[1] - 1)
        spectrum = torch.stft(emphasised, n_fft, HOP, FRAME, self.window, center=True, return_complex=True)
        power = torch.view_as_real(spectrum).square().sum(-1)
        log_mel = torch.log(power.transpose(1, 2) @ self.filters.T + 1e-5)
        return (log_mel + 4.5) / 5


def _convolution(inputs: int, outputs: int, kernel: int, stride: int, groups: int, activation: nn.Module) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
        activation,
    )


class _SqueezeExcitation(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(8, (channels // 4 + 4) // 8 * 8)
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, value: Tensor) -> Tensor:
        scale = torch.sigmoid(self.fc2(F.relu(self.fc1(value.mean((2, 3))))))
        return value * scale[:, :, None, None]


class _InvertedResidual(nn.Module):
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
            layers.append(_SqueezeExcitation(block.expanded))
        layers.append(_convolution(block.expanded, block.out, 1, 1, 1, nn.Identity()))
        self.layers = nn.Sequential(*layers)
        self.residual = block.stride == 1 and inputs == block.out

    def forward(self, value: Tensor) -> Tensor:
        out: Tensor = self.layers(value)
        return out + value if self.residual else out


class _Image(nn.Module):
    """[batch, frames, bins] → [batch, 1, bins, frames], then the stem."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = _convolution(1, _STEM, 3, 2, 1, nn.Hardswish())

    def forward(self, spectrogram: Tensor) -> Tensor:
        out: Tensor = self.convolution(spectrogram.transpose(1, 2)[:, None])
        return out


class _Pool(nn.Module):
    def forward(self, value: Tensor) -> Tensor:
        return value.mean((2, 3))


def build_mn04(*, classes: tuple[str, ...], dropout: float = 0.2) -> Network:
    """Build the network with random weights.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    dropout
        Dropout before the last linear layer.
    """
    stages: dict[str, nn.Module] = {"spectrogram": _Spectrogram(), "stem": _Image()}
    channels = _STEM
    for number, block in enumerate(_BLOCKS, start=1):
        stages[f"block_{number}"] = _InvertedResidual(channels, block)
        channels = block.out
    stages["block_16"] = _convolution(channels, FEATURE_SIZE, 1, 1, 1, nn.Hardswish())
    stages["feature"] = _Pool()
    stages["logits"] = nn.Sequential(
        nn.Linear(FEATURE_SIZE, _HEAD), nn.Hardswish(), nn.Dropout(dropout), nn.Linear(_HEAD, len(classes))
    )
    image = ("batch", "channel", "bin", "frame")
    return Network(
        stages,
        sites=[
            Site("spectrogram", ("batch", "frame", "bin")),
            *(Site(name, image) for name in stages if name == "stem" or name.startswith("block_")),
            Site("feature", ("batch", "channel")),
        ],
        classes=classes,
        rate_hz=RATE_HZ,
        input_samples=None,
        feature_size=FEATURE_SIZE,
    )


def load_mn04_weights(network: Network, path: Path) -> None:
    """Fill a network made by `build_mn04` from the published ``mn04_as`` checkpoint, in place.

    The last linear layer is taken only where the class count is AudioSet's 527; otherwise it stays as it is.

    Raises
    ------
    ModelError
        The file cannot be read, or its tensors do not fit.
    """
    try:
        published: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise ModelError(f"{path}: not a checkpoint of tensors ({error}); expected the published mn04_as file") from error
    state = {_our_key(key): tensor for key, tensor in published.items()}
    own = network.state_dict()
    last = "stages.logits.3."
    if state.get(f"{last}bias", torch.empty(0)).shape != own[f"{last}bias"].shape:
        state |= {key: own[key] for key in (f"{last}weight", f"{last}bias")}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ModelError(f"{path}: {error}; expected the published mn04_as checkpoint") from error


def _our_key(key: str) -> str:
    if key.startswith("classifier."):
        # Theirs counts pooling and flattening as layers 0 and 1.
        _, number, name = key.split(".")
        return f"stages.logits.{int(number) - 2}.{name}"
    _, number, *rest = key.split(".")
    name = ".".join(rest).replace("block.", "layers.", 1).replace("conc_se_layers.0.", "")
    if number == "0":
        return f"stages.stem.convolution.{name}"
    return f"stages.block_{number}.{name}"
