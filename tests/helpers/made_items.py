"""Items of sound files, and a data set of them."""

from pathlib import Path

from resp.datasets import Census, DataSet, Item

RATE_HZ = 8000


def item(path: Path, start_s: float | None = None, end_s: float | None = None) -> Item:
    """Return an item of a file, or of a part of it."""
    return Item(path.stem, path, start_s, end_s, 0, "p")


def dataset_of(*items: Item) -> DataSet:
    """Return a data set of one class."""
    return DataSet("made", ("normal",), items, Census(()))
