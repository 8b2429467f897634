"""What EnvNet and EnvNet-v2 share: a filter bank learnt from the waveform, and a network for the picture it makes."""

from typing import NamedTuple

from torch import nn

from resp.models.checks import check_dropout, check_whole
from resp.models.layers import convolution, dense, linear, with_channel
from resp.models.lengths import Slide, least_length, length_behind, window_samples
from resp.models.network import Network, Site


class Bank(NamedTuple):
    """A convolution of the filter bank."""

    width: int
    kernel: int
    stride: int


class Block(NamedTuple):
    """Convolutions of one kernel over the picture, then a max-pooling; sizes are ``(bins, frames)``."""

    widths: tuple[int, ...]
    kernel: tuple[int, int]
    pool: tuple[int, int]


class Layout(NamedTuple):
    """All of a network but its two hidden linear layers and the last."""

    rate_hz: int
    bank: tuple[Bank, ...]
    bank_pool: int
    blocks: tuple[Block, ...]


def build(layout: Layout, *, classes: tuple[str, ...], window_s: float, hidden: int, dropout: float) -> Network:
    """Build a network with random weights.

    Raises
    ------
    ModelError
        A window too short for one step behind the last pooling, hidden layers of no size, or a dropout outside 0
        to below 1.
    """
    check_whole("hidden", hidden, 1)
    check_dropout(dropout)
    time, height = _slides(layout)
    samples = window_samples(window_s, layout.rate_hz, least_length(time))
    stages: dict[str, nn.Module] = {"pool1": _filter_bank(layout)}
    channels = 1
    for number, block in enumerate(layout.blocks, start=2):
        layers: list[nn.Module] = [with_channel()] if number == 2 else []
        for width in block.widths:
            layers.append(convolution(channels, width, block.kernel))
            channels = width
        stages[f"pool{number}"] = nn.Sequential(*layers, nn.MaxPool2d(block.pool))
    picture = ("batch", "channel", "bin", "frame")
    size = channels * length_behind(layout.bank[-1].width, height) * length_behind(samples, time)
    return Network(
        {
            **stages,
            "hidden1": nn.Sequential(nn.Flatten(), *dense(size, hidden, dropout)),
            "feature": dense(hidden, hidden, dropout),
            "logits": linear(hidden, len(classes)),
        },
        sites=[
            Site("pool1", ("batch", "channel", "time")),
            *(Site(name, picture) for name in stages if name != "pool1"),
            *(Site(name, ("batch", "channel")) for name in ("hidden1", "feature")),
        ],
        classes=classes,
        rate_hz=layout.rate_hz,
        input_samples=samples,
        feature_size=hidden,
    )


def _slides(layout: Layout) -> tuple[list[Slide], list[Slide]]:
    """Return what moves along time, from the waveform on, and what moves along the bands."""
    time = [Slide(bank.kernel, bank.stride) for bank in layout.bank] + [Slide(layout.bank_pool, layout.bank_pool)]
    height: list[Slide] = []
    for block in layout.blocks:
        for slides, side in ((height, 0), (time, 1)):
            slides += [Slide(block.kernel[side])] * len(block.widths) + [Slide(block.pool[side], block.pool[side])]
    return time, height


def _filter_bank(layout: Layout) -> nn.Module:
    layers: list[nn.Module] = [with_channel()]
    channels = 1
    for bank in layout.bank:
        layers.append(convolution(channels, bank.width, bank.kernel, stride=bank.stride))
        channels = bank.width
    return nn.Sequential(*layers, nn.MaxPool1d(layout.bank_pool))
