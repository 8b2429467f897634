"""EfficientAT ``mn04``: MobileNetV3 of width 0.4 over log-mel spectrograms, trained to tag AudioSet.

Source: Schmid, Koutini & Widmer, "Efficient large-scale audio tagging via transformer-to-CNN knowledge
distillation", ICASSP 2023; layout of Howard et al., "Searching for MobileNetV3", ICCV 2019.
Input 32 kHz mono of any length (or a fraction of that rate); 983 599 parameters at 527 classes, trunk 516 128,
feature 384-d.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from resp.features import FilterBankSettings, mel_filters
from resp.models.errors import ModelError
from resp.models.network import Network, Site
from resp.models.state import fit_state

RATE_HZ = 32_000
FEATURE_SIZE = 384
BINS = 128
HOP = 320
FRAME = 800
PRE_EMPHASIS = 0.97


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


def frame_count(samples: int, factor: int = 1) -> int:
    """Return how many frames the spectrogram of ``samples`` at 32 kHz / ``factor`` has."""
    return (samples * factor - 1) // HOP + 1


class Mn04Spectrogram(nn.Module):
    """Waveform [batch, time] → normalised log-mel [batch, frames, 128], as EfficientAT computes it at 32 kHz.

    A recording that was made at a lower rate holds nothing above its Nyquist frequency, so that its 32 kHz
    spectrogram can be computed at its own rate at a fraction of the cost: frame, hop and transform shrink alike,
    and power grows by the square of the factor.

    Parameters
    ----------
    rate_hz
        32 000 divided by 1, 2, 4 or 8.

    Raises
    ------
    ModelError
        Another rate.
    """

    filters: Tensor
    window: Tensor

    def __init__(self, rate_hz: int = RATE_HZ) -> None:
        super().__init__()
        if rate_hz not in (RATE_HZ, RATE_HZ // 2, RATE_HZ // 4, RATE_HZ // 8):
            raise ModelError(f"rate_hz={rate_hz}; expected 32000, 16000, 8000 or 4000")
        self.factor = RATE_HZ // rate_hz
        settings = FilterBankSettings(rate_hz=RATE_HZ, bins=BINS, frame_length_ms=25.0, low_hz=0.0, high_hz=15_000.0)
        self.n_fft = settings.n_fft // self.factor
        filters = mel_filters(settings)[:, : self.n_fft // 2 + 1]
        self.register_buffer("filters", filters.T.contiguous(), persistent=False)
        window = torch.hann_window(FRAME // self.factor, periodic=False)
        self.register_buffer("window", window, persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the spectrogram."""
        hop, frame = HOP // self.factor, FRAME // self.factor
        spectrum = torch.stft(
            self._emphasised(waveform), self.n_fft, hop, frame, self.window, center=True, return_complex=True
        )
        # Pre-emphasis in time costs one sample at 32 kHz, and with it now and then the last frame.
        frames = frame_count(waveform.shape[1], self.factor)
        spectrum = spectrum[..., :frames].transpose(1, 2)
        power = torch.view_as_real(spectrum).square().sum(-1) * self.factor**2
        return (torch.log(power @ self.filters + 1e-5) + 4.5) / 5

    def _emphasised(self, waveform: Tensor) -> Tensor:
        """Pre-emphasis at 32 kHz; at a lower rate the same response, applied to the whole waveform at once."""
        if self.factor == 1:
            return waveform[:, 1:] - PRE_EMPHASIS * waveform[:, :-1]
        samples = waveform.shape[1]
        angle = torch.fft.rfftfreq(samples, device=waveform.device) * (2 * math.pi / self.factor)
        response = 1 - PRE_EMPHASIS * torch.polar(torch.ones_like(angle), -angle)
        return torch.fft.irfft(torch.fft.rfft(waveform) * response, n=samples)


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
        image = spectrogram.transpose(1, 2)[:, None]
        # Depth-wise convolutions run about twice as fast in this layout on a CPU; what follows keeps it.
        out: Tensor = self.convolution(image.contiguous(memory_format=torch.channels_last))
        return out


class _Pool(nn.Module):
    def forward(self, value: Tensor) -> Tensor:
        return value.mean((2, 3))


def trunk() -> dict[str, nn.Module]:
    """Return the convolutions by name, in order: [batch, frames, 128] → [batch, 384, 4, frames / 32]."""
    layers: dict[str, nn.Module] = {"stem": _Image()}
    channels = _STEM
    for number, block in enumerate(_BLOCKS, start=1):
        layers[f"block_{number}"] = _InvertedResidual(channels, block)
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
        Another rate.
    """
    convolutions = trunk()
    head = (nn.Linear(FEATURE_SIZE, _HEAD), nn.Hardswish(), nn.Dropout(dropout))
    stages: dict[str, nn.Module] = {
        "spectrogram": Mn04Spectrogram(rate_hz),
        **convolutions,
        "feature": _Pool(),
        "logits": nn.Sequential(*head, nn.Linear(_HEAD, len(classes))),
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
        feature_size=FEATURE_SIZE,
    )


def read_mn04(path: Path) -> dict[str, Tensor]:
    """Read the published ``mn04_as`` checkpoint into the names that `build_mn04` gives its weights.

    Raises
    ------
    ModelError
        The file cannot be read as a dictionary of tensors.
    """
    try:
        published: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return {_our_key(key): tensor for key, tensor in published.items()}
    except (OSError, RuntimeError, ValueError, EOFError, AttributeError, UnpicklingError) as error:
        raise ModelError(f"{path}: not a checkpoint ({error}); expected the published mn04_as file") from error


def load_mn04_weights(network: Network, path: Path) -> None:
    """Fill a network made by `build_mn04` from the published ``mn04_as`` checkpoint, in place.

    The last linear layer is taken only where the class count is AudioSet's 527; otherwise it stays as it is.

    Raises
    ------
    ModelError
        The file cannot be read, or its tensors do not fit.
    """
    own, state = network.state_dict(), read_mn04(path)
    for key in ("stages.logits.3.weight", "stages.logits.3.bias"):
        if key in state and state[key].shape[0] != len(network.classes):
            state[key] = own[key]
    network.load_state_dict(fit_state(state, own, f"{path}: "))


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
