"""A list of recordings that says more of each than its name does.

=======  ========  ==================================================================================
column   needed    meaning
=======  ========  ==================================================================================
path     yes       sound file, relative to the manifest's folder, or an address (``s3://…``)
site     no        place on the chest
device   no        stethoscope
patient  no        key of the patient
start    no        when the recording began, ISO 8601 (``2026-11-21T19:30:00+01:00``)
=======  ========  ==================================================================================

Comma, semicolon and tab are understood as separators; Parquet is read by its suffix. Names of columns count in any
case, blanks around names and values do not. Other columns are left alone, unless they are asked to be carried.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from resp.datasets.csv_table import read_table
from resp.score.batch.remote import is_remote
from resp.score.errors import ScoreError
from resp.score.known import Known

logger = logging.getLogger(__name__)

OPTIONAL = ("site", "device", "patient", "start")


class Row(NamedTuple):
    """A recording's path or address, what is known of it, what is wrong with the row, and what is to be carried.

    ``problem`` is empty for nothing; ``carried`` has a value for each column that was asked for, None for an empty one.
    """

    name: str
    known: Known
    problem: str = ""
    carried: tuple[str | None, ...] = ()


def read_score_manifest(path: Path, carry: Sequence[str] = ()) -> Iterator[Row]:
    """Yield each row; of one without a path the name says where it stands.

    Parameters
    ----------
    path
        CSV in UTF-8 with a header or, by its suffix, Parquet.
    carry
        Columns, in lower case, whose values are given as they are.

    Raises
    ------
    ScoreError, DataError
        The file cannot be read, has no row, names a column twice, or lacks ``path`` or a column that is to be carried.
    """
    columns, rows = _parquet(path, carry) if path.suffix.lower() == ".parquet" else _csv(path)
    _check_columns(path, columns, carry)
    any_row = False
    for line, cells in rows:
        any_row = True
        yield _row(path, line, cells, carry)
    if not any_row:
        raise ScoreError(f"{path}: no rows; expected the column path and a row per recording")


def _row(path: Path, line: int, cells: dict[str, Any], carry: Sequence[str]) -> Row:
    row, name = f"{path}, row {line}", cells.get("path") or ""
    carried = tuple(_text(cells[column]) for column in carry)
    if not name:
        return Row(row, Known(), f"{row}: no path; expected a sound file or an address", carried)
    place = name if is_remote(name) else str(path.parent / name)
    known = Known(
        body_site=cells.get("site") or None,
        device=cells.get("device") or None,
        patient_key=cells.get("patient") or None,
    )
    try:
        return Row(place, replace(known, started_at=_time(cells.get("start"), row)), carried=carried)
    except ScoreError as error:
        # One wrong row of a million costs its own recording.
        return Row(place, known, str(error), carried)


def _check_columns(path: Path, columns: Sequence[str], carry: Sequence[str]) -> None:
    if len(set(columns)) != len(columns):
        raise ScoreError(f"{path}: a column is named twice in {', '.join(columns)}")
    missing = [name for name in ("path", *carry) if name not in columns]
    if missing:
        raise ScoreError(f"{path}: no column {', '.join(missing)} among {', '.join(columns)}")
    for column in columns:
        # A list of somebody else's may well have a column "side": it is not refused for that, and not silently lost.
        close = get_close_matches(column, OPTIONAL, n=1, cutoff=0.7)
        if close and close[0] not in columns and column not in carry:
            logger.warning("%s: the column %r is left alone; if it is the %s, name it so", path, column, close[0])


def _csv(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, dict[str, Any]]]]:
    columns, rows = read_table(path, ["path"], separators=",;\t")
    return columns, iter(rows)


def _parquet(path: Path, carry: Sequence[str]) -> tuple[Sequence[str], Iterator[tuple[int, dict[str, Any]]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
    except (OSError, pa.ArrowException) as error:
        raise _no_parquet(path, error) from error
    wanted = {"path", *OPTIONAL, *carry}
    return [_column(name) for name in names], _parquet_rows(path, [name for name in names if _column(name) in wanted])


def _parquet_rows(path: Path, names: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(columns=names):
                for cells in batch.to_pylist():
                    number += 1
                    row = {
                        _column(name): value if isinstance(value, datetime) else _text(value)
                        for name, value in cells.items()
                    }
                    # As a blank line of a text.
                    if any(row.values()):
                        yield number, row
    except (OSError, pa.ArrowException) as error:
        raise _no_parquet(path, error) from error


def _no_parquet(path: Path, error: Exception) -> ScoreError:
    return ScoreError(f"{path}: cannot be read as Parquet ({error})")


def _column(name: str) -> str:
    return name.strip().lower()


def _text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return None if value is None else str(value).strip() or None


def _time(value: Any, row: str) -> datetime | None:
    if value is None or value == "" or isinstance(value, datetime):
        return value or None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ScoreError(f"{row}: start {value!r}; expected a time in ISO 8601, such as 2026-11-21T19:30:00") from error
