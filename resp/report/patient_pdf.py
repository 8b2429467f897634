"""A patient's visit on one page: what was heard where, how sure that is, what changed, who signs."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from io import BytesIO
from typing import TYPE_CHECKING, Any

from resp.report.chest_drawing import Mark, draw_chest
from resp.report.chest_map import site_name
from resp.report.cycle_drawing import SLOPE_DB
from resp.report.heard import NORMAL as NORMAL_CLASS
from resp.report.heard import HeardRecording
from resp.report.patient_summary import PatientSummary, SiteFinding
from resp.report.patient_words import (
    change_sentences,
    finding_sentences,
    in_order,
    notes_by_place,
    quality_sentence,
    remarks_by_place,
    sign,
    standing_words,
    state_sign,
)
from resp.report.places_table import FEW_SITES, draw_places
from resp.report.sheet import (
    ALARM,
    BOLD,
    FONT,
    INK,
    INNER,
    MARGIN,
    NORMAL,
    PALE,
    SMALL,
    WIDTH,
    Sheet,
    clean,
    open_canvas,
    plain,
)
from resp.words import Words, words

if TYPE_CHECKING:
    from resp.audio import Recording

Sounds = Callable[[HeardRecording], "Recording | None"]

# A spot's fill and rim, by finding: light enough for black letters, and told apart by colour-blind eyes.
_TONES = {
    "normal": ("#ffffff", "#7d8c91"),
    "crackle": ("#f7d58e", "#d98e04"),
    "wheeze": ("#b5dcf4", "#2b8fd0"),
    "both": ("#e6c3da", "#b9609a"),
}
_OTHER, _NOTHING = ("#b4e3d5", "#109d78"), ("#ffffff", "#7d8c91")
_CHEST, _GAP = 132.0, 14.0
# The picture is as high as a table of so many places leaves room for.
_CYCLE = {4: 160.0, FEW_SITES: 124.0}
_LOW_CYCLE = 92.0
_FOOT = 74.0
# Lines for models; a visit seldom has two.
_MODELS = 2
# Letters of a patient's key that stand beside the title.
_KEY = 46
# What a heading and a line of comments or notes take.
_LINES_BELOW = 30.0
# Of one comment or note.
_LINES = 4
_SIDE = 8.0


def patient_pdf(
    summary: PatientSummary,
    *,
    sounds: Sounds | None = None,
    language: Words | None = None,
    made_at: datetime | None = None,
    clinic: str = "",
    zone: tzinfo = UTC,
) -> bytes:
    """Return a patient's visit as a PDF of one page; the same things give the same bytes.

    Parameters
    ----------
    summary
        Of `summarise_patient`.
    sounds
        Gives the sound of a recording, for the picture of the telling cycle; None where it is not at hand.
    language
        In which it is written; English where None.
    made_at
        When, as printed; left out where None.
    clinic
        Its name, as printed; may be empty.
    zone
        By whose clock times are printed.

    Raises
    ------
    ReportError
        reportlab is not installed.
    """
    said = language or words()
    stream = BytesIO()
    canvas = open_canvas(stream, said.text("report.title"), language=said.language)
    _Page(canvas, summary, said, zone).draw(sounds, made_at, clinic)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


class _Page(Sheet):
    """The page, from its head to its foot."""

    def __init__(self, canvas: Any, summary: PatientSummary, said: Words, zone: tzinfo) -> None:
        super().__init__(canvas)
        self.summary = summary
        self.words = said
        self.zone = zone

    @property
    def room(self) -> float:
        """Height that is left above the foot."""
        return self.y - MARGIN - _FOOT

    def draw(self, sounds: Sounds | None, made_at: datetime | None, clinic: str) -> None:
        self._head(made_at, clinic)
        self._chest_and_summary()
        self._cycle(sounds)
        # The table before all else: what it leaves is for comments, then for notes.
        remarks, notes = self._remarks(), self._notes()
        kept = _LINES_BELOW * (bool(remarks) + bool(notes))
        draw_places(self, self.summary, self.words, self.room - kept)
        self._lines(self.words.text("report.comments"), remarks, _LINES_BELOW if notes else 0.0)
        self._lines(self.words.text("report.notes"), notes, 0.0)
        self._foot()

    def _head(self, made_at: datetime | None, clinic: str) -> None:
        from reportlab.lib.colors import HexColor

        said, visit, canvas = self.words, self.summary.visit, self.canvas
        top = self.y
        self.line(said.text("report.title"), 17.0, bold=True)
        colour = INK if self.summary.signed else ALARM
        standing = standing_words(self.summary, said, self.zone)
        self.paragraph(standing, most=2, colour=colour, size=_SIDE, width=INNER * 0.62)
        left_y = self.y
        key = plain(self.summary.patient_key or said.text("report.no_key"))
        right = MARGIN + INNER
        canvas.setFillColor(HexColor(PALE))
        canvas.setFont(FONT, SMALL)
        canvas.drawRightString(right, top - 7, said.text("report.patient"))
        canvas.setFillColor(HexColor(INK))
        size = 15.0
        while size > 7 and canvas.stringWidth(key, BOLD, size) > INNER * 0.36:
            size -= 0.5
        canvas.setFont(BOLD, size)
        canvas.drawRightString(right, top - 24, key if len(key) <= _KEY or size > 7 else f"{key[: _KEY - 1]}…")
        self.y = min(left_y, top - 30)
        recordings = visit.recordings if visit else ()
        told = {
            said.text("report.visit"): said.day(visit.day) if visit else "",
            said.text("report.held"): "{}, {}".format(
                said.text("report.recordings", count=len(recordings)),
                said.text("report.places", count=len(visit.sites) if visit else 0),
            ),
            said.text("report.clinic"): clinic,
            said.text("report.made"): said.moment(made_at.astimezone(self.zone)) if made_at else "",
        }
        markup = "&#160;&#160;&#160;&#160;".join(
            f"<font color='{PALE}'>{clean(name)}</font>&#160;{clean(value)}" for name, value in told.items() if value
        )
        self.paragraph("", most=2, size=_SIDE, lead=markup)
        self.rule()

    def _chest_and_summary(self) -> None:
        from reportlab.lib.colors import HexColor

        said = self.words
        top = self.y - 2
        marks = {
            one.site: self._mark(one) for one in (self.summary.visit.sites if self.summary.visit else ()) if one.site
        }
        for place, view in enumerate(("front", "back")):
            x = MARGIN + place * (_CHEST + _GAP)
            draw_chest(self.canvas, view, marks, said, x=x, y=top - _CHEST - 10, size=_CHEST)  # type: ignore[arg-type]
            self.canvas.setFillColor(HexColor(INK))
            self.canvas.setFont(BOLD, SMALL)
            self.canvas.drawCentredString(x + _CHEST / 2, top - 7, said.text(f"chest.{view}"))
        low = top - _CHEST - 16
        wide = 2 * _CHEST + _GAP
        self.y = low
        for view in ("front", "back"):
            self.paragraph(said.text(f"chest.seen_{view}"), most=1, size=6.5, colour=PALE, width=wide)
        self._legend(wide)
        maps_end = self.y
        # Beside the maps: quality before result.
        x = MARGIN + wide + 16
        width = MARGIN + INNER - x
        self.y = top + 3
        self._title(said.text("report.summary"), x)
        self.paragraph(quality_sentence(self.summary, said), most=4, x=x, width=width, colour=PALE, size=_SIDE)
        for sentence in finding_sentences(self.summary, said):
            self.paragraph(sentence, most=5, x=x, width=width, size=_SIDE)
        # Where more room is left.
        summary_end = self.y
        if maps_end > summary_end + 12:
            x, width, self.y, other_end = MARGIN, wide, maps_end - 2, summary_end
        else:
            self.y, other_end = summary_end - 2, maps_end
        self._since(x, width)
        self.y = min(self.y, other_end) - 2

    def _since(self, x: float, width: float) -> None:
        said, before = self.words, self.summary.before
        if before:
            self._title(said.text("report.since.title", day=said.day(before.day)), x)
            told = " ".join(change_sentences(self.summary, said))
            self.paragraph(told, most=9, x=x, width=width, size=_SIDE)
        elif self.summary.visit:
            self.paragraph(said.text("report.since.none"), most=1, x=x, width=width, colour=PALE, size=_SIDE)

    def _title(self, told: str, x: float) -> None:
        """Write a small heading at ``x``."""
        from reportlab.lib.colors import HexColor

        self.y -= NORMAL + 1
        self.canvas.setFillColor(HexColor(INK))
        self.canvas.setFont(BOLD, NORMAL)
        self.canvas.drawString(x, self.y, plain(told))
        self.y -= 4

    def _mark(self, one: SiteFinding) -> Mark:
        found = one.state == "found"
        fill, line = _TONES.get(str(one.telling.label), _OTHER) if one.state in ("found", "normal") else _NOTHING
        return Mark(
            state_sign(one.telling, self.words),
            fill,
            line,
            dashed=not found and one.state != "normal",
            star=one.telling.corrected,
        )

    def _legend(self, width: float) -> None:
        """Tell the signs that occur on this page."""
        said = self.words
        recordings = self.summary.visit.recordings if self.summary.visit else ()
        earlier = self.summary.before.recordings if self.summary.before else ()
        labels: set[str | None] = {cycle.label for one in recordings for cycle in one.cycles}
        labels |= {one.label for one in (*recordings, *earlier)}
        told = {sign(label, said): said.finding(label, inline=True) for label in in_order(labels)}
        told |= {
            state_sign(one, said): said.finding(one.state, inline=True)
            for one in (*recordings, *earlier)
            if one.state in ("failed", "waiting")
        }
        markup = " &#160; ".join(
            f"<font name='{BOLD}'>{clean(letters)}</font>&#160;{clean(name)}" for letters, name in told.items()
        )
        self.paragraph("", most=2, size=6.5, width=width, lead=markup)

    def _cycle(self, sounds: Sounds | None) -> None:
        telling = self.summary.telling
        if telling is None:
            return
        from resp.report.cycle_drawing import draw_cycle

        said, cycle = self.words, telling.cycle
        known = {
            "where": site_name(telling.recording.site, said),
            "start": said.number(cycle.start_s, 1),
            "end": said.number(cycle.end_s, 1),
        }
        if cycle.label not in (None, NORMAL_CLASS):
            known["finding"] = said.finding(cycle.label, inline=True)
            kind = "single" if not telling.found else "corrected" if cycle.corrected else "found"
            self._title(said.text(f"report.cycle.{kind}", **known), MARGIN)
        else:
            self._title(said.text("report.cycle.nearest", **known), MARGIN)
        self.y += 1
        if cycle.segment is None:
            self.paragraph(said.text("report.cycle.drawn"), most=1, size=SMALL, colour=PALE)
        else:
            each = ", ".join(
                f"{said.finding(name, inline=True)} {said.percent(value)}"
                for name, value in cycle.segment.probabilities.items()
            )
            told = said.text("report.cycle.model", probabilities=each)
            self.paragraph(told, most=1, size=SMALL, colour=PALE)
        recording = sounds(telling.recording) if sounds else None
        if recording is None:
            self.paragraph(said.text("report.cycle.no_sound"), most=1, size=SMALL, colour=PALE)
            return
        sites = len(self.summary.visit.sites) if self.summary.visit else 0
        height = next((tall for most, tall in _CYCLE.items() if sites <= most), _LOW_CYCLE)
        self.y -= height
        draw_cycle(
            self.canvas, recording, telling.recording, cycle, said, x=MARGIN, y=self.y, width=INNER, height=height
        )
        self.y -= 5

    def _notes(self) -> list[str]:
        said = self.words
        everywhere = said.text("report.everywhere")
        return [f"{where or everywhere}: {what}" for where, what in notes_by_place(self.summary, said)]

    def _remarks(self) -> list[str]:
        said = self.words
        return [
            "{}: {}".format(
                site_name(site, said),
                said.text(
                    "report.remark", text=remark.text, who=remark.by, when=said.moment(remark.at.astimezone(self.zone))
                ),
            )
            for site, remark in remarks_by_place(self.summary)
        ]

    def _lines(self, title: str, lines: Sequence[str], below: float) -> None:
        """Write lines under a title while there is room, and how many are left; ``below`` is kept free."""
        if not lines:
            return
        size = 7.0
        _, first = self.made(lines[0], INNER, most=_LINES, size=size)
        # The title, a line, and how many more there are.
        if self.room - below < NORMAL + 4 + first + 3 + (11 if len(lines) > 1 else 0):
            told = self.words.text("report.more_lines_of", title=title, count=len(lines))
            self.paragraph(told, most=1, size=size, colour=ALARM)
            return
        self._title(title, MARGIN)
        self.y += 2
        for place, told in enumerate(lines):
            _, tall = self.made(told, INNER, most=_LINES, size=size)
            left = len(lines) - place
            if self.room - below < tall + (11 if left > 1 else 0):
                self.paragraph(self.words.text("report.more_lines", count=left), most=1, size=size, colour=ALARM)
                return
            self.paragraph(told, most=_LINES, size=size)
            self.y += 1.5

    def _foot(self) -> None:
        from reportlab.lib.colors import HexColor

        said = self.words
        self.y = MARGIN + _FOOT - 6
        self.rule()
        self.y += 2
        models = self.summary.models
        told = [
            said.text("report.models", name=model.name, version=model.version, sha256=model.sha256) for model in models
        ]
        if len(told) > _MODELS:
            told = [*told[: _MODELS - 1], said.text("report.more_lines", count=len(told) - _MODELS + 1)]
        for line in told:
            self.paragraph(line, most=1, size=6.5, colour=PALE)
            self.y += 2
        self.paragraph(said.text("report.how_to_read", slope=said.number(SLOPE_DB)), most=3, size=6.5, colour=PALE)
        canvas = self.canvas
        base = MARGIN + 9
        canvas.setStrokeColor(HexColor(INK))
        canvas.setLineWidth(0.5)
        for first, wide, name in ((0.0, 0.36, "name"), (0.39, 0.18, "date"), (0.60, 0.40, "signature")):
            canvas.line(MARGIN + first * INNER, base, MARGIN + (first + wide) * INNER, base)
            canvas.setFont(FONT, 6.5)
            canvas.setFillColor(HexColor(PALE))
            canvas.drawString(MARGIN + first * INNER, base - 8, said.text(f"report.signature.{name}"))
        canvas.setFont(BOLD, SMALL)
        canvas.setFillColor(HexColor(INK))
        canvas.drawCentredString(WIDTH / 2, MARGIN - 14, said.text("report.disclaimer"))
