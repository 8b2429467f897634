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

Comma, semicolon and tab are understood as separators; Parquet is read by its suffix. Other columns are left alone.
"""

import logging
from collections.abc import Iterator
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
    """A recording's path or address, what is known of it, and what is wrong with the row; empty for nothing."""

    name: str
    known: Known
    problem: str = ""


def read_score_manifest(path: Path) -> Iterator[Row]:
    """Yield each row; of one without a path the name says where it stands.

    Raises
    ------
    ScoreError, DataError
        The file cannot be read, or has no column ``path``.
    """
    for line, cells in _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path):
        row, name = f"{path}, row {line}", cells.get("path") or ""
        if not name:
            yield Row(row, Known(), f"{row}: no path; expected a sound file or an address")
            continue
        place = name if is_remote(name) else str(path.parent / name)
        try:
            started_at = _time(cells.get("start"), row)
        except ScoreError as error:
            # One wrong row of a million costs its own recording.
            yield Row(place, Known(), str(error))
            continue
        yield Row(
            place,
            Known(
                body_site=cells.get("site") or None,
                device=cells.get("device") or None,
                patient_key=cells.get("patient") or None,
                started_at=started_at,
            ),
        )


def _csv(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    columns, rows = read_table(path, ["path"], separators=",;\t")
    for column in columns:
        # A list of somebody else's may well have a column "side": it is not refused for that, and not silently lost.
        close = get_close_matches(column, OPTIONAL, n=1, cutoff=0.7)
        if close and close[0] not in columns:
            logger.warning("%s: the column %r is left alone; if it is the %s, name it so", path, column, close[0])
    yield from rows


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            there = set(file.schema_arrow.names)
            if "path" not in there:
                raise ScoreError(f"{path}: no column path among {', '.join(sorted(there))}")
            number = 0
            for batch in file.iter_batches(columns=[name for name in ("path", *OPTIONAL) if name in there]):
                for cells in batch.to_pylist():
                    number += 1
                    yield (
                        number,
                        {
                            name: value if value is None or name == "start" else str(value)
                            for name, value in cells.items()
                        },
                    )
    except (OSError, pa.ArrowException) as error:
        raise ScoreError(f"{path}: cannot be read as Parquet ({error})") from error


def _time(value: Any, row: str) -> datetime | None:
    if value is None or value == "" or isinstance(value, datetime):
        return value or None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ScoreError(f"{row}: start {value!r}; expected a time in ISO 8601, such as 2026-11-21T19:30:00") from error
