"""The letters, patterns and words in which the page says a finding; colour alone never says one."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from resp_page.language import spoken, text

# Suffix of the style ``finding-…`` with a class's colour and pattern (``findings.css``).
_STYLES = {
    "normal": "normal",
    "crackle": "crackle",
    "wheeze": "wheeze",
    "both": "both",
    "abnormal": "crackle",
    "abstained": "none",
    "waiting": "none",
    "working": "none",
    "failed": "failed",
}

_UNITS = {
    "dbfs": "dBFS",
    "db": "dB",
    "hz": "Hz",
    "khz": "kHz",
    "s": "s",
    "ms": "ms",
    "share": "%",
    "percent": "%",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """How one class is shown.

    Parameters
    ----------
    letter
        Its sign on the time line.
    words
        Its name in a sentence or a table.
    style
        Suffix of the style ``finding-…`` with its colour and pattern (``findings.css``).
    """

    letter: str
    words: str
    style: str


def finding(label: str | None) -> Finding:
    """Return how ``label`` is shown; None is an abstention, an unknown class keeps its own name."""
    known = label or "abstained"
    sign = f"finding.sign.{known}"
    words = spoken()
    letter = words.text(sign) if words.has(sign) else known[:1].upper() or "·"
    return Finding(letter, words.finding(known), _STYLES.get(known, "other"))


def chip(label: str | None) -> str:
    """Return a finding as letter, pattern and words."""
    shown = finding(label)
    sign = f'<span class="finding finding-{shown.style}"><b>{escape(shown.letter)}</b></span>'
    return f'<span class="resp-key">{sign}{escape(shown.words)}</span>'


def kind(name: str) -> str:
    """Return what a stretch of sound is called: a breath cycle, a window."""
    return spoken().text(f"segment.{name}")


def plain(given: str) -> str:
    """Return ``given`` so that Markdown shows it as it is: file names are full of underscores."""
    return re.sub(r"([\\`*_{}\[\]()#+\-!|<>~$:])", r"\\\1", given)


def sentence(said: str) -> str:
    """Return what a report says in English (a reason, a warning) in the reader's language, as a sentence."""
    told = spoken().said(said)
    return told[:1].upper() + told[1:]


def reason(said: str | None, file_name: str) -> str:
    """Return why there is no finding, as a sentence; the file's name, which stands beside it, is left away."""
    return sentence((said or "").removeprefix(f"{file_name}: "))


def listed(classes: Iterable[str]) -> str:
    """Return class names as words: ``crackle, wheeze``."""
    return ", ".join(in_sentence(name) for name in classes)


def in_sentence(label: str | None) -> str:
    """Return a finding as it stands within a sentence, in which German writes nouns with a capital."""
    return spoken().finding(label, inline=True)


def how_sure(label: str | None, probabilities: Mapping[str, float], prediction_set: Sequence[str]) -> str:
    """Say in words how probable the label is and what the prediction set leaves open.

    An empty set promises nothing, so nothing is said of the other classes.
    """
    others = [name for name in prediction_set if name != label]
    open_still = text("sure.open", classes=listed(others)) if others else text("sure.unlikely")
    if label is None:
        return open_still if others else ""
    sure = text("sure.probable", percent=spoken().percent(probabilities[label]))
    return f"{sure}; {open_still}" if prediction_set else sure


def measurement(name: str, value: object) -> tuple[str, str]:
    """Return a field such as ``level_dbfs`` as its words and its value with the unit."""
    words = spoken()
    stem, _, suffix = name.rpartition("_")
    unit = _UNITS.get(suffix, "") if stem else ""
    if words.has(f"page.measured.{name}"):
        called = words.text(f"page.measured.{name}")
    else:
        called = (stem if unit else name).replace("_", " ").capitalize()
    if value is None:
        return called, text("measured.unknown")
    if isinstance(value, float):
        return called, f"{_digits(value * 100 if suffix == 'share' else value)} {unit}".rstrip()
    return called, f"{value} {unit}".rstrip()


def _digits(value: float) -> str:
    """Return a measurement with four digits at most, as the language writes it."""
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    written = spoken().number(value, digits)
    return written.rstrip("0").rstrip(".,") if digits else written
