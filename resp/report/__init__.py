"""Reports become tables and files."""

from resp.report.errors import ReportError
from resp.report.tabular import SOUND_CLASSES, Level, columns, rows
from resp.report.writers import FORMATS, ReportWriter, check_place, format_of, open_writer

__all__ = [
    "FORMATS",
    "Level",
    "ReportError",
    "ReportWriter",
    "SOUND_CLASSES",
    "check_place",
    "columns",
    "format_of",
    "open_writer",
    "rows",
]
