"""A report on one page of paper: what was recorded, how good it is, what was found, how sure that is, who signs."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from resp.report.errors import ReportError
from resp.score.schema import Report, Segment

if TYPE_CHECKING:
    from resp.audio import Recording

# A4, in points of 1/72 inch.
_WIDTH, _HEIGHT = 595.28, 841.89
_MARGIN = 45.0
_INNER = _WIDTH - 2 * _MARGIN
# Room at the foot for model, signature and disclaimer, and for the picture.
_FOOT, _PICTURE = 98.0, 150.0
_SMALL, _NORMAL, _LARGE = 7.5, 9.0, 16.0
_FONT, _BOLD = "RespSans", "RespSansBold"
_INK, _PALE, _ALARM = "#1a1a1a", "#5a5a5a", "#8a3b00"
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
        try:
            from reportlab.pdfgen.canvas import Canvas
        except ImportError as error:
            raise ReportError("a PDF needs reportlab; install it with: pip install reportlab") from error
        _register_fonts()
        # Invariant: no clock and no random identifiers in the file.
        self._canvas = Canvas(stream, pagesize=(_WIDTH, _HEIGHT), invariant=1, lang="en", pageCompression=1)
        self._canvas.setTitle("Lung sound report")
        self._canvas.setAuthor("resp")
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


def _register_fonts() -> None:
    """Take the fonts that come with matplotlib, which hold Latin, Greek and Cyrillic letters."""
    from matplotlib import get_data_path
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    if _FONT not in pdfmetrics.getRegisteredFontNames():
        folder = Path(get_data_path()) / "fonts" / "ttf"
        pdfmetrics.registerFont(TTFont(_FONT, str(folder / "DejaVuSans.ttf")))
        pdfmetrics.registerFont(TTFont(_BOLD, str(folder / "DejaVuSans-Bold.ttf")))


class _Page:
    """One page, filled from the top; ``y`` is where the next thing begins, counted from the foot."""

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self.y = _HEIGHT - _MARGIN

    @property
    def room(self) -> float:
        """Height that is left above the foot."""
        return self.y - _MARGIN - _FOOT

    def draw(self, report: Report, recording: "Recording | None", subject: Mapping[str, str], standing: str) -> None:
        self._head(report, standing)
        self._pairs(_identity(report, subject))
        # Quality before result: what is hardly heard is hardly judged.
        if report.quality:
            self._heading(f"Signal quality: {_QUALITY[report.quality.verdict]}")
            self._paragraph("; ".join([*report.quality.reasons, *report.quality.notes]), most=3)
        self._result(report)
        if report.warnings:
            self._heading("Warnings")
            self._paragraph("; ".join(report.warnings), most=4, colour=_ALARM)
        if recording is not None and self.room > _PICTURE:
            self._picture(recording, report)
        if report.segments:
            self._segments(report)
        self._foot(report)

    def _head(self, report: Report, standing: str) -> None:
        self._line("Lung sound report", _LARGE, bold=True)
        self._paragraph(f"{standing}. {report.disclaimer}", most=2, colour=_PALE)
        self._rule()

    def _result(self, report: Report) -> None:
        summary = report.summary
        label = summary.label if summary else None
        if label is not None:
            self._heading(f"Finding: {label}")
        else:
            why = {"failed": "could not be scored", "abstained": "abstained", "scored": "none"}[report.status]
            self._heading(f"No finding ({why})")
        self._paragraph(report.reason or "", most=3, colour=_ALARM)
        if summary is None:
            return
        self._pairs(
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
        self._heading("Cycles and windows, with the probability of the likeliest class")
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
                ("FONT", (0, 0), (-1, -1), _FONT, 6.5 if columns > 1 else _SMALL),
                ("FONT", (0, 0), (-1, 0), _BOLD, 6.5 if columns > 1 else _SMALL),
                ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.HexColor(_INK)),
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
            widths[-1] = _INNER - sum(widths)
        lowest = self.y
        for place, block in enumerate(blocks):
            table = Table(block, colWidths=widths, rowHeights=row_height)
            table.setStyle(style)
            _, height = table.wrapOn(self.canvas, _INNER, self.room)
            table.drawOn(self.canvas, _MARGIN + place * _INNER / columns, self.y - height)
            lowest = min(lowest, self.y - height)
        self.y = lowest - 2
        if left := len(report.segments) - len(shown):
            self._line(f"and {left} more, in the structured report or the JSON", _SMALL, colour=_PALE)

    def _picture(self, recording: "Recording", report: Report) -> None:
        from PIL import Image
        from reportlab.lib.utils import ImageReader

        from resp.report.spectrogram_picture import draw_spectrogram

        height = _PICTURE - 10
        picture = draw_spectrogram(recording, report, size_inches=(_INNER / 72 * 1.4, height / 72 * 1.4), dpi=110)
        self.y -= height + 4
        self.canvas.drawImage(ImageReader(Image.fromarray(picture)), _MARGIN, self.y, _INNER, height)
        self.y -= 4

    def _foot(self, report: Report) -> None:
        self.y = _MARGIN + _FOOT - 8
        self._rule()
        if report.model:
            model = report.model
            self._paragraph(f"Model {model.name}, version {model.version}, SHA-256 {model.sha256}", most=2, size=_SMALL)
        if report.recording.sha256:
            self._paragraph(f"Recording SHA-256 {report.recording.sha256}", most=1, size=_SMALL)
        self.y -= 22
        self._line("Name: ______________________    Date: ______________    Signature: ______________________", _NORMAL)
        self.y -= 6
        self._paragraph(report.disclaimer, most=2, colour=_PALE, size=_SMALL)

    def _pairs(self, pairs: Mapping[str, str], columns: int = 2) -> None:
        """Write "name: value" lines in columns, those with a value."""
        told = [
            f"<font color='{_PALE}'>{_clean(name)}:</font> {_clean(value)}" for name, value in pairs.items() if value
        ]
        width = _INNER / columns
        for first in range(0, len(told), columns):
            made = [self._made(words, width - 6, most=2) for words in told[first : first + columns]]
            height = max(tall for _, tall in made)
            for place, (paragraph, tall) in enumerate(made):
                paragraph.drawOn(self.canvas, _MARGIN + place * width, self.y - tall)
            self.y -= height + 1
        self.y -= 3

    def _paragraph(self, words: str, *, most: int, colour: str = _INK, size: float = _NORMAL) -> None:
        if words:
            paragraph, tall = self._made(_clean(words), _INNER, most=most, colour=colour, size=size)
            paragraph.drawOn(self.canvas, _MARGIN, self.y - tall)
            self.y -= tall + 3

    def _made(
        self, markup: str, width: float, *, most: int, colour: str = _INK, size: float = _NORMAL
    ) -> tuple[Any, float]:
        """Return a paragraph of at most so many lines, and its height; what is longer ends in dots."""
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        # A path without blanks must break somewhere.
        style = ParagraphStyle(
            "resp", fontName=_FONT, fontSize=size, leading=size * 1.25, textColor=colour, splitLongWords=1
        )
        paragraph = Paragraph(markup, style)
        _, tall = paragraph.wrapOn(self.canvas, width, 10_000)
        if tall > most * style.leading + 0.1:
            parts = paragraph.split(width, most * style.leading + 0.1)
            paragraph = parts[0] if parts else Paragraph("…", style)
            _, tall = paragraph.wrapOn(self.canvas, width, 10_000)
            self.canvas.setFont(_FONT, size)
        return paragraph, tall

    def _heading(self, words: str) -> None:
        self.y -= 3
        self._line(words, _NORMAL + 1.5, bold=True)

    def _line(self, words: str, size: float, *, bold: bool = False, colour: str = _INK) -> None:
        from reportlab.lib import colors

        self.y -= size
        self.canvas.setFont(_BOLD if bold else _FONT, size)
        self.canvas.setFillColor(colors.HexColor(colour))
        self.canvas.drawString(_MARGIN, self.y, _plain(words)[:110])
        self.y -= size * 0.4

    def _rule(self) -> None:
        self.canvas.setLineWidth(0.5)
        self.canvas.line(_MARGIN, self.y, _MARGIN + _INNER, self.y)
        self.y -= 5


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
        _plain(segment.label or "abstained")[:18],
        f"{likeliest:.2f}",
        _plain(segment.abstained or ", ".join(segment.prediction_set))[:70],
    ]


def _plain(words: str) -> str:
    """Return words without what cannot be printed; control characters in a file name must not reach the page."""
    return "".join(sign if sign.isprintable() else "?" for sign in words)


def _clean(words: str) -> str:
    return escape(_plain(words))
