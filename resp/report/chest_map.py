"""Places on the chest: their codes, their names in words, and where they lie on a drawing of its front and back.

==============  =====================================================================================
code            place
==============  =====================================================================================
``Tc``          trachea
``Al`` ``Ar``   anterior (front), left and right: the codes of ICBHI 2017, which know no height
``Pl`` ``Pr``   posterior (back)
``Ll`` ``Lr``   lateral (side of the chest, below the armpit)
``AlU`` …       the same with a height: ``U`` upper, ``M`` middle, ``L`` lower, as in KAUH
==============  =====================================================================================

Left and right are the patient's own. A drawing is a unit square: x from 0 at the viewer's left to 1, y from 0 at the
top to 1, for the front (the patient's left is at the viewer's right) and for the back (it is at the viewer's left).
"""

import re
from dataclasses import dataclass
from typing import Literal

from resp.audio.naming import ICBHI_SITES, describe_file_name
from resp.report.errors import ReportError
from resp.words import Words

View = Literal["front", "back"]
Face = Literal["trachea", "anterior", "posterior", "lateral"]
Side = Literal["left", "right"]
Level = Literal["upper", "middle", "lower"]

VIEWS: tuple[View, ...] = ("front", "back")


@dataclass(frozen=True, slots=True)
class ChestSite:
    """One place.

    Parameters
    ----------
    code
        As in the table above; kept with a recording.
    face, side, level
        In parts; None where there is none or it was not said.
    view
        On which drawing it lies.
    x, y
        Its middle, in the unit square of the drawing.
    radius_x, radius_y
        Half its width and height there: a small circle for a point, a long oval for a side without a height.
    """

    code: str
    face: Face
    side: Side | None
    level: Level | None
    view: View
    x: float
    y: float
    radius_x: float
    radius_y: float

    @property
    def body_site(self) -> str:
        """The place in the words of `Recording.body_site`, such as ``posterior left upper``; DICOM codes know them."""
        return " ".join(part for part in (self.face, self.side, self.level) if part)

    @property
    def is_area(self) -> bool:
        """Whether it is a whole side of the front or back, as its height was not said."""
        return self.side is not None and self.level is None

    def name(self, words: Words) -> str:
        """Return its name for people, such as ``Back left, upper``."""
        if self.side is None:
            return words.text("site.trachea")
        parts = {"face": words.text(f"site.face.{self.face}"), "side": words.text(f"site.side.{self.side}")}
        if self.level is None:
            return words.text("site.full", **parts)
        return words.text("site.full_level", **parts, level=words.text(f"site.level.{self.level}"))


_POINT = 0.04
_LETTERS: dict[Face, str] = {"anterior": "A", "posterior": "P", "lateral": "L"}
_LEVELS: tuple[Level, ...] = ("upper", "middle", "lower")
# Away from the middle line, and from the top: points from the upper to the lower one.
_POINTS: dict[Face, tuple[tuple[float, float], ...]] = {
    "anterior": ((0.115, 0.305), (0.130, 0.450), (0.140, 0.590)),
    "posterior": ((0.105, 0.245), (0.098, 0.440), (0.135, 0.640)),
    "lateral": ((0.250, 0.510), (0.250, 0.640), (0.243, 0.765)),
}


def _made() -> dict[str, ChestSite]:
    made = {"Tc": ChestSite("Tc", "trachea", None, None, "front", 0.5, 0.118, _POINT, _POINT)}
    sides: tuple[Side, ...] = ("right", "left")
    for face, points in _POINTS.items():
        view: View = "back" if face == "posterior" else "front"
        (first_x, first_y), _, (last_x, last_y) = points
        middle = ((first_x + last_x) / 2, (first_y + last_y) / 2)
        around = (_POINT + 0.024 + abs(first_x - last_x) / 2, _POINT + 0.024 + (last_y - first_y) / 2)
        shapes = ((None, middle, around), *zip(_LEVELS, points, [(_POINT, _POINT)] * 3, strict=True))
        # Right beside left, height by height.
        for level, (x, y), radii in shapes:
            for side in sides:
                way = 1 if (side == "left") == (view == "front") else -1
                code = _LETTERS[face] + side[0] + (level[0].upper() if level else "")
                made[code] = ChestSite(code, face, side, level, view, 0.5 + way * x, y, *radii)
    return made


SITES: dict[str, ChestSite] = _made()
"""Code → place: the trachea, then front, back and sides, each from the top down and right beside left."""

ROUNDS: dict[str, tuple[str, ...]] = {
    "icbhi": tuple(ICBHI_SITES),
    "6": ("ArU", "AlU", "LrM", "LlM", "PrL", "PlL"),
    "12": ("ArU", "AlU", "ArM", "AlM", "LrL", "LlL", "PrU", "PlU", "PrM", "PlM", "PrL", "PlL"),
}
"""Usual rounds over a chest, right against left at the same height."""


