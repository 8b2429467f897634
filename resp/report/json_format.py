"""JSON: an object per row, in a list or one a line."""

import json
from collections.abc import Sequence
from typing import Any, BinaryIO

from resp.report.tabular import Column, Level, Row
from resp.score.schema import Report


class JsonLinesFormat:
    """One object a line: the row's columns; at the level of recordings also the whole ``report``."""

    def __init__(self, stream: BinaryIO, columns: Sequence[Column], level: Level) -> None:  # noqa: ARG002
        self._stream = stream
        self._whole = level == "recording"

    def add(self, row: Row, report: Report) -> None:
        """Write a row."""
        self._stream.write(self._encoded(row, report) + b"\n")

    def finish(self) -> None:
        """Nothing is left to write."""

    def _encoded(self, row: Row, report: Report) -> bytes:
        value: dict[str, Any] = {**row, "report": report.to_dict()} if self._whole else row
        # A file name may hold bytes that are no text; ASCII escapes carry them.
        return json.dumps(value, allow_nan=False).encode("ascii")


class JsonFormat(JsonLinesFormat):
    """The same objects as one list."""

    def __init__(self, stream: BinaryIO, columns: Sequence[Column], level: Level) -> None:
        super().__init__(stream, columns, level)
        self._lead = b"[\n"

    def add(self, row: Row, report: Report) -> None:
        """Write a row."""
        self._stream.write(self._lead + self._encoded(row, report))
        self._lead = b",\n"

    def finish(self) -> None:
        """Close the list."""
        self._stream.write(b"[]\n" if self._lead == b"[\n" else b"\n]\n")
