"""Reports become tables and files."""

from resp.report.errors import ReportError
from resp.report.tabular import SOUND_CLASSES, Level, columns, rows
from resp.report.writers import FORMATS, ReportWriter, format_of, open_writer

__all__ = [
    "FORMATS",
    "Level",
    "ReportError",
    "ReportWriter",
    "SOUND_CLASSES",
    "columns",
    "format_of",
    "open_writer",
    "rows",
]
