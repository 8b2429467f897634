"""Going through the folders of a data set."""

import os
from collections.abc import Iterator
from pathlib import Path


def walk(root: Path) -> Iterator[Path]:
    """Yield every file below a folder, nearest first; links are followed, no folder is visited twice."""
    seen: set[str] = set()
    level = [root]
    while level:
        below: list[Path] = []
        for folder in level:
            real = os.path.realpath(folder)
            if real in seen:
                continue
            seen.add(real)
            for path in sorted(folder.iterdir()):
                if path.is_dir():
                    below.append(path)
                else:
                    yield path
        level = below