def chest_site(code: str) -> ChestSite:
    """Return the place of a code.

    Raises
    ------
    ReportError
        No such code.
    """
    if code not in SITES:
        raise ReportError(f"no place {code!r} on the chest; expected one of {', '.join(SITES)}")
    return SITES[code]


def site_name(code: str | None, words: Words) -> str:
    """Return the name of a place in a language; that it is not known where None."""
    return words.text("site.unknown") if code is None else chest_site(code).name(words)


_WORDS: dict[str, str] = {
    **dict.fromkeys(("anterior", "front", "vorn", "vorne", "ventral"), "anterior"),
    **dict.fromkeys(("posterior", "back", "hinten", "dorsal", "rücken", "ruecken"), "posterior"),
    **dict.fromkeys(("lateral", "axillary", "axilla", "axillar", "seitlich", "flank", "flanke"), "lateral"),
    **dict.fromkeys(("left", "links", "linke", "linker", "sinister"), "left"),
    **dict.fromkeys(("right", "rechts", "rechte", "rechter", "dexter"), "right"),
    **dict.fromkeys(("upper", "top", "apical", "oben", "superior", "ober"), "upper"),
    **dict.fromkeys(("middle", "mid", "mitte", "mittig"), "middle"),
    **dict.fromkeys(("lower", "base", "basal", "bottom", "unten", "inferior", "unter"), "lower"),
    **dict.fromkeys(("trachea", "tracheal", "luftröhre", "luftroehre", "neck"), "trachea"),
}
_FACES, _SIDES = ("anterior", "posterior", "lateral"), ("left", "right")


def guess_site(file_name: str = "", body_site: str | None = None) -> str | None:
    """Guess where a recording was made, from what it says of itself or else from its file name.

    Parameters
    ----------
    file_name
        As in ICBHI (``…_Pl_…``) or KAUH (``…,P L U,…``), or with words or codes in it (``left posterior base.wav``).
    body_site
        Words or a code, as in `Recording.body_site` or a DICOM acquisition context.

    Returns
    -------
    str or None
        A code of `SITES`; None where nothing is said, or where it is said of two sides at once.
    """
    known = body_site or describe_file_name(file_name).body_site
    if known:
        return _of_words(known)
    stem = re.sub(r"\.\w{1,5}$", "", re.split(r"[/\\]", file_name)[-1])
    return _of_words(stem)


def _of_words(text: str) -> str | None:
    parts = re.split(r"[^A-Za-zÄÖÜäöüß]+|(?<=[a-zäöüß])(?=[A-ZÄÖÜ][a-zäöüß])", text)
    meant = {_WORDS[part.lower()] for part in parts if part.lower() in _WORDS}
    if "trachea" in meant:
        return "Tc" if meant <= {"trachea"} else None
    faces, sides, levels = (
        [part for part in known if part in meant] for known in (_FACES, _SIDES, tuple(str(level) for level in _LEVELS))
    )
    if len(faces) == 1 and len(sides) == 1 and len(levels) < 2:
        return _LETTERS[faces[0]] + sides[0][0] + "".join(level[0].upper() for level in levels)  # type: ignore[index]
    # A code between underscores, as it is written (Al is a name too); two different ones say nothing.
    codes = {part for part in re.split(r"[_\-]", text) if part in SITES}
    return codes.pop() if len(codes) == 1 and not meant else None


Point = tuple[float, float]
Step = tuple[Literal["M", "L", "C", "Z"], tuple[Point, ...]]


@dataclass(frozen=True, slots=True)
class Stroke:
    """One line of the drawing.

    Parameters
    ----------
    part
        ``body`` (skin), ``lung`` (closed) or ``bone``.
    steps
        As in SVG: M move, L line, C cubic curve with two control points, Z close; points in the unit square.
    """

    part: Literal["body", "lung", "bone"]
    steps: tuple[Step, ...]


def svg_path(stroke: Stroke, scale: float = 100.0) -> str:
    """Return a stroke as the attribute ``d`` of an SVG path, its unit square so many units wide."""
    told = []
    for sign, points in stroke.steps:
        told.append(sign + " ".join(f"{x * scale:.2f} {y * scale:.2f}" for x, y in points))
    return "".join(told)


def _steps(*flat: str | float) -> tuple[Step, ...]:
    """Read ``"M", x, y, "C", x, y, …``."""
    made: list[tuple[str, list[float]]] = []
    for one in flat:
        if isinstance(one, str):
            made.append((one, []))
        else:
            made[-1][1].append(one)
    return tuple((sign, tuple(zip(at[::2], at[1::2], strict=True))) for sign, at in made)  # type: ignore[misc]


