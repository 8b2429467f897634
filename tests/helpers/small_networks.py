"""Every network of the registry, small enough for a test, and noise for it."""

from typing import Any

import torch
from torch import Tensor

from resp.models import create
from resp.models.network import Network

CLASSES = ("normal", "crackle", "wheeze")
AST = {"width": 32, "depth": 1, "heads": 2, "window_s": 0.5, "dropout": 0.1}
EAT = {"channels": 4, "embedding": 8, "depth": 1, "heads": 2, "feed_forward": 8, "factors": [2, 2, 2]}
SMALL: dict[str, dict[str, Any]] = {
    "ast": AST,
    "ast_small": AST,
    "ast_tiny": AST,
    "ast_conv": {**AST, "window_s": 1.0},
    "mn04_linear": {"window_s": 1.0},
    "mn04": {"rate_hz": 4000},
    "eat_s": {**EAT, "input_samples": 2048},
    "eat_m": {**EAT, "input_samples": 1999},
    "envnet": {"window_s": 0.4, "hidden": 32},
    "envnet_v2": {"window_s": 0.55, "hidden": 32},
    "m18": {},
    "soundnet5": {},
    "piczak_cnn": {"hidden": 32},
    "mlp": {"width": 16},
}


def made(name: str, seed: int = 0) -> Network:
    """Return the small network of that name."""
    torch.manual_seed(seed)
    return create(name, classes=CLASSES, **SMALL[name])


def randn(*shape: int, seed: int = 0) -> Tensor:
    """Return normal noise of its own seed."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def waves(network: Network, count: int = 3, seed: int = 0) -> Tensor:
    """Return noise [count, time] of a length that the network takes."""
    samples = network.input_samples or network.least_samples + 2000
    return 0.1 * torch.randn(count, samples, generator=torch.Generator().manual_seed(seed))
