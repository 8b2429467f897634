"""An aligned table for the terminal: what a person reads first, not every column."""

from collections.abc import Sequence
from typing import BinaryIO

from resp.report.tabular import Column, Level, Row
from resp.score.schema import DISCLAIMER, ModelIdentity, Report

_WIDEST = 60
_LEFT_OUT = {
    "p_abnormal",
    "prediction_set",
    "breaths_low",
    "breaths_high",
    "sounds_like",
    "familiarity_distance",
    "patient_key",
    "started_at",
    "warnings",
    "model",
    "model_version",
    "model_sha256",
    "engine",
    "precision",
    "recording_sha256",
    "body_site",
    "device",
    "segment",
    "finding",
    "kind",
}


class TableFormat:
    """Aligned rows, then how many were scored and by what; written last, when the widths are known."""

    def __init__(self, stream: BinaryIO, columns: Sequence[Column], level: Level) -> None:  # noqa: ARG002
        self._stream = stream
        shown = [column for column in columns if column.name not in _LEFT_OUT and column.name != "reason"]
        # The reason is long and mostly empty: last, it pushes nothing aside.
        self._columns = [*shown, *(column for column in columns if column.name == "reason")]
        self._rows: list[Row] = []
        self._reports: dict[str, int] = {"scored": 0, "abstained": 0, "failed": 0}
        self._last: Report | None = None
        self._model = ""

    def add(self, row: Row, report: Report) -> None:
        """Take a row; who reads it here does not read the columns' documentation."""
        hidden = report.refused
        self._rows.append(
            {
                column.name: None if hidden and column.name.startswith("p_") else row[column.name]
                for column in self._columns
            }
        )
        if report is not self._last:
            self._reports[report.status] += 1
            self._last = report
        if report.model:
            self._model = _told(report.model)

    def finish(self) -> None:
        """Write the table."""
        names = [column.name for column in self._columns]
        # What no row fills belongs to another model.
        names = [
            name
            for name in names
            if not (name.startswith("p_") or name == "familiarity")
            or not self._model
            or any(row[name] is not None for row in self._rows)
        ]
        cells = [[_cell(name, row[name]) for name in names] for row in self._rows]
        widths = [max([len(name), *(len(line[index]) for line in cells)]) for index, name in enumerate(names)]
        numeric = {column.name for column in self._columns if column.kind != "text"}
        lines = [
            "  ".join(
                text.rjust(width) if name in numeric else text.ljust(width)
                for name, text, width in zip(names, line, widths, strict=True)
            ).rstrip()
            for line in [names, *cells]
        ]
        counts = ", ".join(f"{count} {status}" for status, count in self._reports.items())
        spoken = f" by {self._model}" if self._model else ""
        lines += ["", f"{counts}{spoken}. {DISCLAIMER}"]
        self._stream.write(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))


def _told(model: ModelIdentity) -> str:
    ran = " ".join(part for part in (model.engine, model.precision) if part)
    return f"{model.name} {model.version} ({model.sha256[:12]}{', ' + ran if ran else ''})"


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}" if name.startswith("p_") else f"{value:.1f}"
    # Control characters in a file name must not reach a terminal.
    text = "".join(sign if sign.isprintable() else "?" for sign in str(value))
    if name == "file" and len(text) > _WIDEST:
        return "…" + text[-(_WIDEST - 1) :]
    return text
