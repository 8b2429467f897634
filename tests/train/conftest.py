"""A small made data set on disk, and a recipe that trains on it within a second."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from resp.datasets import WaveformCache
from resp.train import Recipe, make_recipe
from resp.train.recipe_file import merge

RATE_HZ = 4000
LABELS = ("normal", "crackle", "wheeze", "both")


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty patients with two recordings each, 0.6 to 1.8 s; what is heard depends on the label."""
    folder = tmp_path_factory.mktemp("made")
    random = np.random.default_rng(0)
    lines = ["path,label,patient,device"]
    for patient in range(20):
        for take in range(2):
            label = (patient + take) % 4
            time_s = np.arange(int(random.uniform(0.6, 1.8) * RATE_HZ)) / RATE_HZ
            sound = 0.1 * random.standard_normal(len(time_s))
            sound += (label in (2, 3)) * 0.4 * np.sin(2 * np.pi * 400 * time_s)
            sound[:: 40 if label in (1, 3) else len(sound)] += 0.8
            name = f"p{patient}_{take}.wav"
            soundfile.write(folder / name, np.clip(sound, -1, 1), RATE_HZ, subtype="PCM_16")
            lines.append(f"{name},{LABELS[label]},{patient},{'A' if patient % 2 else 'B'}")
    path = folder / "manifest.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> WaveformCache:
    return WaveformCache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def values(manifest: Path) -> dict[str, Any]:
    """The plain values of a recipe: an AST of one block, three epochs of batches of four."""
    return {
        "name": "tiny",
        "data": {"dataset": "manifest", "root": str(manifest), "folds": 4, "validation_share": 0.25},
        "clip": {"window_s": 1.0, "hop_s": 0.5, "fade_samples": 50},
        "network": {
            "name": "ast",
            "settings": {
                "width": 16,
                "depth": 1,
                "heads": 2,
                "window_s": 1.0,
                "front_end": {"rate_hz": RATE_HZ, "bins": 32, "high_hz": 2000.0},
                "patch": [8, 8],
                "stride": [8, 8],
            },
        },
        "objective": {"name": "cross_entropy"},
        "optimiser": {"lr": 1e-3},
        "training": {"epochs": 3, "batch_size": 4, "device": "cpu"},
        "evaluation": {"resamples": 20},
        # Hearing every recording again takes longer than these runs; tests/train/familiarity sees to it.
        "familiarity": None,
    }


@pytest.fixture
def recipe_with(values: dict[str, Any]) -> Callable[..., Recipe]:
    """Return the recipe with changed sections."""

    def make(**changes: Any) -> Recipe:
        return make_recipe(merge(values, changes))

    return make
