"""What the readers of labelled clips share."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from resp.datasets.census import name_some
from resp.datasets.errors import DataError
from resp.datasets.folders import walk
from resp.datasets.items import Item

SOUND_ENDINGS = frozenset((".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".webm"))


def list_folder(root: Path, expected: str) -> list[Path]:
    """Return every file below a folder; `DataError` says what was ``expected`` where there is no such folder."""
    if not Path(root).is_dir():
        raise DataError(f"{root}: not a folder; expected {expected}. Say where it is (data.root, or --root)")
    return list(walk(Path(root)))


def find_table(root: Path, files: Iterable[Path], name: str) -> Path:
    """Return the nearest file of that name; `DataError` where there is none."""
    table = next((path for path in files if path.name == name), None)
    if table is None:
        raise DataError(f"{root}: no {name} found; expected the folder of the data set, with its tables")
    return table


def missing_note(missing: Sequence[str], listed: int) -> list[str]:
    """Return the census note on clips whose sound is not there; none where nothing is missing."""
    return [f"sound missing: {len(missing)} of {listed} listed clips ({name_some(list(missing))})"] if missing else []


def divided_note(items: Iterable[Item], part_of: Callable[[Item], str]) -> list[str]:
    """Return the census note on sources that the published split divides; none where it divides none."""
    parts = defaultdict(set)
    for item in items:
        parts[item.patient].add(part_of(item))
    divided = [f"{source} in {' and '.join(sorted(found))}" for source, found in parts.items() if len(found) > 1]
    return [f"sources that the published split divides: {len(divided)} ({name_some(divided)})"] if divided else []
