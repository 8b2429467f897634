"""Small copies of data sets that the tests write themselves, and an empty cache for them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from made_datasets import write_icbhi, write_sound
from resp.datasets import Census, DataSet, Item, WaveformCache


@pytest.fixture
def make_sound() -> Callable[..., Path]:
    return write_sound


@pytest.fixture
def cache(tmp_path: Path) -> WaveformCache:
    return WaveformCache(tmp_path / "cache")


@pytest.fixture
def make_icbhi(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes recordings and tables; see `write_icbhi`."""
    return partial(write_icbhi, tmp_path / "icbhi")


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
