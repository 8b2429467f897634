"""Write reports as they come: table, JSON, JSON lines, CSV, Parquet or PDF; a file appears when it is complete."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

from resp.report.atomic import AtomicFile
from resp.report.csv_format import CsvFormat
from resp.report.errors import ReportError
from resp.report.json_format import JsonFormat, JsonLinesFormat
from resp.report.parquet_format import ParquetFormat
from resp.report.parquet_parts import ParquetParts
from resp.report.pdf_format import PdfFormat
from resp.report.table_format import TableFormat
from resp.report.tabular import Column, Level, Row, columns, rows
from resp.score.findings import FindingRules
from resp.score.schema import Report, Segment


class Format(Protocol):
    """How rows become bytes on a stream."""

    def add(self, row: Row, report: Report) -> None:
        """Take a row and the report that it comes from."""
        ...

    def finish(self) -> None:
        """Write what is left; the stream stays open."""
        ...


_MAKERS: dict[str, Callable[[BinaryIO, Sequence[Column], Level], Format]] = {
    "table": TableFormat,
    "json": JsonFormat,
    "jsonl": JsonLinesFormat,
    "csv": CsvFormat,
    "parquet": ParquetFormat,
    "pdf": PdfFormat,
}
FORMATS = tuple(_MAKERS)
_SUFFIXES = {
    ".txt": "table",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
    ".pdf": "pdf",
}


def format_of(path: Path) -> str:
    """Return the format that a file name asks for.

    Raises
    ------
    ReportError
        A suffix that no format has.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise ReportError(
            f"{path}: no format has the suffix {suffix!r}; expected {', '.join(_SUFFIXES)}, or name the format"
        )
    return _SUFFIXES[suffix]


class ReportWriter:
    """Takes reports one by one; a context manager that leaves a complete file or none.

    Made by `open_writer`.
    """

    def __init__(
        self,
        form: Format,
        level: Level,
        classes: Sequence[str],
        file: AtomicFile | ParquetParts | None,
        rules: FindingRules | None = None,
        carried: Sequence[str] = (),
    ) -> None:
        self._form = form
        self._level = level
        self._classes = tuple(classes)
        self._file = file
        self._rules = rules
        self._carried = tuple(carried)

    def add(
        self, report: Report, segments: Iterable[Segment] | None = None, carried: Sequence[str | None] = ()
    ) -> None:
        """Write a report's rows.

        Parameters
        ----------
        report
            Any report.
        segments
            Those of a long recording that its report does not hold.
        carried
            What a list says of it, a value for each carried column.
        """
        told = dict(zip(self._carried, carried or [None] * len(self._carried), strict=True))
        for row in rows(report, self._level, self._classes, segments, self._rules, told):
            self._form.add(row, report)

    def __enter__(self) -> "ReportWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._form.finish()
                if self._file:
                    self._file.commit()
            except BaseException:
                self._discard()
                raise
        else:
            self._discard()

    def _discard(self) -> None:
        if self._file:
            # A format that is not let go of would still write when it is collected, into the closed file.
            with suppress(Exception):
                self._form.finish()
            self._file.discard()


def check_place(out: Path, form: str) -> None:
    """Refuse a place that a table could not be written to, before hours of work for it.

    Raises
    ------
    ReportError
        As `open_writer`.
    """
    (ParquetParts(out, columns(), "recording") if form == "parquet" else AtomicFile(out)).discard()


def open_writer(
    out: Path | BinaryIO,
    form: str,
    *,
    level: Level = "recording",
    classes: Sequence[str] = (),
    rules: FindingRules | None = None,
    carried: Sequence[str] = (),
) -> ReportWriter:
    """Open a writer of reports.

    Parameters
    ----------
    out
        A path, at which the file appears when the writer is left without an error, or an open binary stream. Parquet
        becomes a folder of parts there where it has more rows than `resp.report.parquet_parts.PART_ROWS`.
    form
        One of `FORMATS`.
    level
        A row per ``recording``, ``segment`` or ``finding``.
    classes
        The model's classes.
    rules
        What counts as a finding; the labels where None.
    carried
        Columns of a list of recordings that go into the table; see `ReportWriter.add`.

    Raises
    ------
    ReportError
        An unknown format, a carried column that the table has already, or a place that cannot be written to.
    """
    if form not in _MAKERS:
        raise ReportError(f"no format {form!r}; expected one of {', '.join(FORMATS)}")
    names = columns(level, classes, carried)
    if isinstance(out, Path):
        if form == "parquet":
            parts = ParquetParts(out, names, level)
            return ReportWriter(parts, level, classes, parts, rules, carried)
        file = AtomicFile(out)
        return ReportWriter(_MAKERS[form](file.stream, names, level), level, classes, file, rules, carried)
    return ReportWriter(_MAKERS[form](out, names, level), level, classes, None, rules, carried)
