"""Sounds without labels: every sound file below some folders, for pre-training.

A file name may tell whose sound it is; ``patient`` then carries the data set, so that one source has one key in
whatever folder it is found:

===========================  ==============================================  =================
name                         as in                                           key
===========================  ==============================================  =================
KAUH                         ``BP22_BRON,Crep,P R U,24,M.wav``               ``kauh-22``
ICBHI                        ``101_1b1_Al_sc_Meditron.wav``                  ``icbhi-101``
ESC-10 and ESC-50            ``1-100032-A.ogg``, ``1-100032-A-0.wav``        ``esc-100032``
any other                                                                    ``file-`` and the start of its checksum
===========================  ==============================================  =================

The checksum makes copies of a file one source, whatever they are called.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from resp.audio.naming import describe_file_name
from resp.datasets.census import Census, Count
from resp.datasets.clips import SOUND_ENDINGS, list_folder
from resp.datasets.errors import DataError
from resp.datasets.items import DataSet, Item
from resp.datasets.sound import sound_duration_s

if TYPE_CHECKING:
    from resp.datasets.settings import DataSettings

CLASSES = ("sound",)
"""The one class of sounds of which nothing is said."""
STRETCH_S = 10.0
"""Longer recordings are cut into equal stretches of at most this, so that a minute counts for more than a second."""

_ESC = re.compile(r"[1-5]-(\d+)-[A-Z](-\d+)?")


def read_unlabelled(root: Path, more_roots: Sequence[Path] = ()) -> DataSet:
    """Read every sound file below some folders.

    Parameters
    ----------
    root, more_roots
        The folders. A file that is reached from several counts once.

    Returns
    -------
    DataSet
        Items of one class in the order of the folders. A recording longer than `STRETCH_S` is several items.

    Raises
    ------
    DataError
        No such folder, no sound in it, or a sound of unknown naming that cannot be read.
    """
    files: dict[Path, Path] = {}
    copies = 0
    for folder in (Path(root), *map(Path, more_roots)):
        for path in list_folder(folder, "a folder of sounds"):
            if path.suffix.lower() in SOUND_ENDINGS:
                copies += path.resolve() in files
                files.setdefault(path.resolve(), folder)
    if not files:
        raise DataError(f"{root}: no sound file found; expected {', '.join(sorted(SOUND_ENDINGS))} below it")
    items = [item for path, folder in files.items() for item in _stretches(path, folder)]
    sources = {item.path: item.patient for item in items}
    kinds = Counter(source.partition("-")[0] for source in sources.values())
    counts = [
        Count("recordings", len(files)),
        Count("sources", len(set(sources.values()))),
        *(Count(f"recordings of {kind}", number) for kind, number in sorted(kinds.items())),
    ]
    notes = [f"passed over: {copies} files that were reached twice"] if copies else []
    return DataSet("unlabelled", CLASSES, tuple(items), Census(tuple(counts), tuple(notes)), "unlabelled")


def source_of(path: Path) -> str:
    """Return the key of the source of a sound file: from its name where that is known, else from its content.

    Raises
    ------
    DataError
        The file has to be read and cannot be.
    """
    if known := describe_file_name(path.name).patient_key:
        return known
    if clip := _ESC.fullmatch(path.stem):
        return f"esc-{clip[1]}"
    try:
        with path.open("rb") as file:
            return f"file-{file_digest(file, 'sha256').hexdigest()[:16]}"
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); restore it or leave it out") from error


def without_test_part(dataset: DataSet, tested: "DataSettings") -> DataSet:
    """Leave out every sound of the sources that another data set is tested on.

    Parameters
    ----------
    dataset
        From `read_unlabelled`.
    tested
        The data set, its labels and its split.

    Returns
    -------
    DataSet
        What is left, with a note on what is not.

    Raises
    ------
    DataError
        The tested data set cannot be read or divided, or nothing is left.
    """
    from resp.datasets.settings import open_dataset
    from resp.datasets.splits import split_dataset

    known = open_dataset(tested)
    # The test part is the same without a validation part, which few patients may not make.
    split = split_dataset(known, tested.model_copy(update={"validation_share": 0}))
    paths = {known.items[index].path for index in split.test}
    sources = {source_of(path) for path in paths}
    kept = tuple(item for item in dataset.items if item.patient not in sources)
    if not kept:
        raise DataError(f"{dataset.name}: nothing is left without the test part of {known.name}; add recordings")
    gone = len(dataset.items) - len(kept)
    fold = "" if tested.split == "official" else f" (fold {tested.fold} of {tested.folds})"
    note = (
        f"left out: {gone} items of the {len(sources)} sources in the test part of {known.name}{fold}, "
        f"{len(sources & set(dataset.patients))} of which were found"
    )
    census = Census(dataset.census.counts, (*dataset.census.notes, note))
    return DataSet(dataset.name, dataset.classes, kept, census, dataset.task)


def _stretches(path: Path, folder: Path) -> list[Item]:
    """Return the items of a recording: the whole of it, or equal stretches of a long one."""
    known, source = describe_file_name(path.name), source_of(path)
    duration_s = sound_duration_s(path)
    count = 1 if duration_s is None else math.ceil(duration_s / STRETCH_S)
    marks: list[tuple[float, float] | tuple[None, None]] = [(None, None)]
    if duration_s is not None and count > 1:
        marks = [(place * duration_s / count, (place + 1) * duration_s / count) for place in range(count)]
    shared = folder.resolve()
    name = path.relative_to(shared).as_posix() if path.is_relative_to(shared) else path.name
    return [
        Item(
            recording=name,
            path=path,
            start_s=start_s,
            end_s=end_s,
            label=0,
            patient=source,
            device=known.device,
            site=known.body_site,
        )
        for start_s, end_s in marks
    ]
