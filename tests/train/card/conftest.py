"""A run folder as training leaves it, made without training."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from resp.evaluate import PROTOCOLS
from resp.models import create
from resp.models.config import ModelConfig
from resp.models.folder import save_model
from resp.models.provenance import Provenance

CLASSES = ("normal", "crackle", "wheeze", "both")
SETTINGS = {"width": 16, "depth": 1, "heads": 2, "window_s": 1.0}


def _recipe() -> dict[str, Any]:
    from resp.train import make_recipe

    return make_recipe(
        {
            "name": "made",
            "seed": 3,
            "data": {"dataset": "kauh", "root": "/somewhere/on/a/machine/kauh", "split": "folds"},
            "clip": {"window_s": 1.0},
            "network": {"name": "ast_tiny", "settings": SETTINGS, "weights": "/elsewhere/start.pth"},
            "objective": {"name": "patch_mix_cl"},
            "training": {"epochs": 2},
            "card": {
                "description": "Made for a test.",
                "licence": "CC-BY-4.0",
                "not_for": ["Cats."],
                "credits": ["Start: somebody, MIT."],
                "cautions": ["Labels are one a recording."],
                "cite": ["The makers of the test, 2026."],
            },
        }
    ).to_dict()


def _data() -> dict[str, Any]:
    def part(items: int, patients: list[str]) -> dict[str, Any]:
        return {"items": items, "patients": patients, "classes": dict.fromkeys(CLASSES, items // 4)}

    return {
        "dataset": "kauh",
        "classes": list(CLASSES),
        "fingerprint": {"sha256": "f" * 64, "items": 60, "files": 60, "size_bytes": 2_500_000},
        "census": {
            "complete": False,
            "counts": [
                {"name": "patients", "found": 97, "expected": 112, "difference": -15},
                {"name": "both", "found": 6, "expected": None, "difference": 0},
            ],
            "notes": ["identical sounds were left out"],
        },
        "parts": {
            "train": part(40, ["secret-1", "secret-2"]),
            "validation": part(8, ["secret-3"]),
            "test": part(12, ["secret-4", "secret-5"]),
        },
        "shared_patients": ["secret-1"],
        "unassigned_items": 0,
        "withheld_items": 0,
        "learned_from": {
            "patients_of_class": {"normal": 30, "crackle": 20, "wheeze": 19, "both": 2},
            "items_of_device": {"Litt3200": 40},
            "items_of_site": {},
        },
    }


def _results() -> dict[str, Any]:
    scores = {
        "sp": {"value": 0.75, "low": 0.6, "high": 0.9},
        "se": {"value": 0.5, "low": 0.4, "high": 0.6},
        "score": {"value": 0.625, "low": 0.5, "high": 0.75},
    }
    view = {"name": "all patients", "items": 12, "patients": 2, "four_class": scores, "two_class": {}}
    test = {"loss": 1.0, "sp": 0.75, "se": 0.5, "score": 0.625}
    return {"honest": {"epoch": 2, "protocol": PROTOCOLS["honest"], "test": test, "evaluation": {"views": [view]}}}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run whose card is not made yet."""
    folder = tmp_path / "run"
    network = create("ast_tiny", classes=CLASSES, **SETTINGS)
    brief = {key: value for key, value in _results()["honest"].items() if key != "evaluation"}
    config = ModelConfig(
        name="made",
        description="Made for a test.",
        network="ast_tiny",
        settings=SETTINGS,
        classes=CLASSES,
        trained_on=("kauh: 40 items of 2 patients",),
        trained_devices=("Litt3200",),
        trained_band_hz=(20.0, 2000.0),
        licence="CC-BY-4.0",
        results={"honest": brief},
        provenance=Provenance(weights="epoch 2"),
    )
    save_model(folder / "best", network, config)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(_recipe(), sort_keys=False))
    (folder / "data.json").write_text(json.dumps(_data()))
    environment = {
        "resp": "0.1.0",
        "python": "3.11.7",
        "packages": {"torch": "2.14.1"},
        "device": "cpu",
        "processor": "A processor",
        "threads": 2,
        "precision": "no",
        "processes": 1,
        "seed": 3,
    }
    (folder / "environment.json").write_text(json.dumps(environment))
    (folder / "results.json").write_text(json.dumps(_results()))
    rows = [{"epoch": epoch, "train_seconds": 90.0} for epoch in (1, 2)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"epo')
    return folder
