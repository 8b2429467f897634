"""Small copies of data sets that the tests write themselves."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from resp.datasets import Census, DataSet, Item

Rows = Sequence[tuple[float, float, int, int]]


def noise(seed: int, duration_s: float, rate_hz: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, int(duration_s * rate_hz)).astype(np.float32)


def write_sound(path: Path, seed: int = 0, duration_s: float = 2.0, rate_hz: int = 4000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise(seed, duration_s, rate_hz), rate_hz, subtype="PCM_16", format="WAV")
    return path


@pytest.fixture
def make_sound() -> Callable[..., Path]:
    return write_sound


@pytest.fixture
def make_icbhi(tmp_path: Path) -> Callable[..., Path]:
    """Write recordings (name → rows of the annotation) in the layout of the ZIP, or in two folders."""

    def make(
        recordings: dict[str, Rows],
        *,
        folders: bool = False,
        separator: str = "\t",
        silent: Sequence[str] = (),
        tables: dict[str, str] | None = None,
        suffix: str = ".wav",
    ) -> Path:
        root = tmp_path / "icbhi"
        sounds = root / "audio" if folders else root / "ICBHI_final_database"
        texts = root / "annotations" if folders else sounds
        texts.mkdir(parents=True)
        for seed, (name, rows) in enumerate(recordings.items()):
            lines = [separator.join(str(cell) for cell in row) for row in rows]
            (texts / f"{name}.txt").write_text("\n".join(lines) + "\n")
            if name not in silent:
                write_sound(sounds / f"{name}{suffix}", seed)
        for name, text in (tables or {}).items():
            (root / name).write_text(text)
        return root

    return make


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., DataSet]:
    """Build a data set of given patients and labels, one recording of its own per item."""

    def make(patients: Sequence[str], labels: Sequence[int], *, sound: bool = False, **fields: object) -> DataSet:
        items = []
        for index, (patient, label) in enumerate(zip(patients, labels, strict=True)):
            path = tmp_path / f"sound{index}.wav"
            if sound:
                write_sound(path, seed=index, duration_s=1.0 + index / 4)
            items.append(Item(f"sound{index}", path, None, None, label, patient, **fields))  # type: ignore[arg-type]
        classes = ("normal", "crackle", "wheeze", "both")
        return DataSet("made", classes, tuple(items), Census(()))

    return make
