"""Comma-separated values after RFC 4180, UTF-8, with a header."""

import csv
import io
from collections.abc import Sequence
from typing import BinaryIO

from resp.report.tabular import Column, Level, Row
from resp.score.schema import Report

# A spreadsheet takes text that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvFormat:
    """Rows as CSV; numbers in full precision, what is unknown as an empty field."""

    def __init__(self, stream: BinaryIO, columns: Sequence[Column], level: Level) -> None:  # noqa: ARG002
        self._text = io.TextIOWrapper(
            stream, encoding="utf-8", errors="backslashreplace", newline="", write_through=True
        )
        self._writer = csv.DictWriter(self._text, [column.name for column in columns])
        self._writer.writeheader()

    def add(self, row: Row, report: Report) -> None:  # noqa: ARG002
        """Write a row."""
        self._writer.writerow({name: field(value) for name, value in row.items()})

    def finish(self) -> None:
        """Let go of the stream."""
        self._text.detach()


def field(value: object) -> object:
    """Return a value as a spreadsheet takes it for a text and no formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
