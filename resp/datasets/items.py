"""What a data set is made of: items that point into recordings, their classes, and the census."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from resp.datasets.census import Census
from resp.datasets.errors import DataError

SOUND_CLASSES = ("normal", "crackle", "wheeze", "both")
TWO_CLASSES = ("normal", "abnormal")


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
        Key of the patient; no split of ours ever divides it.
    device, site
        Stethoscope (or filter) and place on the chest, where known.
    part
        Part of the published split (``train``, ``test``), where there is one.
    attributes
        Anything else that is known, by name.
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
        ``icbhi``, ``kauh`` or the name of a manifest.
    classes
        Class names; class 0 is the normal (or healthy) one wherever there is one.
    items
        The items; their labels index ``classes``.
    census
        What was found against what is known to exist.

    Raises
    ------
    DataError
        A label that is not a class.
    """

    name: str
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    census: Census

    def __post_init__(self) -> None:
        for item in self.items:
            if not 0 <= item.label < len(self.classes):
                raise DataError(
                    f"{self.name}: {item.name} has label {item.label}; "
                    f"expected an index into the {len(self.classes)} classes {', '.join(self.classes)}"
                )

    def __len__(self) -> int:
        return len(self.items)

    @property
    def labels(self) -> tuple[int, ...]:
        """Class index of every item."""
        return tuple(item.label for item in self.items)

    @property
    def patients(self) -> tuple[str, ...]:
        """Patient of every item."""
        return tuple(item.patient for item in self.items)

    def class_counts(self) -> dict[str, int]:
        """Return how many items each class has."""
        labels = self.labels
        return {name: labels.count(index) for index, name in enumerate(self.classes)}

    def text(self) -> str:
        """Return the census and what is left to use, as lines of text."""
        counts = ", ".join(f"{count} {name}" for name, count in self.class_counts().items())
        used = f"{self.name}: {len(self)} items of {len(set(self.patients))} patients ({counts})"
        return f"{self.census.text()}\n{used}"
