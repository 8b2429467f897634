"""The Basic Application Level Confidentiality Profile as data: what becomes of each attribute (PS3.15 Annex E).

``profile.tsv`` is Table E.1-1 of the edition that `EDITION` names, column "Basic Profile", all of its rows. Where the
standard leaves a choice (X/Z, X/D, Z/D …, "unless required to maintain conformance"), the choice here is the last one
that an object stays valid with whatever its class: an attribute is emptied or filled with a dummy rather than removed,
except for sequences, of which no dummy can be made.
"""

from functools import cache
from importlib.resources import files
from typing import Literal

EDITION = "2026c"

Action = Literal["keep", "remove", "empty", "dummy", "uid", "clean"]
"""``clean`` keeps a sequence and applies the profile to its items."""

_VALUES: dict[str, Action] = {
    "X": "remove",
    "Z": "empty",
    "D": "dummy",
    "U": "uid",
    "X/Z": "empty",
    "X/D": "dummy",
    "Z/D": "dummy",
    "X/Z/D": "dummy",
    "X/Z/U": "clean",
}
_SEQUENCES: dict[str, Action] = {**_VALUES, "D": "clean", "X/D": "remove", "Z/D": "empty", "X/Z/D": "empty"}

# Bulk data that make up the object itself; all others of these VRs may hide anything.
_OPAQUE = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_BULK = frozenset(
    {
        0x54000110,  # Channel Minimum Value
        0x54000112,  # Channel Maximum Value
        0x5400100A,  # Waveform Padding Value
        0x54001010,  # Waveform Data
        0x7FE00008,  # Float Pixel Data
        0x7FE00009,  # Double Float Pixel Data
        0x7FE00010,  # Pixel Data
    }
)


@cache
def table() -> dict[str, str]:
    """Return Table E.1-1: the tag in eight hexadecimal digits (``X`` for any digit) → the standard's letters."""
    lines = (files("resp.dicom.anonymise") / "profile.tsv").read_text(encoding="ascii").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith(("#", "tag")))
    return {tag: letters for tag, _, letters in rows}


@cache
def action_for(tag: int, vr: str) -> Action:
    """Return what becomes of an element.

    Parameters
    ----------
    tag
        Group and element, 32 bits.
    vr
        Its value representation as the file gives it.

    Returns
    -------
    Action
        ``remove`` for private elements, for those of repeating groups of curves and overlays, for elements that the
        dictionary does not know, and for opaque bytes that are not the object's own bulk data, beyond what the table
        names; ``uid`` for every identifier; ``clean`` for sequences that the table does not name.
    """
    from pydicom.datadict import dictionary_has_tag

    group, element = tag >> 16, tag & 0xFFFF
    if group % 2 or group < 8 or element == 0 or group & 0xFF00 in (0x5000, 0x6000):
        return "remove"
    letters = table().get(f"{tag:08X}")
    if letters is not None:
        return (_SEQUENCES if vr == "SQ" else _VALUES)[letters]
    if not dictionary_has_tag(tag) or (vr in _OPAQUE and tag not in _BULK):
        return "remove"
    return {"SQ": "clean", "UI": "uid", "PN": "remove"}.get(vr, "keep")  # type: ignore[return-value]
