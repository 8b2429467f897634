"""Presets: changes that fit any recipe."""

from difflib import get_close_matches
from typing import Any

from resp.train.errors import TrainError
from resp.train.recipe_file import merge

# Networks whose builder takes these; others are small enough as they are.
_TINY = {"width": 32, "depth": 2, "heads": 2}

_SMOKE: dict[str, Any] = {
    "network": {"weights": None},
    "training": {"epochs": 2, "batch_size": 4, "repeats": 1},
    "evaluation": {"batch_size": 4, "resamples": 50},
    "max_items": 12,
}
PRESETS = ("smoke",)


def apply_preset(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe's plain values changed by a preset.

    ``smoke`` runs every recipe in seconds on a CPU and through the same code: a tiny network from random
    weights, a dozen items of each part, two epochs of batches of four.

    Raises
    ------
    TrainError
        No such preset.
    """
    if name not in PRESETS:
        close = get_close_matches(name, PRESETS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(PRESETS)}"
        raise TrainError(f"no preset {name!r}; {hint}")
    changed = merge(values, _SMOKE)
    network = changed.get("network")
    if isinstance(network, dict) and str(network.get("name", "")).startswith("ast"):
        changed["network"] = merge(network, {"settings": _TINY})
        if isinstance(frozen := network.get("frozen"), list):
            # The tiny network has but two of the blocks that a recipe may freeze.
            changed["network"]["frozen"] = [stage for stage in frozen if not str(stage).startswith("block_")]
    return changed
