"""EfficientAT's trunk at several playing speeds: one pretrained ear hears a sound as it is, twice as fast, and so on.

AudioSet's sounds fill the mel axis up to 15 kHz; lung sounds end near 2 kHz, in the lowest half of it. Played k times
as fast, a frequency f lies at k · f, where the pretrained filters tell more apart, and a wheeze of a second lasts 1 / k
of one. The same trunk hears each speed by itself, and its maps stand side by side in time: speed 1 first.

Playing at k times the speed is reading the samples as if their rate were k times as high; nothing is resampled.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from resp.models.errors import ModelError
from resp.models.mn04_spectrogram import BINS, Mn04Spectrogram, frame_count
from resp.models.mobilenet import load_mn04_trunk, trunk
from resp.models.network import Network

MAP = "map"
"""The stage whose module is a `SpeedTrunk`."""

FIRST_END, LAST_END = 13, 16
"""The blocks of the trunk behind which its map may be taken: there it has been halved five times."""

_HALVINGS = 5


class SpeedSpectrograms(nn.Module):
    """Waveform [batch, time] → spectrograms [batch, frames of all speeds, 128], one speed behind the other.

    Parameters
    ----------
    rate_hz
        Rate of the waveform: 32 000 divided by 1, 2, 4 or 8.
    speeds
        Playing speeds, whole numbers; the rate times each has to be one of these rates too.

    Raises
    ------
    ModelError
        Another rate; no speed, one that comes twice, or one that leads to another rate.
    """

    def __init__(self, rate_hz: int, speeds: Sequence[int] = (1,)) -> None:
        super().__init__()
        self.speeds = _checked(speeds)
        self.each = nn.ModuleList(Mn04Spectrogram(rate_hz * speed) for speed in self.speeds)
        self.least_samples = max(part.least_samples for part in self._parts())

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the spectrograms of a waveform of at least ``least_samples``."""
        return torch.cat([part(waveform) for part in self._parts()], dim=1)

    def frames(self, samples: int) -> tuple[int, ...]:
        """Return how many frames each speed makes of ``samples``."""
        return tuple(frame_count(samples, part.rate_hz) for part in self._parts())

    def _parts(self) -> list[Mn04Spectrogram]:
        return [part for part in self.each if isinstance(part, Mn04Spectrogram)]


class SpeedTrunk(nn.Sequential):
    """Spectrograms, one speed behind the other → maps [batch, channels, 4, columns of all speeds].

    Parameters
    ----------
    frames
        How many frames each speed has, in order.
    last_block
        Behind which block of the trunk its map is taken, 13 to 16. The last, a convolution that widens to 384
        channels, speaks AudioSet's language; those before it know more of the sound itself.

    Raises
    ------
    ModelError
        Another block.
    """

    def __init__(self, frames: Sequence[int], last_block: int = LAST_END) -> None:
        if type(last_block) is not int or not FIRST_END <= last_block <= LAST_END:
            raise ModelError(f"last_block={last_block!r}; expected a whole number from {FIRST_END} to {LAST_END}")
        layers = trunk()
        names = list(layers)[: last_block + 1]
        super().__init__()
        for name in names:
            self.add_module(name, layers[name])
        self.frames = tuple(frames)
        self.channels = _channels(layers[names[-1]])
        self.columns = tuple(_halved(count) for count in self.frames)
        self.bands = _halved(BINS)

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Return the maps; `ModelError` for another number of frames."""
        if spectrograms.shape[1] != sum(self.frames):
            raise ModelError(
                f"spectrograms of {spectrograms.shape[1]} frames; expected {' + '.join(map(str, self.frames))}"
            )
        return torch.cat([self._heard(part) for part in torch.split(spectrograms, list(self.frames), dim=1)], dim=3)

    def _heard(self, value: Tensor) -> Tensor:
        for layer in self:
            value = layer(value)
        return value


def load_trunk(network: Network, path: Path) -> None:
    """Fill the trunk of a network that has one from the published ``mn04_as`` checkpoint, in place.

    Raises
    ------
    ModelError
        The network has no such trunk, the file cannot be read, or its tensors do not fit.
    """
    if not (MAP in network.stage_names and isinstance(network.stages[MAP], SpeedTrunk)):
        raise ModelError(
            f"a network with the stages {', '.join(network.stage_names)}; expected one with the trunk of EfficientAT "
            f"as its stage {MAP!r}, such as ast_conv or mn04_linear"
        )
    load_mn04_trunk(network.stages[MAP], path)


def _checked(speeds: Sequence[int]) -> tuple[int, ...]:
    given = tuple(speeds)
    whole = all(type(speed) is int and speed >= 1 for speed in given)
    if not given or not whole or len(set(given)) != len(given):
        raise ModelError(f"speeds={list(given)}; expected whole numbers from 1 on, each once, such as [1, 2, 4]")
    return given


def _channels(layer: nn.Module) -> int:
    return [part.out_channels for part in layer.modules() if isinstance(part, nn.Conv2d)][-1]


def _halved(size: int) -> int:
    for _ in range(_HALVINGS):
        size = (size + 1) // 2
    return size
