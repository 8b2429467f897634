"""The words, letters and patterns in which the page says a finding; colour alone never says one."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape


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


# The data set's own words: no finer finding than the model learned.
_FINDINGS = {
    "normal": Finding("N", "Normal", "normal"),
    "crackle": Finding("C", "Crackle", "crackle"),
    "wheeze": Finding("W", "Wheeze", "wheeze"),
    "both": Finding("CW", "Crackle and wheeze", "both"),
    "abnormal": Finding("A", "Abnormal", "crackle"),
}
_ABSTAINED = Finding("?", "No finding given", "none")

VERDICTS = {
    "good": "Good enough to judge",
    "limited": "Can be judged with care",
    "unusable": "Cannot be judged",
}

KINDS = {"annotated_cycle": "Annotated cycle", "cycle": "Breath cycle", "window": "Window"}

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


def finding(label: str | None) -> Finding:
    """Return how ``label`` is shown; None is an abstention, an unknown class keeps its own name."""
    if label is None or label == "abstained":
        return _ABSTAINED
    return _FINDINGS.get(label) or Finding(label[:1].upper() or "·", label.replace("_", " ").capitalize(), "other")


def plain(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it is: file names are full of underscores."""
    return re.sub(r"([\\`*_{}\[\]()#+\-!|<>~$:])", r"\\\1", text)


def heading(text: str) -> str:
    """Return a recording's name as a heading."""
    return f'<h2 class="resp-name">{escape(text)}</h2>'


def percent(share: float) -> str:
    """Return a share in per cent that never claims certainty: 0.999 is ``> 99 %``."""
    if share > 0.99:
        return "> 99 %"
    if share < 0.01:
        return "< 1 %"
    return f"{share * 100:.0f} %"


def listed(classes: Iterable[str]) -> str:
    """Return class names as words: ``crackle, wheeze``."""
    return ", ".join(finding(name).words.lower() for name in classes)


def how_sure(label: str | None, probabilities: Mapping[str, float], prediction_set: Sequence[str]) -> str:
    """Say in words how probable the label is and what the prediction set leaves open.

    An empty set promises nothing, so nothing is said of the other classes.
    """
    others = [name for name in prediction_set if name != label]
    open_still = f"cannot rule out {listed(others)}" if others else "other findings are unlikely"
    if label is None:
        return open_still if others else ""
    sure = f"{percent(probabilities[label])} probable"
    return f"{sure}; {open_still}" if prediction_set else sure


def minutes(seconds: float) -> str:
    """Return a duration as ``14.5 s`` or, from a minute on, ``2:05 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)}:{int(seconds % 60):02d} min"


def measurement(name: str, value: object) -> tuple[str, str]:
    """Return a field such as ``level_dbfs`` as its words and its value with the unit."""
    stem, _, suffix = name.rpartition("_")
    unit = _UNITS.get(suffix, "") if stem else ""
    words = (stem if unit else name).replace("_", " ").replace("2khz", "2 kHz").replace("dc ", "DC ")
    words = words[:1].upper() + words[1:]
    if value is None:
        return words, "not known"
    if isinstance(value, bool):
        return words, "yes" if value else "no"
    if isinstance(value, float):
        value = f"{value * 100:.1f}" if suffix == "share" else f"{value:.4g}"
    return words, f"{value} {unit}".rstrip()
