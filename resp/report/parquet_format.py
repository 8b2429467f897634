"""Apache Parquet, with the types of the columns whatever the rows hold."""

from collections.abc import Sequence
from typing import Any, BinaryIO

from resp.report.tabular import Column, Level, Row
from resp.score.schema import Report

GROUP_ROWS = 4096


class ParquetFormat:
    """Rows in groups: text as string, numbers as float64, whole numbers as int64; what is unknown is null."""

    def __init__(self, stream: BinaryIO, columns: Sequence[Column], level: Level) -> None:  # noqa: ARG002
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {"text": pa.string(), "number": pa.float64(), "count": pa.int64()}
        self._schema = pa.schema([(column.name, types[column.kind]) for column in columns])
        self._writer: Any = pq.ParquetWriter(stream, self._schema)
        self._rows: list[Row] = []

    def add(self, row: Row, report: Report) -> None:  # noqa: ARG002
        """Take a row; every `GROUP_ROWS` rows are written."""
        self._rows.append({name: _plain(value) for name, value in row.items()})
        if len(self._rows) == GROUP_ROWS:
            self._flush()

    def finish(self) -> None:
        """Write the last group and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []


def _plain(value: object) -> object:
    """Text that Parquet can hold: a file name may have bytes that are no UTF-8."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
