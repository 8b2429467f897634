"""A table as one Parquet file or, where it is large, a folder of them; either appears when it is complete."""

import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import BinaryIO

from resp.report.atomic import close_synced, open_rights, through_links
from resp.report.errors import ReportError
from resp.report.parquet_format import ParquetFormat
from resp.report.tabular import Column, Level, Row
from resp.score.schema import Report

PART_ROWS = 1_000_000
_PART = re.compile(r"part-\d{5,}\.parquet")


class ParquetParts:
    """Parts of at most `PART_ROWS` rows: a format and its file in one.

    Readers of Parquet take ``path`` for one table either way.

    Parameters
    ----------
    path
        Where the file, or the folder of parts, will stand. What is there is replaced by `commit`, not before.
    columns, level
        See `resp.report.parquet_format.ParquetFormat`.
    part_rows
        How many rows a part has at most; `PART_ROWS` if None.

    Raises
    ------
    ReportError
        The place cannot be written to, or a folder stands there that holds other things than such parts.
    """

    def __init__(self, path: Path, columns: Sequence[Column], level: Level, part_rows: int | None = None) -> None:
        path = through_links(path)
        self.path, self._columns, self._level, self._part_rows = path, columns, level, part_rows or PART_ROWS
        if path.is_dir() and not all(_PART.fullmatch(inside.name) for inside in path.iterdir()):
            raise ReportError(f"{path}: a folder of other files; expected the name of a table to write")
        try:
            self._folder = Path(mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
            self._folder.chmod(open_rights(0o777))
        except OSError as error:
            raise ReportError(f"{path}: cannot be written ({error.strerror}); expected a folder that exists") from error
        self._parts, self._rows = 0, 0
        self._begin()

    def add(self, row: Row, report: Report) -> None:
        """Write a row."""
        if self._rows == self._part_rows:
            self._end()
            self._begin()
        self._form.add(row, report)
        self._rows += 1

    def finish(self) -> None:
        """Complete the last part."""
        self._end()

    def commit(self) -> None:
        """Put the table in its place."""
        made = self._folder if self._parts > 1 else self._folder / "part-00000.parquet"
        old = None
        # A folder gives way to a file, or a file to a folder, only when it is out of the way.
        if self.path.is_dir() or (self.path.exists() and made is self._folder):
            old = Path(mkdtemp(dir=self.path.parent, prefix=f".{self.path.name}.", suffix=".old"))
            self.path.rename(old / "table")
        made.replace(self.path)
        for left in (old, self._folder):
            if left is not None:
                shutil.rmtree(left, ignore_errors=True)

    def discard(self) -> None:
        """Leave no trace."""
        # A writer that is not closed would still write when it is collected.
        with suppress(Exception):
            self._form.finish()
        with suppress(OSError):
            self._stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self) -> None:
        self._stream: BinaryIO = (self._folder / f"part-{self._parts:05d}.parquet").open("wb")
        self._form = ParquetFormat(self._stream, self._columns, self._level)
        self._parts, self._rows = self._parts + 1, 0

    def _end(self) -> None:
        self._form.finish()
        close_synced(self._stream)
