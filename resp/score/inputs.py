"""Which files to score: folders are searched, every file comes once, nothing that was named is lost."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from resp.audio.elsewhere import may_be_dicom_sound
from resp.score.errors import ScoreError

SOUND_SUFFIXES = frozenset(
    {".wav", ".wave", ".w64", ".rf64", ".flac", ".aif", ".aiff", ".aifc", ".au", ".caf"}
    | {".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".webm", ".wma"}
)


def find_inputs(paths: Iterable[str | os.PathLike[str]]) -> tuple[Path, ...]:
    """Return the files behind ``paths``, in the order in which they are to be scored.

    Parameters
    ----------
    paths
        Files and folders. A file that is named is taken whatever its name ends in. A folder is searched with
        all its subfolders, those behind links too, in the order of the names, for files that end in a sound
        format's suffix of any case; hidden files and folders are left out.

    Returns
    -------
    tuple of Path
        Each file once, where it comes first. What does not exist, a folder without recordings and one that
        cannot be read stay in the list, so that they get a failed report instead of silence.

    Raises
    ------
    ScoreError
        No path at all.
    """
    given = [Path(path) for path in paths]
    if not given:
        raise ScoreError("nothing to score; expected at least one file or folder")
    found: dict[Path, Path] = {}
    for path in given:
        for file in files_of(path):
            found.setdefault(file.resolve(), file)
    return tuple(found.values())


def files_of(path: Path) -> Iterator[Path]:
    """Yield the recordings of a folder, in order; a file itself, and so a folder without any."""
    # Unlike Path.is_dir it says no where it may not look, and of names that are too long: they fail by themselves.
    inside = _search(path) if os.path.isdir(path) else iter([path])  # noqa: PTH112
    first = next(inside, path)
    yield first
    yield from inside


def is_sound_file(path: Path) -> bool:
    """Tell by a file's suffix, and of DICOM by its first bytes, whether it is to be scored where nobody named it."""
    return path.suffix.lower() in SOUND_SUFFIXES or may_be_dicom_sound(path)


def _search(folder: Path) -> Iterator[Path]:
    unreadable: list[OSError] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, onerror=unreadable.append, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            # A link to where it lies, or a second way to the same folder.
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place, name)
            if not name.startswith(".") and is_sound_file(path):
                yield path
    yield from (Path(error.filename) for error in unreadable)
