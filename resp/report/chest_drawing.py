"""The chest on paper: its front and back, and a sign at each place that was listened to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resp.report.chest_map import DRAWING, SITES, View
from resp.report.sheet import BOLD, FONT, INK, PALE
from resp.words import Words

_LINES = {"body": ("#4a4a4a", 1.1), "lung": ("#a9bac6", 0.6), "bone": ("#cfcfcf", 0.6)}
_LUNG = "#eef3f6"


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands at a place.

    Parameters
    ----------
    sign
        Letters, which tell it without colour.
    fill, line
        Colours of the spot and of its rim.
    dashed
        Whether the rim is dashed: nothing was found out there.
    star
        Whether a person corrected it.
    """

    sign: str
    fill: str
    line: str
    dashed: bool = False
    star: bool = False


def draw_chest(
    canvas: Any, view: View, marks: Mapping[str, Mark], words: Words, *, x: float, y: float, size: float
) -> None:
    """Draw one view of the chest.

    Parameters
    ----------
    canvas
        Of reportlab.
    view
        Front or back; marks of the other one are left out.
    marks
        Site code → what stands there.
    x, y
        The lower left corner, in points.
    size
        Width and height of the drawing, in points.
    """
    from reportlab.lib.colors import HexColor

    top = y + size
    canvas.saveState()
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    for stroke in DRAWING[view]:
        colour, width = _LINES[stroke.part]
        canvas.setStrokeColor(HexColor(colour))
        canvas.setFillColor(HexColor(_LUNG))
        canvas.setLineWidth(width)
        path = canvas.beginPath()
        for kind, points in stroke.steps:
            at = [value for px, py in points for value in (x + px * size, top - py * size)]
            if kind == "M":
                path.moveTo(*at)
            elif kind == "L":
                path.lineTo(*at)
            elif kind == "C":
                path.curveTo(*at)
            else:
                path.close()
        canvas.drawPath(path, stroke=1, fill=int(stroke.part == "lung"))
    canvas.setFont(FONT, 7.5)
    canvas.setFillColor(HexColor(PALE))
    left_first = view == "back"
    canvas.drawString(
        x + 0.02 * size, y + 0.02 * size, words.text("chest.mark.left" if left_first else "chest.mark.right")
    )
    canvas.drawRightString(
        x + 0.98 * size, y + 0.02 * size, words.text("chest.mark.right" if left_first else "chest.mark.left")
    )
    # Whole sides first: points lie over them.
    order = sorted((code for code in marks if SITES[code].view == view), key=lambda code: not SITES[code].is_area)
    for code in order:
        _draw_mark(canvas, code, marks[code], x, top, size)
    canvas.restoreState()


def _draw_mark(canvas: Any, code: str, mark: Mark, x: float, top: float, size: float) -> None:
    from reportlab.lib.colors import HexColor

    site = SITES[code]
    middle_x, middle_y = x + site.x * size, top - site.y * size
    half_x, half_y = site.radius_x * size, site.radius_y * size
    # Letters need a spot of some size, however small the drawing is.
    spot = max(0.052 * size, 7.5)
    half_x, half_y = max(half_x, spot), max(half_y, spot)
    canvas.setFillColor(HexColor(mark.fill))
    canvas.setStrokeColor(HexColor(mark.line))
    canvas.setLineWidth(1.3)
    canvas.setDash(*((2, 1.6) if mark.dashed else ()))
    canvas.ellipse(middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y, stroke=1, fill=1)
    canvas.setDash()
    letters = mark.sign + ("*" if mark.star else "")
    height = 8.0 if len(letters) < 3 else 6.5
    canvas.setFillColor(HexColor(INK))
    canvas.setFont(BOLD, height)
    canvas.drawCentredString(middle_x, middle_y - height * 0.36, letters)
