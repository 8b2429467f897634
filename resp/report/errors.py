"""What the report room refuses."""

from resp.errors import RespError


class ReportError(RespError):
    """Reports that cannot be written: an unknown format, or a place that cannot be written to."""
