"""The data sets that settings can name: their readers and what is known of them before one is opened."""

from dataclasses import dataclass
from typing import Any, Literal, cast

from resp.datasets.errors import DataError
from resp.datasets.items import DataSet
from resp.models.task import Task
from resp.registry import Record, Registry

PublishedSplit = Literal["official", "published_folds"]


@dataclass(frozen=True, slots=True)
class DataRecord(Record):
    """A data set that can be read.

    Its reader takes ``root`` and, where the record says so, ``labels``, ``classes`` and ``more_roots``.

    Parameters
    ----------
    title
        What people call it; empty where that is its name.
    task
        What is predicted.
    published
        Splits that came with it; the first is the one that results are usually given for.
    folds
        How many published folds it has; None for none.
    choosable_labels
        Whether the setting ``labels`` says what its labels are; otherwise it has classes of its own.
    choosable_classes
        Whether the setting ``classes`` can name its classes.
    several_roots
        Whether it may lie in several folders (the setting ``more_roots``).
    """

    title: str = ""
    task: Task = "single_label"
    published: tuple[PublishedSplit, ...] = ()
    folds: int | None = None
    choosable_labels: bool = False
    choosable_classes: bool = False
    several_roots: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values, for ``--json``."""
        # A dataclass with slots is made anew, so that super() without arguments would not find it.
        plain = Record.to_dict(self)
        del plain["defaults"]  # which file a reader shares is nobody's setting
        return {
            **plain,
            "title": self.title,
            "task": self.task,
            "published_splits": list(self.published),
            "published_folds": self.folds,
            "labels": self.choosable_labels,
            "classes": self.choosable_classes,
        }


class DataRegistry(Registry[DataSet]):
    """The list of data sets."""

    def __init__(self, *records: DataRecord) -> None:
        super().__init__("data set", DataError, records)

    def add(self, record: Record) -> None:
        """Let a data set of one's own be opened by name, in this process.

        Raises
        ------
        DataError
            The name is taken, or the record is no `DataRecord`.
        """
        if not isinstance(record, DataRecord):
            raise DataError(f"data set {record.name!r}: a plain record; expected a DataRecord, which says what it has")
        super().add(record)

    def record(self, name: str) -> DataRecord:
        """Return what is known of a data set; `DataError` names the close ones where there is none."""
        return cast(DataRecord, super().record(name))


READERS = DataRegistry(
    DataRecord(
        "icbhi",
        "resp.datasets.icbhi:read_icbhi",
        "breath cycles of 126 patients: normal, crackle, wheeze, both",
        "Rocha et al., Physiological Measurement 2019",
        title="ICBHI",
        task="respiratory",
        published=("official", "published_folds"),
        folds=5,
        choosable_labels=True,
    ),
    DataRecord(
        "kauh",
        "resp.datasets.kauh:read_kauh",
        "lung sounds of 112 patients, one label a recording",
        "Fraiwan et al., Data in Brief 2021",
        title="KAUH",
        task="respiratory",
        choosable_labels=True,
    ),
    DataRecord(
        "manifest",
        "resp.datasets.manifest:read_manifest",
        "anybody's own recordings, listed in a CSV file",
        "resp",
        title="a manifest",
        task="respiratory",
        published=("official",),
        choosable_labels=True,
        choosable_classes=True,
    ),
    DataRecord(
        "esc10",
        "resp.datasets.esc:read_esc",
        "400 environmental sounds of 5 s in 10 classes",
        "Piczak, ACM Multimedia 2015",
        {"subset": "esc10"},
        title="ESC-10",
        published=("published_folds",),
        folds=5,
    ),
    DataRecord(
        "esc50",
        "resp.datasets.esc:read_esc",
        "2000 environmental sounds of 5 s in 50 classes",
        "Piczak, ACM Multimedia 2015",
        {"subset": "esc50"},
        title="ESC-50",
        published=("published_folds",),
        folds=5,
    ),
    DataRecord(
        "urbansound8k",
        "resp.datasets.urbansound8k:read_urbansound8k",
        "8732 city sounds of at most 4 s in 10 classes",
        "Salamon et al., ACM Multimedia 2014",
        title="UrbanSound8K",
        published=("published_folds",),
        folds=10,
    ),
    DataRecord(
        "speechcommands",
        "resp.datasets.speechcommands:read_speechcommands",
        "105 829 utterances of 35 words (version 2)",
        "Warden, arXiv 1804.03209",
        title="Speech Commands",
        published=("official",),
    ),
    DataRecord(
        "audioset",
        "resp.datasets.audioset:read_audioset",
        "excerpts of 10 s of up to 2 million videos, any of 527 classes at once",
        "Gemmeke et al., ICASSP 2017",
        title="AudioSet",
        task="multi_label",
        published=("official",),
    ),
    DataRecord(
        "unlabelled",
        "resp.datasets.unlabelled:read_unlabelled",
        "any sound files below some folders, for pre-training",
        "resp",
        title="a folder of unlabelled sounds",
        task="unlabelled",
        several_roots=True,
    ),
)
