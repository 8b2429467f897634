"""Going through the folders of a data set."""

import os
from collections.abc import Iterator
from pathlib import Path

from resp.datasets.errors import DataError


def walk(root: Path) -> Iterator[Path]:
    """Yield every file below a folder, nearest first; links are followed, no folder is visited twice.

    Folders are listed and files are not asked one by one, so that two million of them take seconds.

    Raises
    ------
    DataError
        A folder that cannot be read: what lies in it would be missing without a word.
    """
    seen: set[str] = set()
    level = [root]
    while level:
        below: list[Path] = []
        for folder in level:
            real = os.path.realpath(folder)
            if real in seen:
                continue
            seen.add(real)
            try:
                with os.scandir(folder) as entries:
                    listed = sorted((entry.name, _is_folder(entry)) for entry in entries)
            except OSError as error:
                raise DataError(f"{folder}: cannot be read ({error.strerror}); allow it or move it away") from error
            for name, is_folder in listed:
                if is_folder:
                    below.append(folder / name)
                else:
                    yield folder / name
        level = below


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # A link that leads round in a circle is no folder, and no error either.
    return Path(entry.path).is_dir() if entry.is_symlink() else entry.is_dir()
