"""Sounds that a mix is told of, each weaker than the one before, and a stage that shows what reaches it."""

from typing import Any

import torch
from torch import Tensor, nn

from resp.mix import Origin
from resp.models.network import Site

RATE_HZ = 16_000
WAVEFORM = Site("waveform", ("batch", "time"))
LABELS = torch.tensor([0, 1, 0, 2, 1])


def generator(seed: int) -> torch.Generator:
    """Return a generator of that seed."""
    return torch.Generator().manual_seed(seed)


def made_sounds(size: int = 5, time: int = 4200) -> Tensor:
    """Return sounds [size, time], each 6 dB weaker than the one before, and each of another colour."""
    noise = torch.randn(size, time, generator=generator(0))
    for i in range(size):
        noise[i, i:] = noise[i, i:] + 0.9 * noise[i, : time - i]
    return 0.3 * noise * 0.5 ** torch.arange(size)[:, None]


def origin_of(size: int = 5, **known: Any) -> Origin:
    """Return what a mix is told of so many sounds."""
    return Origin(made_sounds(size), RATE_HZ, **known)


class Seen(nn.Module):
    """A stage that keeps what it was given."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.seen: list[Tensor] = []

    def forward(self, value: Tensor) -> Tensor:
        self.seen.append(value.clone())
        made: Tensor = self.inner(value)
        return made
