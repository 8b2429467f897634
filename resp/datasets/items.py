"""What a data set is made of: items that point into recordings, their classes, and the census."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resp.datasets.census import Census
from resp.datasets.errors import DataError
from resp.models.task import Task

SOUND_CLASSES = ("normal", "crackle", "wheeze", "both")
TWO_CLASSES = ("normal", "abnormal")
MOST_CLASSES_LISTED = 12


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled stretch of sound: a breath cycle, or a whole recording.

    Parameters
    ----------
    recording
        Name of the recording; the items of one recording share it.
    path
        The sound file.
    start_s, end_s
        The stretch in seconds; None and None for the whole recording.
    label
        Index into the data set's classes.
    patient
        Key of the patient (of a sound that is none of a patient: its source, such as the recording that clips
        were cut from, or the speaker); no split of ours ever divides it.
    device, site
        Stethoscope (or filter) and place on the chest, where known.
    part
        Part of the published split (``train``, ``validation``, ``test``), where there is one.
    attributes
        Anything else that is known, by name.
    more_labels
        Further classes of a multi-label item.
    """

    recording: str
    path: Path
    start_s: float | None
    end_s: float | None
    label: int
    patient: str
    device: str | None = None
    site: str | None = None
    part: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    more_labels: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The recording, with the stretch where the item is only a part of it."""
        if self.start_s is None or self.end_s is None:
            return self.recording
        return f"{self.recording}@{self.start_s:.3f}-{self.end_s:.3f}"


@dataclass(frozen=True, slots=True)
class DataSet:
    """Labelled items, in an order that depends on the data alone.

    Parameters
    ----------
    name
        Its name in the list of data sets, or the name of a manifest.
    classes
        Class names; class 0 is the normal (or healthy) one wherever there is one.
    items
        The items; their labels index ``classes``.
    census
        What was found against what is known to exist.
    task
        What is predicted.

    Raises
    ------
    DataError
        A label that is not a class, or several labels of an item where one is expected.
    """

    name: str
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    census: Census
    task: Task = "respiratory"

    def __post_init__(self) -> None:
        for item in self.items:
            for label in (item.label, *item.more_labels):
                if not 0 <= label < len(self.classes):
                    raise DataError(
                        f"{self.name}: {item.name} has label {label}; "
                        f"expected an index into the {len(self.classes)} classes {', '.join(self.classes)}"
                    )
            if item.more_labels and self.task != "multi_label":
                raise DataError(f"{self.name}: {item.name} has several labels; expected one ({self.task})")

    def __len__(self) -> int:
        return len(self.items)

    @property
    def labels(self) -> tuple[int, ...]:
        """Class index of every item."""
        return tuple(item.label for item in self.items)

    def targets(self) -> NDArray[np.int64] | NDArray[np.float32]:
        """Return what is learned: int64 [items] class indices, or float32 [items, classes] of zeros and ones."""
        if self.task != "multi_label":
            return np.array(self.labels, dtype=np.int64)
        matrix = np.zeros((len(self.items), len(self.classes)), dtype=np.float32)
        for row, item in enumerate(self.items):
            matrix[row, [item.label, *item.more_labels]] = 1
        return matrix

    @property
    def patients(self) -> tuple[str, ...]:
        """Patient of every item."""
        return tuple(item.patient for item in self.items)

    def class_counts(self, part: Iterable[int] | None = None) -> dict[str, int]:
        """Return how many items each class has, in all or among those of a part; one may count for several."""
        chosen = self.items if part is None else (self.items[index] for index in part)
        counts = Counter(label for item in chosen for label in (item.label, *item.more_labels))
        return {name: counts[index] for index, name in enumerate(self.classes)}

    def describe(self, part: Sequence[int] | None = None) -> str:
        """Return on one line how many patients (or sources) and items of each class there are, in all or in a part."""
        chosen = range(len(self)) if part is None else part
        patients = len({self.items[index].patient for index in chosen})
        counts = self.class_counts(chosen)
        if len(counts) <= MOST_CLASSES_LISTED:
            classes = ", ".join(f"{count} {name}" for name, count in counts.items())
        else:
            classes = f"{len(counts)} classes of {min(counts.values())} to {max(counts.values())}"
        whose = "patients" if self.task == "respiratory" else "sources"
        return f"{patients} {whose} ({classes})"

    def text(self) -> str:
        """Return the census and what is left to use, as lines of text."""
        return f"{self.census.text()}\n{self.name}: {len(self)} items of {self.describe()}"
