"""Files that are either complete or not there."""

import os
from contextlib import suppress
from glob import escape
from pathlib import Path
from shutil import rmtree
from tempfile import mkstemp
from typing import BinaryIO

from resp.report.errors import ReportError


class AtomicFile:
    """A temporary file beside ``path`` that takes its place when it is complete.

    Parameters
    ----------
    path
        Where the file will stand; one that is there is replaced by `commit`, not before. Of a link, what it leads to.

    Raises
    ------
    ReportError
        The folder does not exist or cannot be written to, or ``path`` is a folder, a device or a pipe.
    """

    def __init__(self, path: Path) -> None:
        path = through_links(path)
        self.path = path
        if path.is_dir():
            raise ReportError(f"{path}: a folder; expected the name of a file to write")
        try:
            handle, name = mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
            # mkstemp makes private files.
            os.fchmod(handle, open_rights(0o666))
        except OSError as error:
            raise ReportError(f"{path}: cannot be written ({error.strerror}); expected a folder that exists") from error
        self.stream = os.fdopen(handle, "wb")
        self._temporary = Path(name)

    def commit(self) -> None:
        """Put the complete file in its place."""
        close_synced(self.stream)
        self._temporary.replace(self.path)

    def discard(self) -> None:
        """Leave no trace."""
        # What is left in its buffer has no room either where the disk is full.
        with suppress(OSError):
            self.stream.close()
        self._temporary.unlink(missing_ok=True)


def through_links(path: Path) -> Path:
    """Return where a file is to be replaced: what a link leads to, so that the link stays.

    Raises
    ------
    ReportError
        There is something that is neither file nor folder, and would be gone.
    """
    if path.is_symlink():
        path = path.resolve()
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ReportError(f"{path}: a device or a pipe; expected the name of a file (without one, it is printed)")
    return path


def clear_unfinished(path: Path) -> None:
    """Delete what processes that were killed left of a file or folder that was to stand at ``path``.

    Only for who knows that no other process writes to it.
    """
    for left in path.parent.glob(f".{escape(path.name)}.*.part"):
        if left.is_dir():
            rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def open_rights(rights: int) -> int:
    """Return the rights that an ordinary new file (0o666) or folder (0o777) gets."""
    mask = os.umask(0)
    os.umask(mask)
    return rights & ~mask


def close_synced(stream: BinaryIO) -> None:
    """Close a file when all of it is on the disk."""
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()
