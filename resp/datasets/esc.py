"""ESC-50 and its subset ESC-10: environmental sounds of 5 s in five folds.

Piczak 2015, "ESC: Dataset for Environmental Sound Classification", ACM Multimedia (doi 10.1145/2733373.2806390;
github.com/karolpiczak/ESC-50). Both layouts in circulation are read:

===============  =====================================================================================
layout           what stands where
===============  =====================================================================================
table            ``meta/esc50.csv`` (filename, fold, target, category, esc10, src_file, take) and
                 ``audio/1-100032-A-0.wav``; ESC-10 is the rows with esc10 ``True``
class folders    ``001 - Dog bark/1-100032-A.ogg``: fold, Freesound recording, take (before 2017)
===============  =====================================================================================

Class names are the table's in both (``Dog bark`` is ``dog``). Classes stand in the order of the original: that of
the targets 0 to 49 for ESC-50, that of the folders 001 to 010 for ESC-10. The Freesound recording that a clip was
cut from is the item's ``patient``, so that no fold and no validation part divides it. Published folds 1 to 5 are
folds 0 to 4 here.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from resp.datasets.census import Census, Count, name_some
from resp.datasets.clips import divided_note, list_folder, missing_note
from resp.datasets.csv_table import read_table
from resp.datasets.errors import DataError
from resp.datasets.items import DataSet, Item

ESC50_CLASSES = (
    *("dog", "rooster", "pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow"),
    *("rain", "sea_waves", "crackling_fire", "crickets", "chirping_birds"),
    *("water_drops", "wind", "pouring_water", "toilet_flush", "thunderstorm"),
    *("crying_baby", "sneezing", "clapping", "breathing", "coughing"),
    *("footsteps", "laughing", "brushing_teeth", "snoring", "drinking_sipping"),
    *("door_wood_knock", "mouse_click", "keyboard_typing", "door_wood_creaks", "can_opening"),
    *("washing_machine", "vacuum_cleaner", "clock_alarm", "clock_tick", "glass_breaking"),
    *("helicopter", "chainsaw", "siren", "car_horn", "engine"),
    *("train", "church_bells", "airplane", "fireworks", "hand_saw"),
)
ESC10_CLASSES = (
    *("dog", "rain", "sea_waves", "crying_baby", "clock_tick"),
    *("sneezing", "helicopter", "chainsaw", "rooster", "crackling_fire"),
)
# Folder names that differ from the table's by more than case and punctuation.
FOLDER_NAMES = {
    "dog_bark": "dog",
    "baby_cry": "crying_baby",
    "person_sneeze": "sneezing",
    "fire_crackling": "crackling_fire",
    "door_knock": "door_wood_knock",
    "insects_flying": "insects",
}
CLASSES = {"esc10": ESC10_CLASSES, "esc50": ESC50_CLASSES}
CLIPS_PER_CLASS, FOLDS = 40, 5
COLUMNS = ("filename", "fold", "target", "category", "esc10", "src_file", "take")


@dataclass(frozen=True, slots=True)
class _Clip:
    name: str
    path: Path | None
    fold: int
    source: str
    take: str
    category: str

    @property
    def order(self) -> tuple[int, int, str, str]:
        return self.fold, int(self.source), self.take, self.category


def read_esc(root: Path, subset: Literal["esc10", "esc50"] = "esc50") -> DataSet:
    """Read ESC-50 or ESC-10.

    Parameters
    ----------
    root
        Folder of the data set in either layout; ``esc10`` is also found in the folder of ESC-50.
    subset
        ``esc50``, or the ten classes of ``esc10``.

    Returns
    -------
    DataSet
        One item per clip, sorted by fold, source and take; attribute ``fold`` is ``"0"`` to ``"4"``.

    Raises
    ------
    DataError
        Neither layout is below the root, no sound is there, a class, fold or name is not known, or a clip is
        listed twice.
    """
    files = list_folder(root, "the folder of ESC-50 or ESC-10")
    table = next((path for path in files if path.name == "esc50.csv"), None)
    notes: list[str] = []
    clips = _read_rows(table, files, subset) if table else _read_class_folders(root, files, notes)
    classes = CLASSES[subset]
    others = [clip for clip in clips if clip.category not in classes]
    if others:
        names = sorted({clip.category for clip in others})
        notes.append(f"left out, not in ESC-10: {len(others)} clips ({name_some(names)})")
    clips = sorted((clip for clip in clips if clip.category in classes), key=lambda clip: clip.order)
    notes += missing_note([clip.name for clip in clips if clip.path is None], len(clips))
    items = tuple(
        Item(
            recording=clip.name,
            path=clip.path,
            start_s=None,
            end_s=None,
            label=classes.index(clip.category),
            patient=clip.source,
            attributes={"fold": str(clip.fold - 1), "take": clip.take},
        )
        for clip in clips
        if clip.path is not None
    )
    if not items:
        raise DataError(
            f"{root}: {len(clips)} clips of {subset} listed and none of their sounds; put audio/*.wav below this folder"
        )
    notes += divided_note(items, lambda item: f"fold {int(item.attributes['fold']) + 1}")
    return DataSet(subset, classes, items, Census(tuple(_counts(items, classes)), tuple(notes)), "single_label")


def _read_rows(table: Path, files: list[Path], subset: str) -> list[_Clip]:
    """Read the clips that the table lists, with their sounds where there are any."""
    sounds: dict[str, Path] = {}
    for path in files:
        sounds.setdefault(path.name, path)
    clips: list[_Clip] = []
    seen: set[str] = set()
    for line, cells in read_table(table, COLUMNS)[1]:
        where, name, category = f"{table}, line {line}", cells["filename"], cells["category"]
        if category not in ESC50_CLASSES:
            raise DataError(f"{where}: category {category!r}; expected one of {', '.join(ESC50_CLASSES)}")
        if cells["target"] != str(ESC50_CLASSES.index(category)):
            raise DataError(
                f"{where}: target {cells['target']!r} of {category}; expected {ESC50_CLASSES.index(category)}"
            )
        chosen = cells["esc10"].lower()
        if chosen != str(category in ESC10_CLASSES).lower():
            raise DataError(f"{where}: esc10 {cells['esc10']!r} of {category}; expected {category in ESC10_CLASSES}")
        if not re.fullmatch(r"[1-5]", cells["fold"]) or not cells["src_file"].isdigit():
            raise DataError(
                f"{where}: fold {cells['fold']!r}, src_file {cells['src_file']!r}; "
                "expected a fold of 1 to 5 and the number of a Freesound recording"
            )
        if name in seen:
            raise DataError(f"{where}: {name} again; list every clip once")
        seen.add(name)
        if subset == "esc50" or chosen == "true":
            clip_name, fold = Path(name).stem, int(cells["fold"])
            clips.append(_Clip(clip_name, sounds.get(name), fold, cells["src_file"], cells["take"], category))
    return clips


def _read_class_folders(root: Path, files: list[Path], notes: list[str]) -> list[_Clip]:
    """Read the clips that lie in a folder for each class."""
    clips: dict[tuple[str, str], _Clip] = {}
    copies = 0
    for path in files:
        folder = re.fullmatch(r"\d{3} - (.+)", path.parent.name)
        name = re.fullmatch(r"([1-5])-(\d+)-([A-Z])", path.stem)
        if folder is None or path.suffix.lower() not in (".ogg", ".wav", ".flac"):
            continue
        if name is None:
            raise DataError(f"{path}: not the name of a clip; expected fold-source-take such as 1-100032-A.ogg")
        category = re.sub(r"[^a-z0-9]+", "_", folder[1].lower()).strip("_")
        category = FOLDER_NAMES.get(category, category)
        if category not in ESC50_CLASSES:
            raise DataError(f"{path.parent}: class {category!r}; expected one of {', '.join(ESC50_CLASSES)}")
        key = (category, path.stem)
        if key in clips:
            copies += 1
            continue
        clips[key] = _Clip(f"{category}/{path.stem}", path, int(name[1]), name[2], name[3], category)
    if not clips:
        raise DataError(
            f"{root}: neither meta/esc50.csv nor class folders (001 - Dog bark/1-100032-A.ogg and the like) found; "
            "expected the folder of ESC-50 or ESC-10"
        )
    notes += [f"passed over: {copies} further copies"] if copies else []
    return list(clips.values())


def _counts(items: tuple[Item, ...], classes: tuple[str, ...]) -> Iterable[Count]:
    yield Count("clips", len(items), CLIPS_PER_CLASS * len(classes))
    yield Count("sources", len({item.patient for item in items}))
    folds = Counter(item.attributes["fold"] for item in items)
    for fold in range(FOLDS):
        yield Count(f"fold {fold + 1}", folds[str(fold)], CLIPS_PER_CLASS * len(classes) // FOLDS)
    labels = Counter(item.label for item in items)
    for label, name in enumerate(classes):
        yield Count(name, labels[label], CLIPS_PER_CLASS)
