"""The places of a visit as a table on paper: finding, doubt, probability, cycles, quality, breathing, last visit."""

from collections.abc import Sequence
from typing import Any

from resp.report.chest_map import site_name
from resp.report.patient_summary import PatientSummary, SiteFinding
from resp.report.patient_words import cycle_signs, doubt_words, finding_words, quality_of, state_sign
from resp.report.sheet import ALARM, BOLD, FONT, INK, INNER, MARGIN, PALE, SMALL, Sheet, clean
from resp.words import Words

FEW_SITES = 8
"""With more places each has one or two lines."""
# Lines that name the places without a row.
_MOST_LEFT, _SMALL = 5, 7.0
# Which places keep their row where a table has no room for all.
_LEAVE_LAST = ("found", "abstained", "unusable", "failed", "waiting", "normal")


def draw_places(sheet: Sheet, summary: PatientSummary, said: Words, room: float) -> None:
    """Draw as many places as there is room for; the others are named beneath.

    Parameters
    ----------
    sheet
        Drawn on at its ``y``, which is moved below the table.
    summary
        Whose visit is drawn.
    said
        The language.
    room
        Height that the table may take, in points.
    """
    from reportlab.lib import colors
    from reportlab.platypus import Table, TableStyle

    sites = summary.visit.sites if summary.visit else ()
    if not sites:
        return
    names = ("place", "finding", "abnormal", "cycles", "quality", "breaths", "before")
    head = [_cell(said.text(f"report.column.{name}"), bold=True) for name in names]
    crowded = len(sites) > FEW_SITES
    rows = {one.site: _row(one, summary, said, most=58 if crowded else 110) for one in sites}
    widths = [88.0, 176.0, 44.0, 82.0, 46.0, 36.0]
    widths.append(INNER - sum(widths))
    style = TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 0.6, colors.HexColor(INK)),
            ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.HexColor("#c9c9c9")),
            ("TOPPADDING", (0, 0), (-1, -1), 1.2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
            ("LEFTPADDING", (0, 0), (-1, -1), 1),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ]
    )
    # What says least goes first where not all have room, and nothing goes unsaid.
    leaving = sorted(sites, key=lambda one: _LEAVE_LAST.index(one.state))
    while True:
        table = Table([head, *rows.values()], colWidths=widths, style=style)
        _, height = table.wrapOn(sheet.canvas, INNER, 10_000)
        told = _left_out([one for one in sites if one.site not in rows], said)
        _, more = sheet.made(told, INNER, most=_MOST_LEFT, size=_SMALL)
        if len(rows) <= 1 or height + (more + 6 if told else 0) <= room:
            break
        del rows[leaving.pop().site]
    table.drawOn(sheet.canvas, MARGIN, sheet.y - height)
    sheet.y -= height + 3
    sheet.paragraph(told, most=_MOST_LEFT, size=_SMALL, colour=ALARM)


def _left_out(sites: Sequence[SiteFinding], said: Words) -> str:
    """Return which places have no row, each with its sign; empty where all have one."""
    if not sites:
        return ""
    told = ", ".join(f"{site_name(one.site, said)} ({state_sign(one.telling, said)})" for one in sites)
    return said.text("report.more_rows", count=len(sites), places=told)


def _row(one: SiteFinding, summary: PatientSummary, said: Words, *, most: int) -> list[Any]:
    """Return the cells of a place; ``most`` letters of each thing beside its finding."""
    telling = one.telling
    judged = telling.report.summary if telling.report else None
    before = summary.before.of(one.site) if summary.before else None
    no = said.text("report.no_number")
    letters = state_sign(telling, said)
    beside = "".join(
        f"&#160; <font size='6.3' color='{PALE}'>{clean(_cut(part, most))}</font>" for part in doubt_words(one, said)
    )
    finding = f"<font name='{BOLD}'>{clean(letters)}</font>&#160; {clean(finding_words(telling, said))}{beside}"
    quality = quality_of(telling)
    rate = judged.breaths_per_min if judged else None
    then = state_sign(before.telling, said) + ("*" if before.telling.corrected else "") if before else no
    return [
        _cell(site_name(one.site, said)),
        _cell(finding, markup=True),
        _cell(no if telling.p_abnormal is None else said.percent(telling.p_abnormal)),
        _cell(cycle_signs(telling, said) or no),
        _cell(no if quality == "unknown" else said.text(f"quality.short.{quality}")),
        _cell(no if rate is None else said.number(rate)),
        _cell(then),
    ]


def _cell(told: str, *, bold: bool = False, markup: bool = False, colour: str = INK) -> Any:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    style = ParagraphStyle(
        "cell",
        fontName=BOLD if bold else FONT,
        fontSize=6.5 if bold else SMALL,
        leading=SMALL * 1.2,
        textColor=colour,
        splitLongWords=1,
    )
    return Paragraph(told if markup else clean(told), style)


def _cut(told: str, most: int) -> str:
    return told if len(told) <= most else f"{told[: most - 2].rstrip()} …"
