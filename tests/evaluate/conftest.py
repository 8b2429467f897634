"""Made predictions of clips, and recordings and models that are measured whole."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from loudness_model import CLASSES, LEVELS, RATE_HZ
from resp.audio import Recording, write_wav
from resp.evaluate import Predictions
from resp.models.folder import LoadedModel


@pytest.fixture
def clips() -> Callable[..., Predictions]:
    """Return predictions of made clips, several a source, of which most are right."""

    def make(
        task: str, items: int = 240, classes: int = 5, sources: int = 40, seed: int = 0, run: str = ""
    ) -> Predictions:
        generator = np.random.default_rng(seed)
        logits = generator.normal(size=(items, classes))
        if task == "multi_label":
            truth = (generator.random((items, classes)) < np.geomspace(0.4, 0.05, classes)).astype(np.int8)
            logits += 1.5 * truth - 1
        else:
            truth = generator.integers(0, classes, items)
            logits[np.arange(items), truth] += 1.5
        return Predictions(
            classes=tuple(f"sound {index}" for index in range(classes)),
            items=np.array([f"clip{index}" for index in range(items)]),
            patients=np.array([f"s{index}" for index in generator.integers(0, sources, items)]),
            devices=np.full(items, "unknown"),
            sites=np.full(items, "unknown"),
            truth=truth,
            logits=logits,
            runs=np.full(items, run),
            task=task,  # type: ignore[arg-type]
        )

    return make


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """40 recordings of 10 patients; one of the four of a patient may have the level of class 0."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = []
    time = np.arange(RATE_HZ // 2) / RATE_HZ
    for patient in range(10):
        for label in range(4):
            level = LEVELS[label] if (patient + label) % 4 else LEVELS[0]
            path = folder / f"p{patient}_{label}.wav"
            write_wav(Recording(level * np.sin(2 * np.pi * 200 * time), RATE_HZ), path)
            device, site = ("Meditron", "Litt3200")[patient % 2], ("Al", "Tc")[label % 2]
            rows.append([path.name, CLASSES[label], f"p{patient}", device, site])
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "label", "patient", "device", "site"], *rows])
    return folder


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, LoadedModel]:
    """Models by the name of their folder, in place of what is on disk."""
    known: dict[str, LoadedModel] = {}

    def load(model: str, device: str = "cpu") -> LoadedModel:
        return known.get(Path(model).name) or known[Path(model).parent.name]

    monkeypatch.setattr("resp.models.folder.load_model", load)
    return known
