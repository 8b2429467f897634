"""Names of files that any system can hold."""

import re
import unicodedata
from collections.abc import Iterable

_MOST = 80


def safe_name(name: str) -> str:
    """Return a file name without its folder and ending, of letters, digits, ``-`` and ``_``, never empty."""
    stem = re.split(r"[/\\]", name)[-1]
    stem = re.sub(r"\.\w{1,5}$", "", stem)
    plain = unicodedata.normalize("NFKD", stem.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-_")[:_MOST] or "recording"


def different_names(names: Iterable[str]) -> list[str]:
    """Return the safe names in order, the second of a name with ``-2`` behind it, without regard to upper case."""
    taken: set[str] = set()
    made = []
    for name in map(safe_name, names):
        one, number = name, 2
        while one.lower() in taken:
            one, number = f"{name}-{number}", number + 1
        taken.add(one.lower())
        made.append(one)
    return made
