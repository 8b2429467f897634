"""Any way in as one seekable stream of bytes."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from resp.audio.errors import AudioError

Source = str | os.PathLike[str] | bytes | BinaryIO


class Nameless:
    """A stream without its name: decoders that look at names and extensions see content alone."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.read = stream.read
        self.tell = stream.tell

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, and stay where a damaged header points before the beginning."""
        try:
            return self._stream.seek(offset, whence)
        except (ValueError, OSError):
            return self._stream.tell()


@contextmanager
def opened(source: Source, name: str | None) -> Iterator[tuple[BinaryIO, str]]:
    """Yield a seekable stream and what to call it; a file object of the caller's is left open where it was.

    Raises
    ------
    AudioError
        A path that cannot be opened, or nothing that can be read from.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        yield BytesIO(source), name or "bytes"
    elif isinstance(source, str | os.PathLike):
        label = name or os.fspath(source)
        if _never_ends(source):
            raise AudioError(f"{label}: a pipe or a device; expected the path of a file")
        try:
            stream = Path(source).open("rb")  # noqa: SIM115 - closed below
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise AudioError(f"{label}: cannot be opened: {reason}; expected the path of a file") from error
        with stream:
            yield stream, label
    elif hasattr(source, "read"):
        own = getattr(source, "name", None)
        label = name or (own if isinstance(own, str) else "file object")
        if not (hasattr(source, "seekable") and source.seekable()):
            raise AudioError(f"{label}: cannot be read from its middle; expected a seekable file, or its bytes")
        before = source.tell()
        try:
            source.seek(0)
            if not isinstance(source.read(0), bytes):
                raise AudioError(f"{label}: opened as text; expected a file opened in binary mode")
            yield source, label
        finally:
            source.seek(before)
    else:
        raise AudioError(f"cannot read {type(source).__name__}; expected a path, bytes or a binary file")


def _never_ends(path: str | os.PathLike[str]) -> bool:
    """Whether reading might wait for ever."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def checksum(stream: BinaryIO) -> str:
    """Return the SHA-256 of a whole stream, in hexadecimal; its position is moved."""
    digest = sha256()
    stream.seek(0)
    while piece := stream.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()
