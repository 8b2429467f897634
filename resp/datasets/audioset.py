"""AudioSet: ten-second excerpts of videos, with any of 527 classes at once.

Gemmeke et al. 2017, "Audio Set: An ontology and human-labeled dataset for audio events", ICASSP
(research.google.com/audioset). The tables are read as published:

==================================  =======================================================================
file                                row
==================================  =======================================================================
``balanced_train_segments.csv``     YTID, start_seconds, end_seconds, "positive_labels" (/m/09x0r,/t/dd00088);
``unbalanced_train_segments.csv``   comment lines begin with #. Of these three, those that are there are read:
``eval_segments.csv``               the first two are for training, the last is the test part
``class_labels_indices.csv``        index, mid, display_name
==================================  =======================================================================

Everybody fetches the sounds anew, and some videos are gone: what is listed and not there is counted. A clip is the
excerpt alone, a sound file anywhere below the folder that is called ``YTID``, ``YTID_START`` or ``YTID_START_END``
(whole milliseconds), with or without a ``Y`` in front. The video is the item's ``patient``.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from resp.datasets.census import Census, Count
from resp.datasets.clips import SOUND_ENDINGS, find_table, list_folder, missing_note
from resp.datasets.csv_table import read_table
from resp.datasets.errors import DataError
from resp.datasets.items import DataSet, Item

CLASSES = 527
LABELS_TABLE = "class_labels_indices.csv"
ENDING = "_segments.csv"
# Part of the official split, and how many segments were published.
SEGMENTS = {
    "balanced_train": ("train", 22_160),
    "unbalanced_train": ("train", 2_041_789),
    "eval": ("test", 20_371),
}


@dataclass(frozen=True, slots=True)
class _Segment:
    video: str
    start_ms: int
    end_ms: int
    labels: tuple[int, ...]

    def names(self) -> Iterator[str]:
        """Yield what the file of this segment may be called, without its ending."""
        for video in (self.video, f"Y{self.video}"):
            yield video
            yield f"{video}_{self.start_ms}"
            yield f"{video}_{self.start_ms}_{self.end_ms}"


def read_audioset(root: Path) -> DataSet:
    """Read AudioSet, or what is there of it.

    Parameters
    ----------
    root
        Folder with the tables and the sounds, both at any depth.

    Returns
    -------
    DataSet
        One item per segment whose sound is there, in the order of the tables (balanced, unbalanced, evaluation);
        attribute ``segments`` names the table.

    Raises
    ------
    DataError
        A table is not there or has a wrong row, a label that is no class, a video twice, or no sound is there.
    """
    files = list_folder(root, "the folder of AudioSet")
    classes = _read_classes(find_table(root, files, LABELS_TABLE))
    index_of = {mid: index for index, mid in enumerate(classes)}
    tables = {path.name: path for path in reversed(files) if path.name.endswith(ENDING)}
    if not any(f"{name}{ENDING}" in tables for name in SEGMENTS):
        raise DataError(f"{root}: no table of segments; expected {', '.join(f'{name}{ENDING}' for name in SEGMENTS)}")
    sounds: dict[str, Path] = {}
    copies = 0
    for path in files:
        if path.suffix.lower() in SOUND_ENDINGS:
            copies += path.stem in sounds
            sounds.setdefault(path.stem, path)
    items: list[Item] = []
    counts = [Count("classes", len(classes), CLASSES)]
    notes: list[str] = []
    seen: set[str] = set()
    for name, (part, expected) in SEGMENTS.items():
        if f"{name}{ENDING}" not in tables:
            notes.append(f"no {name}{ENDING}: nothing of it is used")
            continue
        there = len(items)
        missing: list[str] = []
        attributes = {"segments": name}
        for segment in _read_segments(tables[f"{name}{ENDING}"], index_of, seen):
            sound = next((sounds[file] for file in segment.names() if file in sounds), None)
            if sound is None:
                missing.append(segment.video)
            else:
                items.append(_item(segment, sound, part, attributes))
        found = len(items) - there
        counts += [
            Count(f"{name} listed", found + len(missing), expected),
            Count(f"{name} with sound", found, expected),
        ]
        notes += [f"{name}: {note}" for note in missing_note(missing, found + len(missing))]
    if not items:
        raise DataError(f"{root}: {len(seen)} segments listed and none of their sounds; put YTID.wav below this folder")
    notes += [f"passed over: {copies} further copies"] if copies else []
    census = Census(tuple(counts), tuple(notes))
    return DataSet("audioset", tuple(classes.values()), tuple(items), census, "multi_label")


def _item(segment: _Segment, sound: Path, part: str, attributes: Mapping[str, str]) -> Item:
    return Item(
        recording=segment.video,
        path=sound,
        start_s=None,
        end_s=None,
        label=segment.labels[0],
        patient=segment.video,
        part=part,
        attributes=attributes,
        more_labels=segment.labels[1:],
    )


def _read_classes(table: Path) -> dict[str, str]:
    """Return identifier → name of every class, in the order of the published indices."""
    classes: dict[str, str] = {}
    for line, cells in read_table(table, ("index", "mid", "display_name"))[1]:
        if cells["index"] != str(len(classes)) or cells["mid"] in classes or not cells["display_name"]:
            raise DataError(
                f"{table}, line {line}: {', '.join(cells.values())}; "
                f"expected index {len(classes)}, an identifier that is not yet listed, and a name"
            )
        classes[cells["mid"]] = cells["display_name"]
    return classes


def _read_segments(table: Path, index_of: Mapping[str, int], seen: set[str]) -> Iterator[_Segment]:
    """Yield the rows of a table, each as it is read; remember their videos in ``seen``."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, skipinitialspace=True)
            for row in reader:
                if row and not row[0].startswith("#"):
                    yield _segment(f"{table}, line {reader.line_num}", row, index_of, seen)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table}: cannot be read ({error}); expected the published table in UTF-8") from error


def _segment(where: str, row: list[str], index_of: Mapping[str, int], seen: set[str]) -> _Segment:
    try:
        video, start, end, labels = row
        start_ms, end_ms = round(float(start) * 1000), round(float(end) * 1000)
    except (ValueError, OverflowError):
        raise DataError(f'{where}: {", ".join(row)}; expected YTID, start, end (seconds), "labels"') from None
    unknown = [mid for mid in labels.split(",") if mid not in index_of]
    if unknown:
        raise DataError(f"{where}: label {unknown[0]!r} is none of the {len(index_of)} classes of {LABELS_TABLE}")
    if video in seen:
        raise DataError(f"{where}: video {video} again; list every video once, in one of the tables")
    seen.add(video)
    return _Segment(video, start_ms, end_ms, tuple(dict.fromkeys(index_of[mid] for mid in labels.split(","))))
