"""Going through the folders of a data set."""

import os
from collections.abc import Iterator
from pathlib import Path

from resp.datasets.errors import DataError


def walk(root: Path) -> Iterator[Path]:
    """Yield every file below a folder, nearest first; links are followed, no folder is visited twice.

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
                paths = sorted(folder.iterdir())
            except OSError as error:
                raise DataError(f"{folder}: cannot be read ({error.strerror}); allow it or move it away") from error
            for path in paths:
                if path.is_dir():
                    below.append(path)
                else:
                    yield path
        level = below
