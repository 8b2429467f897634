"""Presets: changes that fit any recipe."""

from difflib import get_close_matches
from typing import Any

from resp.train.errors import TrainError
from resp.train.recipe_file import merge

# What the builders of networks whose names begin so take; others are small enough as they are.
_TINY: dict[str, dict[str, Any]] = {
    "ast": {"width": 32, "depth": 2, "heads": 2},
    "eat": {"channels": 4, "embedding": 32, "depth": 2, "heads": 2, "feed_forward": 64},
    "envnet": {"hidden": 64},
    "piczak_cnn": {"hidden": 64},
}
_EPOCHS = 2

_SMOKE: dict[str, Any] = {
    "network": {"weights": None},
    "training": {"epochs": _EPOCHS, "batch_size": 4, "repeats": 1},
    "evaluation": {"batch_size": 4, "resamples": 50},
    "max_items": 12,
}
PRESETS = ("smoke",)


def apply_preset(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe's plain values changed by a preset.

    ``smoke`` runs every recipe in seconds on a CPU and through the same code: a tiny network from random
    weights, a dozen items of each part, two epochs of batches of four; what an objective begins in a later
    epoch it begins in the second; a teacher's weights are random.

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
    for section, change in (("network", _tiny_network), ("objective", _early)):
        if isinstance(given := changed.get(section), dict):
            changed[section] = change(given)
    return changed


def _tiny_network(network: dict[str, Any]) -> dict[str, Any]:
    name = str(network.get("name", ""))
    settings = next((settings for begin, settings in _TINY.items() if name.startswith(begin)), {})
    changed = merge(network, {"settings": settings})
    if "depth" in settings and isinstance(frozen := network.get("frozen"), list):
        # The tiny network has but two of the blocks that a recipe may freeze.
        changed["frozen"] = [stage for stage in frozen if not str(stage).startswith("block_")]
    return changed


def _early(objective: dict[str, Any]) -> dict[str, Any]:
    """Let what begins in a later epoch begin in the last of the preset, and a teacher know nothing."""
    changed = dict(objective)
    if isinstance(begin := objective.get("from_epoch"), int):
        changed["from_epoch"] = min(begin, _EPOCHS)
    if isinstance(teacher := objective.get("teacher"), dict):
        changed["teacher"] = {**teacher, "weights": None}
    if isinstance(distillation := objective.get("distillation"), dict):
        changed["distillation"] = _early(distillation)
    return changed
