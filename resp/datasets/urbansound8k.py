"""UrbanSound8K: 8732 excerpts of at most 4 s of city sounds, in ten folds.

Salamon, Jacoby, Bello 2014, "A Dataset and Taxonomy for Urban Sound Research", ACM Multimedia
(urbansounddataset.weebly.com). Read are ``metadata/UrbanSound8K.csv`` (slice_file_name, fsID, start, end, salience,
fold, classID, class) and ``audio/fold1`` to ``audio/fold10``. The Freesound recording that an excerpt was cut from is
the item's ``patient``. Published folds 1 to 10 are folds 0 to 9 here.

The published folds divide at least one recording (77751, drilling in fold 2 and jackhammer in fold 7); the census
names those, and a split leaves out of training what the test fold has the source of.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from resp.datasets.census import Census, Count
from resp.datasets.clips import divided_note, find_table, list_folder, missing_note
from resp.datasets.csv_table import read_table
from resp.datasets.errors import DataError
from resp.datasets.items import DataSet, Item

# In the order of classID, with how many of each were published.
CLASS_CLIPS = {
    "air_conditioner": 1000,
    "car_horn": 429,
    "children_playing": 1000,
    "dog_bark": 1000,
    "drilling": 1000,
    "engine_idling": 1000,
    "gun_shot": 374,
    "jackhammer": 1000,
    "siren": 929,
    "street_music": 1000,
}
CLASSES = tuple(CLASS_CLIPS)
FOLD_CLIPS = (873, 888, 925, 990, 936, 823, 838, 806, 816, 837)
SALIENCES = {"1": "foreground", "2": "background"}
COLUMNS = ("slice_file_name", "fsid", "start", "end", "salience", "fold", "classid", "class")


def read_urbansound8k(root: Path) -> DataSet:
    """Read UrbanSound8K.

    Parameters
    ----------
    root
        Folder of the data set, or of a part of it.

    Returns
    -------
    DataSet
        One item per excerpt, in the order of the table; attribute ``fold`` is ``"0"`` to ``"9"``.

    Raises
    ------
    DataError
        The table is not there or has a wrong row, or no sound is there.
    """
    files = list_folder(root, "the folder of UrbanSound8K")
    table = find_table(root, files, "UrbanSound8K.csv")
    sounds: dict[tuple[str, str], Path] = {}
    for path in files:
        sounds.setdefault((path.parent.name, path.name), path)
    items: list[Item] = []
    missing: list[str] = []
    seen: set[str] = set()
    for line, cells in read_table(table, COLUMNS)[1]:
        name, label, fold = _check_row(f"{table}, line {line}", cells, seen)
        sound = sounds.get((f"fold{fold}", name))
        if sound is None:
            missing.append(name)
            continue
        items.append(
            Item(
                recording=Path(name).stem,
                path=sound,
                start_s=None,
                end_s=None,
                label=label,
                patient=cells["fsid"],
                attributes={"fold": str(fold - 1), "salience": SALIENCES[cells["salience"]]},
            )
        )
    if not items:
        raise DataError(
            f"{root}: {len(missing)} excerpts listed and none of their sounds; put audio/fold1 to fold10 below it"
        )
    notes = missing_note(missing, len(seen))
    notes += divided_note(items, lambda item: f"fold {int(item.attributes['fold']) + 1}")
    return DataSet("urbansound8k", CLASSES, tuple(items), Census(tuple(_counts(items)), tuple(notes)), "single_label")


def _check_row(where: str, cells: dict[str, str], seen: set[str]) -> tuple[str, int, int]:
    """Return file name, label and published fold of a row; remember its name in ``seen``."""
    name, category = cells["slice_file_name"], cells["class"]
    if category not in CLASSES:
        raise DataError(f"{where}: class {category!r}; expected one of {', '.join(CLASSES)}")
    label = CLASSES.index(category)
    if cells["classid"] != str(label):
        raise DataError(f"{where}: classID {cells['classid']!r} of {category}; expected {label}")
    if cells["fold"] not in [str(fold) for fold in range(1, len(FOLD_CLIPS) + 1)]:
        raise DataError(f"{where}: fold {cells['fold']!r}; expected 1 to {len(FOLD_CLIPS)}")
    if cells["salience"] not in SALIENCES or not cells["fsid"].isdigit():
        raise DataError(
            f"{where}: salience {cells['salience']!r}, fsID {cells['fsid']!r}; "
            "expected 1 (foreground) or 2 (background) and the number of a Freesound recording"
        )
    if name in seen:
        raise DataError(f"{where}: {name} again; list every excerpt once")
    seen.add(name)
    return name, label, int(cells["fold"])


def _counts(items: list[Item]) -> Iterable[Count]:
    yield Count("clips", len(items), sum(FOLD_CLIPS))
    yield Count("sources", len({item.patient for item in items}))
    folds = Counter(item.attributes["fold"] for item in items)
    for fold, expected in enumerate(FOLD_CLIPS):
        yield Count(f"fold {fold + 1}", folds[str(fold)], expected)
    labels = Counter(item.label for item in items)
    for label, (name, expected) in enumerate(CLASS_CLIPS.items()):
        yield Count(name, labels[label], expected)
