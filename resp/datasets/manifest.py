"""Anybody's own recordings, listed in a CSV file.

=========  ========  ===========================================================================
column     needed    meaning
=========  ========  ===========================================================================
path       yes       sound file; relative to the CSV file's folder
label      yes       normal, crackle, wheeze, both; or normal, abnormal; or any names of your own
patient    yes       key of the patient; rows of one patient are never divided by a split of ours
start_s    no        begin of the labelled stretch in seconds; empty together with end_s: all of it
end_s      no        its end
device     no        stethoscope
site       no        place on the chest
split      no        train or test, for ``split: official``
=========  ========  ===========================================================================

Columns of other names are kept as attributes. Comma, semicolon and tab are understood as separators.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from resp.datasets.census import Census, Count, name_some
from resp.datasets.csv_table import read_table
from resp.datasets.errors import DataError
from resp.datasets.items import SOUND_CLASSES, TWO_CLASSES, DataSet, Item
from resp.datasets.settings import Labels
from resp.datasets.sound import sound_duration_s
from resp.models.task import Task

NEEDED = ("path", "label", "patient")
OPTIONAL = ("start_s", "end_s", "device", "site", "split")
HEALTHY = ("normal", "healthy")
MOST_ERRORS = 10


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    path: Path
    cells: Mapping[str, str]
    start_s: float | None
    end_s: float | None


def read_manifest(root: Path, labels: Labels = "four_class", classes: tuple[str, ...] | None = None) -> DataSet:
    """Read a CSV manifest.

    Parameters
    ----------
    root
        The CSV file, or the folder that has it as ``manifest.csv``.
    labels
        Which labels are allowed: those of ``four_class``; for ``two_class`` these too (all but normal are
        abnormal) and ``abnormal``; for ``diagnosis`` any.
    classes
        With ``diagnosis``: the class names in their order; None takes them from the file.

    Returns
    -------
    DataSet
        One item per row, in the order of the file. Its task is ``respiratory``; with ``diagnosis`` and no class
        called normal or healthy it is ``single_label``.

    Raises
    ------
    DataError
        The file cannot be read, or rows are wrong; the message has the number of each wrong line.
    """
    root = Path(root)
    path = root / "manifest.csv" if root.is_dir() else root
    columns, table = read_table(path, NEEDED, OPTIONAL, separators=",;\t")
    errors: list[str] = []
    rows = []
    for line, cells in table:
        try:
            rows.append(_read_row(path.parent, line, cells))
        except DataError as error:
            errors.append(f"line {line}: {error}")
    errors += _contradictions(rows)
    classes = _classes(rows, labels, classes)
    items, notes = [], list[str]()
    durations: dict[Path, float | None] = {}
    over = []
    for row in rows:
        label = _class_name(row.cells["label"], labels)
        if label not in classes:
            errors.append(f"line {row.line}: label {row.cells['label']!r}; expected one of {', '.join(classes)}")
            continue
        if row.path not in durations:
            durations[row.path] = sound_duration_s(row.path)
        duration_s = durations[row.path]
        if duration_s is not None and row.start_s is not None and row.end_s is not None:
            if row.start_s >= duration_s:
                errors.append(f"line {row.line}: starts at {row.start_s:g} s, the sound ends at {duration_s:g} s")
            elif row.end_s > duration_s:
                over.append(f"line {row.line}")
        items.append(_item(row, classes.index(label), columns))
    if errors:
        shown = "\n  ".join(errors[:MOST_ERRORS])
        more = f"\n  and {len(errors) - MOST_ERRORS} more" if len(errors) > MOST_ERRORS else ""
        raise DataError(f"{path}: {len(errors)} wrong rows; correct them:\n  {shown}{more}")
    if over:
        notes.append(f"cut at the end of their sound: {len(over)} rows ({name_some(over)})")
    counts = (
        Count("patients", len({item.patient for item in items})),
        Count("recordings", len({item.path for item in items})),
        Count("rows", len(items)),
    )
    # Sp and Se need a normal class; labels of one's own may have none, and are then measured as any other classes.
    has_normal = any(name.lower() in HEALTHY for name in classes)
    task: Task = "respiratory" if has_normal else "single_label"
    return DataSet(path.stem, classes, tuple(items), Census(counts, tuple(notes)), task)


def _read_row(folder: Path, line: int, cells: dict[str, str]) -> _Row:
    for name in NEEDED:
        if not cells[name]:
            raise DataError(f"no {name}; every row needs {', '.join(NEEDED)}")
    path = folder / cells["path"]
    if not path.is_file():
        raise DataError(f"no file {path}; paths are relative to the folder of the CSV file")
    if cells.get("split", "") not in ("", "train", "test"):
        raise DataError(f"split {cells['split']!r}; expected train, test or nothing")
    start_s, end_s = (_seconds(cells, name) for name in ("start_s", "end_s"))
    if (start_s is None) != (end_s is None):
        raise DataError("only one of start_s and end_s; give both, or neither for the whole recording")
    if start_s is not None and end_s is not None and not 0 <= start_s < end_s:
        raise DataError(f"start_s {start_s:g}, end_s {end_s:g}; expected 0 <= start_s < end_s")
    return _Row(line, path, cells, start_s, end_s)


def _seconds(cells: Mapping[str, str], name: str) -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise DataError(f"{name} {text!r}; expected seconds, with a point before the decimals")
    return value


def _contradictions(rows: list[_Row]) -> list[str]:
    """Return what is wrong between rows: a file of two patients, a stretch labelled twice."""
    errors = []
    owner: dict[Path, _Row] = {}
    seen: dict[tuple[Path, float | None, float | None], int] = {}
    for row in rows:
        first = owner.setdefault(row.path, row)
        if first.cells["patient"] != row.cells["patient"]:
            errors.append(
                f"line {row.line}: {row.cells['path']} of patient {row.cells['patient']}, "
                f"but of patient {first.cells['patient']} in line {first.line}"
            )
        stretch = (row.path, row.start_s, row.end_s)
        if stretch in seen:
            errors.append(f"line {row.line}: the stretch of line {seen[stretch]} again; list it once")
        seen.setdefault(stretch, row.line)
    return errors


def _classes(rows: list[_Row], labels: Labels, named: tuple[str, ...] | None) -> tuple[str, ...]:
    if labels != "diagnosis":
        return SOUND_CLASSES if labels == "four_class" else TWO_CLASSES
    if named is not None:
        return named
    return tuple(sorted({row.cells["label"] for row in rows}, key=lambda name: (name.lower() not in HEALTHY, name)))


def _class_name(label: str, labels: Labels) -> str:
    if labels == "diagnosis":
        return label
    label = label.lower()
    return "abnormal" if labels == "two_class" and label in SOUND_CLASSES[1:] else label


def _item(row: _Row, label: int, columns: tuple[str, ...]) -> Item:
    cells = row.cells
    return Item(
        recording=cells["path"],
        path=row.path,
        start_s=row.start_s,
        end_s=row.end_s,
        label=label,
        patient=cells["patient"],
        device=cells.get("device") or None,
        site=cells.get("site") or None,
        part=cells.get("split") or None,
        attributes={name: cells[name] for name in columns if name not in (*NEEDED, *OPTIONAL) and cells[name]},
    )
