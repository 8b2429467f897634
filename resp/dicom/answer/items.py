"""Content items of a structured report as plain values, which can be compared (PS3.3 C.17.3).

A report is laid out as a tree of these once; the tree becomes a DICOM document, and a document that comes back becomes
such a tree again. Two trees are equal where they say the same.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from resp.dicom.codes import Code, code_of
from resp.dicom.errors import DicomError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Kind = Literal["CONTAINER", "TEXT", "CODE", "NUM", "TCOORD", "WAVEFORM", "UIDREF"]
CONTAINS, MODIFIER, CONTEXT = "CONTAINS", "HAS CONCEPT MOD", "HAS OBS CONTEXT"
INFERRED, SELECTED = "INFERRED FROM", "SELECTED FROM"
# Deeper than any tree of ours: what is nested further was not written by resp.
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class WaveformReference:
    """A waveform object, and the (group, channel) pairs of it that are meant, counted from 1; none means all."""

    sop_class_uid: str
    sop_instance_uid: str
    channels: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit. DICOM holds it twice: as a decimal of 16 characters, and exactly."""

    value: float
    unit: Code


Value = str | Code | Quantity | tuple[float, ...] | WaveformReference | None


@dataclass(frozen=True, slots=True)
class Item:
    """A content item.

    Parameters
    ----------
    kind
        Value type: a container has no value, a text or UID reference has words, a code a `Code`, a number a
        `Quantity`, temporal coordinates seconds from the beginning (as their decimals say them).
    concept
        What it is about.
    value
        As above.
    relation
        To the item that holds it; empty for the root.
    children
        The items that it holds.
    """

    kind: Kind
    concept: Code
    value: Value = None
    relation: str = CONTAINS
    children: tuple["Item", ...] = ()

    def walk(self) -> Iterator["Item"]:
        """Yield this item and all below it, in the order of the document."""
        yield self
        for child in self.children:
            yield from child.walk()


def container(concept: Code, *children: Item, relation: str = CONTAINS) -> Item:
    """Return a container."""
    return Item("CONTAINER", concept, None, relation, children)


def text(concept: Code, words: str, relation: str = CONTAINS) -> tuple[Item, ...]:
    """Return a text, or nothing where there are no words; control characters become question marks."""
    plain = "".join(sign if sign.isprintable() or sign in "\n\t" else "?" for sign in words).strip()
    return (Item("TEXT", concept, plain, relation),) if plain else ()


def code(concept: Code, value: Code, relation: str = CONTAINS, *children: Item) -> Item:
    """Return a coded value."""
    return Item("CODE", concept, value, relation, children)


def number(concept: Code, value: float | None, unit: Code, *children: Item) -> tuple[Item, ...]:
    """Return a number, or nothing where there is none (or it is infinite, which DICOM cannot say)."""
    if value is None or not math.isfinite(value):
        return ()
    return (Item("NUM", concept, Quantity(float(value), unit), CONTAINS, children),)


def seconds(concept: Code, start_s: float, end_s: float, *children: Item) -> Item:
    """Return a stretch of time."""
    return Item("TCOORD", concept, tuple(float(decimal(time_s)) for time_s in (start_s, end_s)), INFERRED, children)


def decimal(value: float) -> str:
    """Return a number as DICOM writes it: a decimal string of at most 16 characters."""
    from pydicom.valuerep import format_number_as_ds

    return str(format_number_as_ds(float(value)))


def parse(item: "Dataset", depth: int = 0) -> Item:
    """Return a content item of a document that came back.

    Raises
    ------
    DicomError
        Kinds of item that resp does not write, values that are missing or broken, a number whose two forms differ, or
        items nested too deep.
    """
    if depth > _DEEPEST:
        raise DicomError(f"content items are nested more than {_DEEPEST} deep; this is no report of resp")
    named = str(item.get("ValueType", ""))
    kind = next((one for one in _VALUES if one == named), None)
    if kind is None:
        raise DicomError(f"a content item of value type {named!r}; resp writes {', '.join(_VALUES)}")
    try:
        names = item.get("ConceptNameCodeSequence") or []
        return Item(
            kind,
            code_of(names[0]) if names else Code("", "", ""),
            _VALUES[kind](item),
            str(item.get("RelationshipType", "")),
            tuple(parse(child, depth + 1) for child in item.get("ContentSequence") or []),
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise DicomError(f"a content item of value type {kind} is broken ({type(error).__name__}: {error})") from error


def _quantity(item: "Dataset") -> Quantity:
    measured = item.MeasuredValueSequence[0]
    shown = float(measured.NumericValue)
    exact = float(measured.get("FloatingPointValue", shown))
    if float(decimal(exact)) != float(decimal(shown)):
        raise DicomError(f"a number is {shown:g} as a decimal and {exact:g} as floating point: it was changed")
    return Quantity(exact, code_of(measured.MeasurementUnitsCodeSequence[0]))


def _times(item: "Dataset") -> tuple[float, ...]:
    given = item.ReferencedTimeOffsets
    several = given if hasattr(given, "__iter__") and not isinstance(given, str) else [given]
    return tuple(float(one) for one in several)


def _waveform(item: "Dataset") -> WaveformReference:
    referenced = item.ReferencedSOPSequence[0]
    flat = [int(one) for one in referenced.get("ReferencedWaveformChannels") or []]
    pairs = tuple(zip(flat[::2], flat[1::2], strict=True))
    return WaveformReference(str(referenced.ReferencedSOPClassUID), str(referenced.ReferencedSOPInstanceUID), pairs)


_VALUES: dict[Kind, Callable[["Dataset"], Value]] = {
    "CONTAINER": lambda _: None,
    "TEXT": lambda item: str(item.TextValue).strip(),
    "CODE": lambda item: code_of(item.ConceptCodeSequence[0]),
    "NUM": _quantity,
    "TCOORD": _times,
    "WAVEFORM": _waveform,
    "UIDREF": lambda item: str(item.UID),
}
