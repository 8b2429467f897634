"""The chest as a drawing, front and back: where each recording was made and what was found there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape

from resp.report.chest_map import DRAWING, SITES, VIEWS, ChestSite, View, site_name, svg_path
from resp_page.language import spoken
from resp_page.words import Finding

_UNITS = 100.0
_HIT = 6.0


@dataclass(frozen=True, slots=True)
class Mark:
    """What the map shows at a place: a finding's letter and colour, and in words what is there."""

    finding: Finding
    told: str


def place_words(code: str | None) -> str:
    """Return the name of a place; a code that this version does not know stays as it is."""
    return site_name(code, spoken()) if code is None or code in SITES else code


def chest_map(marks: Mapping[str, Mark], *, offered: Collection[str] = (), chosen: str | None = None) -> str:
    """Return the two drawings of the chest as markup for `choose_in`.

    Parameters
    ----------
    marks
        What is shown at which place; each can be chosen.
    offered
        Codes of the places that can be chosen though nothing is there.
    chosen
        The place that is chosen now.
    """
    codes = [code for code in SITES if code in marks or code in offered]
    first = chosen if chosen in codes else next(iter(codes), None)
    views = "".join(_view(view, codes, marks, chosen, first) for view in VIEWS)
    return f'<div class="resp-chest" data-map="chest">{views}</div>'


def _view(view: View, codes: list[str], marks: Mapping[str, Mark], chosen: str | None, first: str | None) -> str:
    words = spoken()
    strokes = "".join(f'<path class="{stroke.part}" d="{svg_path(stroke, _UNITS)}"/>' for stroke in DRAWING[view])
    # Whole sides lie beneath the points on them.
    here = sorted((SITES[code] for code in codes if SITES[code].view == view), key=lambda site: not site.is_area)
    places = "".join(_place(site, marks.get(site.code), site.code == chosen, site.code == first) for site in here)
    left, right = (words.text(f"chest.mark.{side}") for side in ("left", "right"))
    sides = (right, left) if view == "front" else (left, right)
    name, seen = words.text(f"chest.{view}"), words.text(f"chest.seen_{view}")
    return (
        f'<figure><svg viewBox="4 0 92 100" role="group" aria-label="{escape(name)}">'
        f'<g aria-hidden="true">{strokes}<text class="side" x="9" y="12">{escape(sides[0])}</text>'
        f'<text class="side" x="91" y="12">{escape(sides[1])}</text></g>{places}</svg>'
        f'<figcaption title="{escape(seen)}">{escape(name)}</figcaption></figure>'
    )


def _place(site: ChestSite, mark: Mark | None, chosen: bool, first: bool) -> str:
    name = place_words(site.code)
    told = f"{name}: {mark.told}" if mark else name
    style = f"finding-{mark.finding.style}" if mark else "free"
    x, y = site.x * _UNITS, site.y * _UNITS
    shape = f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{site.radius_x * _UNITS:.1f}" ry="{site.radius_y * _UNITS:.1f}"/>'
    # A finger is broader than a point.
    hit = "" if site.is_area else f'<circle class="hit" cx="{x:.1f}" cy="{y:.1f}" r="{_HIT}"/>'
    letter = f'<text x="{x:.1f}" y="{y:.1f}">{escape(mark.finding.letter)}</text>' if mark else ""
    area = " area" if site.is_area else ""
    return (
        f'<g class="place {style}{area}" role="button" tabindex="{0 if first else -1}" data-choose="{site.code}" '
        f'aria-pressed="{str(chosen).lower()}" aria-label="{escape(told)}"><title>{escape(told)}</title>'
        f"{hit}{shape}{letter}</g>"
    )
