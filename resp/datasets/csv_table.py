"""Reading a CSV file whose columns are known by name, with errors that name the line."""

import csv
import io
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from resp.datasets.errors import DataError

Table = list[tuple[int, dict[str, str]]]


def read_table(
    path: Path, needed: Sequence[str], optional: Sequence[str] = (), *, separators: str = ","
) -> tuple[tuple[str, ...], Table]:
    """Read a CSV file with a header.

    Parameters
    ----------
    path
        The file, in UTF-8 with or without a byte order mark.
    needed, optional
        Columns that must and that may be there, in lower case; others are read too.
    separators
        What may stand between cells; the one that the header has most of does.

    Returns
    -------
    columns, rows
        The columns in lower case; line number and cells (by column) of every row that is not blank.

    Raises
    ------
    DataError
        The file cannot be read, lacks a column, nearly names an optional one, or a row has too many or too
        few cells.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: cannot be read ({error}); expected a CSV file in UTF-8 with {', '.join(needed)}"
        ) from error
    first = text.lstrip().partition("\n")[0]
    separator = max(separators, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    columns: tuple[str, ...] = ()
    table: Table = []
    for cells in _cells(reader, path):
        values = [cell.strip() for cell in cells]
        if not any(values):
            continue
        if not columns:
            columns = tuple(value.lower() for value in values)
            _check_columns(path, columns, needed, optional)
            continue
        if len(values) != len(columns):
            raise DataError(
                f"{path}, line {reader.line_num}: {len(values)} cells; expected {len(columns)} "
                f"({', '.join(columns)}); put values that contain {separator!r} in double quotes"
            )
        table.append((reader.line_num, dict(zip(columns, values, strict=True))))
    if not table:
        raise DataError(f"{path}: no rows; expected a header with {', '.join(needed)} and a row per recording")
    return columns, table


def _cells(reader: Any, path: Path) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: cannot be read as CSV ({error})") from error


def _check_columns(path: Path, columns: Sequence[str], needed: Sequence[str], optional: Sequence[str]) -> None:
    missing = [name for name in needed if name not in columns]
    if missing:
        known = f" and, where known, {', '.join(optional)}" if optional else ""
        raise DataError(
            f"{path}, line 1: no column {', '.join(missing)} among {', '.join(columns)}; "
            f"expected the columns {', '.join(needed)}{known}"
        )
    if len(set(columns)) != len(columns):
        raise DataError(f"{path}, line 1: a column is named twice in {', '.join(columns)}")
    for column in columns:
        close = get_close_matches(column, optional, n=1, cutoff=0.7)
        if close and close[0] != column and close[0] not in columns:
            raise DataError(f"{path}, line 1: column {column!r}; {close[0]!r} is meant? Give it that or another name")
