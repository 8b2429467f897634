"""A report on one page of paper: what was recorded, how good it is, what was found, how sure that is, who signs."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from resp.report.sheet import (
    ALARM,
    BOLD,
    FONT,
    INK,
    INNER,
    LARGE,
    MARGIN,
    NORMAL,
    PALE,
    SMALL,
    Sheet,
    open_canvas,
    plain,
)
from resp.score.schema import Report, Segment

if TYPE_CHECKING:
    from resp.audio import Recording

# Room at the foot for model, signature and disclaimer, and for the picture.
_FOOT, _PICTURE = 98.0, 150.0
_QUALITY = {"good": "good", "limited": "limited: judge with care", "unusable": "unusable: record again"}
# Rows of segments stand beside each other in this many columns where they are many.
_MOST_COLUMNS = 3
UNVERIFIED = "Preliminary: not verified by a clinician"


def report_pdf(
    report: Report,
    recording: "Recording | None" = None,
    *,
    subject: Mapping[str, str] | None = None,
    standing: str = UNVERIFIED,
) -> bytes:
    """Return a report as a PDF of one page; the same report gives the same bytes.

    Parameters
    ----------
    report
        Any, failed and abstained ones too.
    recording
        Its sound, for a spectrogram; no picture where None.
    subject
        Whose it is: name of the line → what it says; from the record, such as ``{"Patient ID": "4711"}``.
    standing
        Whether somebody has verified it, in words.

    Raises
    ------
    ReportError
        reportlab is not installed.
    """
    stream = BytesIO()
    pages = PdfPages(stream)
    pages.add(report, recording, subject=subject, standing=standing)
    pages.finish()
    return stream.getvalue()


class PdfPages:
    """Takes reports one by one, a page each.

    Parameters
    ----------
    stream
        Where `finish` writes the PDF; it stays open.

    Raises
    ------
    ReportError
        reportlab is not installed.
    """

    def __init__(self, stream: Any) -> None:
        self._canvas = open_canvas(stream, "Lung sound report")
        self._pages = 0

    def add(
        self,
        report: Report,
        recording: "Recording | None" = None,
        *,
        subject: Mapping[str, str] | None = None,
        standing: str = UNVERIFIED,
    ) -> None:
        """Draw a page; parameters as in `report_pdf`."""
        _Page(self._canvas).draw(report, recording, subject or {}, standing)
        self._canvas.showPage()
        self._pages += 1

    def finish(self) -> None:
        """Write the PDF; one that was given no report has an empty page."""
        if not self._pages:
            self._canvas.showPage()
        self._canvas.save()


class _Page(Sheet):
    """The report of one recording."""

    @property
    def room(self) -> float:
        """Height that is left above the foot."""
        return self.y - MARGIN - _FOOT

    def draw(self, report: Report, recording: "Recording | None", subject: Mapping[str, str], standing: str) -> None:
        self._head(report, standing)
        self.pairs(_identity(report, subject))
        # Quality before result: what is hardly heard is hardly judged.
        if report.quality:
            self.heading(f"Signal quality: {_QUALITY[report.quality.verdict]}")
            self.paragraph("; ".join([*report.quality.reasons, *report.quality.notes]), most=3)
        self._result(report)
        if report.warnings:
            self.heading("Warnings")
            self.paragraph("; ".join(report.warnings), most=4, colour=ALARM)
        if recording is not None and self.room > _PICTURE:
            self._picture(recording, report)
        if report.segments and not report.refused:
            self._segments(report)
        self._foot(report)

    def _head(self, report: Report, standing: str) -> None:
        self.line("Lung sound report", LARGE, bold=True)
        self.paragraph(f"{standing}. {report.disclaimer}", most=2, colour=PALE)
        self.rule()

    def _result(self, report: Report) -> None:
        summary = report.summary
        label = summary.label if summary else None
        if label is not None:
            self.heading(f"Finding: {label}")
        else:
            why = {"failed": "could not be scored", "abstained": "abstained", "scored": "none"}[report.status]
            self.heading(f"No finding ({why})")
        self.paragraph(report.reason or "", most=3, colour=ALARM)
        if summary is None:
            return
        if report.refused:
            self.pairs({"Familiarity": _familiarity(report)}, columns=1)
            return
        self.pairs(
            {
                "Probabilities": ", ".join(f"{name} {value:.2f}" for name, value in summary.probabilities.items()),
                "Any abnormal sound": "" if summary.p_abnormal is None else f"{summary.p_abnormal:.2f}",
                "Cannot be ruled out": ", ".join(summary.prediction_set),
                "Cycles or windows": ", ".join(f"{count} {name}" for name, count in summary.segment_counts.items()),
                "Breaths per minute": _breaths(report),
                "Familiarity": _familiarity(report),
            },
            columns=1,
        )

    def _segments(self, report: Report) -> None:
        from reportlab.lib import colors
        from reportlab.platypus import Table, TableStyle

        classes = list(report.segments[0].probabilities)
        head = ["", "start (s)", "end (s)", "finding", "p", "cannot be ruled out / reason"]
        row_height = 11.0
        self.heading("Cycles and windows, with the probability of the likeliest class")
        fitting = max(1, int((self.room - 12) / row_height) - 1)
        columns = 1 if len(report.segments) <= fitting else _MOST_COLUMNS
        if columns > 1:
            head = head[:5]
        shown = report.segments[: fitting * columns]
        rows = [_row(place, one, classes)[: len(head)] for place, one in enumerate(shown, start=1)]
        # Column by column, as a newspaper is read.
        each = -(-len(rows) // columns)
        blocks = [[head, *rows[first : first + each]] for first in range(0, len(rows), each)]
        style = TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), FONT, 6.5 if columns > 1 else SMALL),
                ("FONT", (0, 0), (-1, 0), BOLD, 6.5 if columns > 1 else SMALL),
                ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.HexColor(INK)),
                ("ALIGN", (1, 0), (2, -1), "RIGHT"),
                ("ALIGN", (4, 0), (4, -1), "RIGHT"),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
                ("LEFTPADDING", (0, 0), (-1, -1), 1),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ]
        )
        widths = [48.0, 44.0, 44.0, 64.0, 32.0, 0.0] if columns == 1 else [36.0, 34.0, 34.0, 44.0, 20.0]
        if columns == 1:
            widths[-1] = INNER - sum(widths)
        lowest = self.y
        for place, block in enumerate(blocks):
            table = Table(block, colWidths=widths, rowHeights=row_height)
            table.setStyle(style)
            _, height = table.wrapOn(self.canvas, INNER, self.room)
            table.drawOn(self.canvas, MARGIN + place * INNER / columns, self.y - height)
            lowest = min(lowest, self.y - height)
        self.y = lowest - 2
        if left := len(report.segments) - len(shown):
            self.line(f"and {left} more, in the structured report or the JSON", SMALL, colour=PALE)

    def _picture(self, recording: "Recording", report: Report) -> None:
        from PIL import Image
        from reportlab.lib.utils import ImageReader

        from resp.report.spectrogram_picture import draw_spectrogram

        height = _PICTURE - 10
        picture = draw_spectrogram(recording, report, size_inches=(INNER / 72 * 1.4, height / 72 * 1.4), dpi=110)
        self.y -= height + 4
        self.canvas.drawImage(ImageReader(Image.fromarray(picture)), MARGIN, self.y, INNER, height)
        self.y -= 4

    def _foot(self, report: Report) -> None:
        self.y = MARGIN + _FOOT - 8
        self.rule()
        if report.model:
            model = report.model
            self.paragraph(f"Model {model.name}, version {model.version}, SHA-256 {model.sha256}", most=2, size=SMALL)
        if report.recording.sha256:
            self.paragraph(f"Recording SHA-256 {report.recording.sha256}", most=1, size=SMALL)
        self.y -= 22
        self.line("Name: ______________________    Date: ______________    Signature: ______________________", NORMAL)
        self.y -= 6
        self.paragraph(report.disclaimer, most=2, colour=PALE, size=SMALL)


def _identity(report: Report, subject: Mapping[str, str]) -> dict[str, str]:
    known = report.recording
    return {
        **subject,
        "Recording": known.file,
        "Patient key": known.patient_key or "",
        "Body site": known.body_site or "",
        "Device": known.device or "",
        "Recorded": known.started_at.isoformat(sep=" ", timespec="seconds") if known.started_at else "",
        "Length": "" if known.duration_s is None else f"{known.duration_s:.1f} s at {known.rate_hz} Hz",
        "Channel": known.channel or "",
        "Origin": "synthetic: no chest made it" if known.synthetic else "",
    }


def _breaths(report: Report) -> str:
    summary = report.summary
    if summary is None or summary.breaths_per_min is None:
        return ""
    between = ""
    if summary.breaths_interval:
        between = f" (95 % interval {summary.breaths_interval[0]:.1f} to {summary.breaths_interval[1]:.1f})"
    return f"{summary.breaths_per_min:.1f}{between}"


def _familiarity(report: Report) -> str:
    known = report.familiarity
    if known is None:
        return ""
    words = {"familiar": "familiar", "unfamiliar": "unfamiliar to the model", "not_lung": "not a lung sound"}
    return f"{words[known.verdict]}, distance {known.distance:.2f} (warning from {known.limit:.2f})"


def _row(place: int, segment: Segment, classes: list[str]) -> list[str]:
    likeliest = max((segment.probabilities.get(name, 0.0) for name in classes), default=0.0)
    return [
        f"{'window' if segment.kind == 'window' else 'cycle'} {place}",
        f"{segment.start_s:.2f}",
        f"{segment.end_s:.2f}",
        plain(segment.label or "abstained")[:18],
        f"{likeliest:.2f}",
        plain(segment.abstained or ", ".join(segment.prediction_set))[:70],
    ]