def _mirrored(stroke: Stroke) -> Stroke:
    """Return the stroke of the other side of the middle line."""
    return Stroke(stroke.part, tuple((sign, tuple((1 - x, y) for x, y in points)) for sign, points in stroke.steps))


def _both(*strokes: Stroke) -> tuple[Stroke, ...]:
    return tuple(one for stroke in strokes for one in (stroke, _mirrored(stroke)))


_SKIN = _both(
    # Neck, shoulder and the outside of the arm; then its inside, the armpit and the flank.
    Stroke(
        "body",
        _steps(
            *("M", 0.572, 0.000, "C", 0.567, 0.040, 0.566, 0.063, 0.574, 0.097),
            *("C", 0.590, 0.143, 0.680, 0.147, 0.755, 0.172),
            *("C", 0.845, 0.197, 0.888, 0.258, 0.902, 0.366),
            *("C", 0.916, 0.492, 0.940, 0.595, 0.948, 0.733),
        ),
    ),
    Stroke(
        "body",
        _steps(
            *("M", 0.862, 0.733, "C", 0.856, 0.641, 0.836, 0.538, 0.806, 0.429),
            *("C", 0.815, 0.550, 0.803, 0.676, 0.787, 0.790),
            *("C", 0.776, 0.876, 0.771, 0.939, 0.773, 0.996),
        ),
    ),
)
_FRONT = (
    *_SKIN,
    # The patient's right lung, at the viewer's left; the left one leaves room for the heart.
    Stroke(
        "lung",
        _steps(
            *("M", 0.452, 0.212, "C", 0.425, 0.143, 0.355, 0.189, 0.312, 0.303),
            *("C", 0.272, 0.418, 0.252, 0.573, 0.250, 0.710),
            *("C", 0.300, 0.641, 0.390, 0.624, 0.462, 0.676),
            *("C", 0.470, 0.527, 0.468, 0.343, 0.452, 0.212, "Z"),
        ),
    ),
    Stroke(
        "lung",
        _steps(
            *("M", 0.548, 0.212, "C", 0.575, 0.143, 0.645, 0.189, 0.688, 0.303),
            *("C", 0.728, 0.418, 0.748, 0.573, 0.750, 0.710),
            *("C", 0.715, 0.658, 0.675, 0.641, 0.625, 0.641),
            *("C", 0.640, 0.573, 0.600, 0.504, 0.540, 0.458),
            *("C", 0.535, 0.378, 0.537, 0.286, 0.548, 0.212, "Z"),
        ),
    ),
    *_both(
        # Collar bone, and the edge of the ribs.
        Stroke("bone", _steps("M", 0.522, 0.208, "C", 0.580, 0.197, 0.640, 0.218, 0.760, 0.192)),
        Stroke("bone", _steps("M", 0.512, 0.641, "C", 0.560, 0.687, 0.640, 0.779, 0.715, 0.905)),
    ),
    # Breastbone.
    Stroke(
        "bone",
        _steps(
            *("M", 0.478, 0.218, "C", 0.482, 0.343, 0.480, 0.492, 0.488, 0.618),
            *("L", 0.500, 0.658, "L", 0.512, 0.618, "C", 0.520, 0.492, 0.518, 0.343, 0.522, 0.218),
        ),
    ),
)
_BACK = (
    *_SKIN,
    *_both(
        Stroke(
            "lung",
            _steps(
                *("M", 0.545, 0.189, "C", 0.580, 0.126, 0.650, 0.183, 0.692, 0.309),
                *("C", 0.735, 0.447, 0.752, 0.618, 0.752, 0.790),
                *("C", 0.700, 0.744, 0.620, 0.733, 0.545, 0.750),
                *("C", 0.535, 0.573, 0.535, 0.355, 0.545, 0.189, "Z"),
            ),
        ),
        # Shoulder blade.
        Stroke(
            "bone",
            _steps(
                *("M", 0.655, 0.281, "C", 0.700, 0.258, 0.760, 0.246, 0.800, 0.246),
                *("C", 0.790, 0.343, 0.760, 0.469, 0.700, 0.550),
                *("C", 0.675, 0.538, 0.655, 0.389, 0.655, 0.281, "Z"),
            ),
        ),
    ),
    # Spine, one stroke a vertebra.
    *(Stroke("bone", _steps("M", 0.488, 0.150 + step * 0.05, "L", 0.512, 0.150 + step * 0.05)) for step in range(17)),
)
DRAWING: dict[View, tuple[Stroke, ...]] = {"front": _FRONT, "back": _BACK}
"""The chest, stroke by stroke: skin first, then lungs, then bones."""
