"""Checksums of sound files, remembered between runs."""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from tempfile import NamedTemporaryFile

from resp.datasets.errors import DataError

# A file written to within this time of its checksum could change again under the same time stamp.
SETTLED_S = 2.0


@dataclass(frozen=True, slots=True)
class Content:
    """Size in bytes and checksum of a file."""

    size: int
    sha256: str


def content_of(paths: Iterable[Path], memory: Path | None = None) -> dict[Path, Content]:
    """Return size and checksum of every file.

    Parameters
    ----------
    paths
        The files; each is read once.
    memory
        JSON file that remembers the checksums of files whose path, size and time stamp have not changed
        since. It may be shared by processes and lost at any time: what it does not say is computed.

    Raises
    ------
    DataError
        Files that are missing or cannot be read; the message names them.
    """
    remembered = _recall(memory)
    known: dict[str, list[int | str]] = {}
    contents: dict[Path, Content] = {}
    failed = []
    for path in dict.fromkeys(paths):
        key = str(path.resolve())
        try:
            stat = path.stat()
            stamp = [stat.st_size, stat.st_mtime_ns]
            entry = remembered.get(key)
            if entry is None or entry[:2] != stamp:
                with path.open("rb") as file:
                    entry = [*stamp, file_digest(file, "sha256").hexdigest()]
                if time.time() - stat.st_mtime > SETTLED_S:
                    known[key] = entry
        except OSError as error:
            failed.append(f"{path} ({error.strerror or error})")
            continue
        contents[path] = Content(stat.st_size, str(entry[2]))
    if failed:
        shown = "\n  ".join(failed[:10])
        raise DataError(f"{len(failed)} sound files cannot be read; restore them or leave their items out:\n  {shown}")
    if memory is not None and known:
        write_atomically(memory, json.dumps({**_recall(memory), **known}).encode())
    return contents


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that other processes see whole or not at all, however this one ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _recall(memory: Path | None) -> dict[str, list[int | str]]:
    if memory is None:
        return {}
    try:
        entries = json.loads(memory.read_bytes())
    except (OSError, ValueError):
        return {}
    return {
        key: entry
        for key, entry in (entries.items() if isinstance(entries, dict) else ())
        if isinstance(entry, list) and len(entry) == 3 and isinstance(entry[2], str)
    }
