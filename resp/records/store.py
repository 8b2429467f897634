"""Sounds by content: each file is named by the SHA-256 of its bytes, so that none is kept twice or overwritten."""

import os
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp

from resp.records.errors import RecordsError

UNFINISHED_S = 3600.0
_INCOMING = "incoming"


class SoundStore:
    """A folder of sounds, ``ab/cdef…`` each, with ``incoming`` for those that are not whole yet.

    Parameters
    ----------
    folder
        Made where it is missing, for its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _INCOMING).mkdir(mode=0o700, exist_ok=True)

    def put(self, content: bytes, name: str | None = None) -> str:
        """Keep bytes: when this returns they are on the disk, whole, under their name.

        Parameters
        ----------
        content
            The bytes.
        name
            Their SHA-256, where it is known already.

        Returns
        -------
        str
            SHA-256 in hexadecimal.

        Raises
        ------
        RecordsError
            They cannot be written.
        """
        name = name or sha256(content).hexdigest()
        path = self.path(name)
        try:
            # One that is damaged is written again.
            if not (path.is_file() and sha256(path.read_bytes()).hexdigest() == name):
                self._write(path, content)
            # Also where another writer put it there a moment ago: the file is safe only once its folder is.
            _sync_folder(path.parent)
            _sync_folder(self.folder)
        except OSError as error:
            raise RecordsError(
                f"a sound of {len(content)} bytes cannot be kept in {self.folder} ({error.strerror}); "
                "nothing was changed: make room or give access, and add it again"
            ) from error
        return name

    def _write(self, path: Path, content: bytes) -> None:
        handle, temporary = mkstemp(dir=self.folder / _INCOMING)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            path.parent.mkdir(mode=0o700, exist_ok=True)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)

    def read(self, name: str) -> bytes:
        """Return the bytes, checked.

        Raises
        ------
        RecordsError
            Missing, or no longer what was kept.
        """
        path = self.path(name)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise RecordsError(
                f"{path}: cannot be read ({error.strerror}); restore this sound from a back-up"
            ) from error
        if sha256(content).hexdigest() != name:
            raise RecordsError(f"{path}: damaged since it was kept; restore this sound from a back-up")
        return content

    def has(self, name: str) -> bool:
        """Tell whether the sound is there."""
        return self.path(name).is_file()

    def path(self, name: str) -> Path:
        """Return where a sound lies, or would lie."""
        return self.folder / name[:2] / name[2:]

    def names(self) -> Iterator[str]:
        """Yield the SHA-256 of every sound that is kept."""
        for folder in self.folder.iterdir():
            if len(folder.name) == 2 and folder.is_dir():
                for path in folder.iterdir():
                    yield folder.name + path.name

    def remove(self, name: str) -> bool:
        """Remove a sound; tell whether it was there."""
        path = self.path(name)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _sync_folder(path.parent)
        return True

    def sweep_unfinished(self) -> int:
        """Remove what writers that died more than an hour ago left unfinished; return how many files."""
        swept = 0
        for path in (self.folder / _INCOMING).iterdir():
            try:
                if time.time() - path.stat().st_mtime > UNFINISHED_S:
                    path.unlink()
                    swept += 1
            except FileNotFoundError:
                continue
        return swept


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
