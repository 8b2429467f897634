"""A sheet of paper: lines, paragraphs and pairs from the top down, in fonts that travel with the file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from resp.report.errors import ReportError

# A4, in points of 1/72 inch.
WIDTH, HEIGHT = 595.28, 841.89
MARGIN = 45.0
INNER = WIDTH - 2 * MARGIN
SMALL, NORMAL, LARGE = 7.5, 9.0, 16.0
FONT, BOLD = "RespSans", "RespSansBold"
INK, PALE, ALARM = "#1a1a1a", "#5a5a5a", "#8a3b00"


def open_canvas(stream: Any, title: str, *, language: str = "en") -> Any:
    """Return an empty reportlab canvas of A4; the same drawing gives the same bytes.

    Parameters
    ----------
    stream
        Where ``save`` writes the PDF; it stays open.
    title
        Of the document.
    language
        That it is read aloud in.

    Raises
    ------
    ReportError
        reportlab is not installed.
    """
    try:
        from reportlab.pdfgen.canvas import Canvas
    except ImportError as error:
        raise ReportError("a PDF needs reportlab; install it with: pip install reportlab") from error
    _register_fonts()
    # Invariant: no clock and no random identifiers in the file.
    canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT), invariant=1, lang=language, pageCompression=1)
    canvas.setTitle(title)
    canvas.setAuthor("resp")
    return canvas


def _register_fonts() -> None:
    """Take the fonts that come with matplotlib, which hold Latin, Greek and Cyrillic letters."""
    from matplotlib import get_data_path
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    if FONT not in pdfmetrics.getRegisteredFontNames():
        folder = Path(get_data_path()) / "fonts" / "ttf"
        pdfmetrics.registerFont(TTFont(FONT, str(folder / "DejaVuSans.ttf")))
        pdfmetrics.registerFont(TTFont(BOLD, str(folder / "DejaVuSans-Bold.ttf")))


class Sheet:
    """One page, filled from the top.

    Parameters
    ----------
    canvas
        From `open_canvas`.

    Attributes
    ----------
    y
        Where the next thing begins, in points from the foot.
    """

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self.y = HEIGHT - MARGIN

    def pairs(self, pairs: Mapping[str, str], columns: int = 2) -> None:
        """Write "name: value" lines in columns, those with a value."""
        told = [(name, value) for name, value in pairs.items() if value]
        width = INNER / columns
        for first in range(0, len(told), columns):
            made = [
                self.made(value, width - 6, most=2, lead=f"<font color='{PALE}'>{clean(name)}:</font> ")
                for name, value in told[first : first + columns]
            ]
            height = max(tall for _, tall in made)
            for place, (paragraph, tall) in enumerate(made):
                paragraph.drawOn(self.canvas, MARGIN + place * width, self.y - tall)
            self.y -= height + 1
        self.y -= 3

    def paragraph(
        self,
        words: str,
        *,
        most: int,
        colour: str = INK,
        size: float = NORMAL,
        x: float = MARGIN,
        width: float = INNER,
        lead: str = "",
    ) -> None:
        """Write words in at most so many lines, from ``x`` on; nothing where there are none."""
        if words or lead:
            paragraph, tall = self.made(words, width, most=most, colour=colour, size=size, lead=lead)
            paragraph.drawOn(self.canvas, x, self.y - tall)
            self.y -= tall + 3

    def made(
        self, words: str, width: float, *, most: int, colour: str = INK, size: float = NORMAL, lead: str = ""
    ) -> tuple[Any, float]:
        """Return a paragraph of at most so many lines, and its height; what is longer ends in dots.

        Parameters
        ----------
        words
            As they are, no markup.
        width
            In points.
        most
            Lines.
        colour, size
            Of the letters.
        lead
            Markup before the words, never cut.
        """
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        # A path without blanks must break somewhere.
        style = ParagraphStyle(
            "resp", fontName=FONT, fontSize=size, leading=size * 1.25, textColor=colour, splitLongWords=1
        )

        def wrapped(part: str) -> tuple[Any, float]:
            paragraph = Paragraph(lead + clean(part), style)
            return paragraph, paragraph.wrapOn(self.canvas, width, 10_000)[1]

        limit = most * style.leading + 0.1
        paragraph, tall = wrapped(words)
        if tall <= limit:
            return paragraph, tall
        # More letters than this stand on no line.
        fits, too_many = 0, min(len(words), int(most * width / (size * 0.2)) + 1)
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            if wrapped(f"{words[:middle].rstrip()} …")[1] <= limit:
                fits = middle
            else:
                too_many = middle
        return wrapped(f"{words[:fits].rstrip()} …")

    def heading(self, words: str) -> None:
        """Write a heading."""
        self.y -= 3
        self.line(words, NORMAL + 1.5, bold=True)

    def line(self, words: str, size: float, *, bold: bool = False, colour: str = INK) -> None:
        """Write one line."""
        from reportlab.lib import colors

        self.y -= size
        self.canvas.setFont(BOLD if bold else FONT, size)
        self.canvas.setFillColor(colors.HexColor(colour))
        self.canvas.drawString(MARGIN, self.y, plain(words)[:110])
        self.y -= size * 0.4

    def rule(self) -> None:
        """Draw a line across."""
        self.canvas.setLineWidth(0.5)
        self.canvas.line(MARGIN, self.y, MARGIN + INNER, self.y)
        self.y -= 5


def plain(words: str) -> str:
    """Return words without what cannot be printed; control characters in a file name must not reach the page."""
    return "".join(sign if sign.isprintable() else "?" for sign in words)


def clean(words: str) -> str:
    """Return words that markup leaves as they are."""
    return escape(plain(words))
