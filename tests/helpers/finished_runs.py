"""What a run leaves in its folder, read back: measurements by epoch, and weights."""

import json
from pathlib import Path
from typing import Any

import torch

from resp.models.folder import load_model


def metrics(folder: Path) -> list[dict[str, Any]]:
    """Return the measurements of every epoch, but for the times that they took."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    measured = ("seconds", "train_seconds", "waiting_share")
    return [{key: value for key, value in row.items() if key not in measured} for row in rows]


def weights(folder: Path, name: str = "last") -> dict[str, torch.Tensor]:
    """Return the weights of a model that was kept."""
    return load_model(folder / name).network.state_dict()
