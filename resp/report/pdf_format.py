"""Reports as a PDF, a page each."""

from collections.abc import Sequence
from typing import BinaryIO

from resp.report.pdf import PdfPages
from resp.report.tabular import Column, Level, Row
from resp.score.schema import Report


class PdfFormat:
    """Pages instead of rows: the level makes no difference, as a page holds the recording and its segments."""

    def __init__(self, stream: BinaryIO, columns: Sequence[Column], level: Level) -> None:  # noqa: ARG002
        self._pages = PdfPages(stream)
        self._last: Report | None = None

    def add(self, row: Row, report: Report) -> None:  # noqa: ARG002
        """Draw a report when its first row comes."""
        if report is not self._last:
            self._pages.add(report)
        self._last = report

    def finish(self) -> None:
        """Write the PDF."""
        self._pages.finish()
