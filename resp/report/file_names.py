"""Names of files that any system can hold."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b

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


def names_of_paths(paths: Sequence[str]) -> list[str]:
    """Return a safe name of each path, with eight digits of the whole path behind those that come more than once.

    So each keeps its name in whichever order they come. Upper case is the same as lower case.
    """
    names = [safe_name(path) for path in paths]
    count = Counter(name.lower() for name in names)
    return [
        f"{name}-{blake2b(path.encode('utf-8', 'surrogateescape'), digest_size=4).hexdigest()}"
        if count[name.lower()] > 1
        else name
        for name, path in zip(names, paths, strict=True)
    ]
