"""Files that are either complete or not there."""

import os
from pathlib import Path
from tempfile import mkstemp

from resp.report.errors import ReportError


class AtomicFile:
    """A temporary file beside ``path`` that takes its place when it is complete.

    Parameters
    ----------
    path
        Where the file will stand; one that is there is replaced by `commit`, not before.

    Raises
    ------
    ReportError
        The folder does not exist or cannot be written to, or ``path`` is a folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_dir():
            raise ReportError(f"{path}: a folder; expected the name of a file to write")
        try:
            handle, name = mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
            # mkstemp makes private files; the result gets the rights that an ordinary new file has.
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(handle, 0o666 & ~mask)
        except OSError as error:
            raise ReportError(f"{path}: cannot be written ({error.strerror}); expected a folder that exists") from error
        self.stream = os.fdopen(handle, "wb")
        self._temporary = Path(name)

    def commit(self) -> None:
        """Put the complete file in its place."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        self._temporary.replace(self.path)

    def discard(self) -> None:
        """Leave no trace."""
        self.stream.close()
        self._temporary.unlink(missing_ok=True)
