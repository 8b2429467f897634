"""What the scoring says in English, said in another language: by its patterns, as its numbers differ each time."""

import re
from collections.abc import Mapping

_NAME = re.compile(r"\{(\w+)\}")
# What stands at these may hold anything.
_WHOLE = ("sentence", "regions")
_JOINT = re.compile(r"(; |(?<=\.) )")
# Pieces of one sentence, with the marks between them.
_LONGEST = 7


class Sentences:
    """Pairs of patterns, in English and in another language.

    Parameters
    ----------
    pairs
        English text with ``{placeholders}`` → the other language's, with the same ones in any order. What stands
        at a placeholder is taken over, a number with the sign of the language; a sentence within a sentence
        (``signal quality: {sentence}``) is translated too, and several are, joined by ``"; "`` or a blank; so are a
        ``{word}`` and ``{places}`` that are pairs themselves.
    decimal
        The decimal sign of the other language.
    """

    def __init__(self, pairs: Mapping[str, str], *, decimal: str = ".") -> None:
        self._decimal = decimal
        # The pattern with most fixed text first: the others may fit by accident.
        ordered = sorted(pairs.items(), key=lambda pair: -len(_NAME.sub("", pair[0])))
        self._pairs = [(_pattern(english), other) for english, other in ordered]

    def translate(self, sentence: str) -> str:
        """Return the sentence in the other language; what no pattern fits stays as it is."""
        if whole := self._one(sentence):
            return whole
        # Reasons are joined by the scoring, and may hold the same marks themselves: the longest known piece counts.
        pieces = _JOINT.split(sentence)
        told, place = "", 0
        while place < len(pieces):
            for end in range(min(place + _LONGEST, len(pieces)), place, -2):
                if known := self._one("".join(pieces[place:end])):
                    break
            else:
                known, end = pieces[place], place + 1
            told += known + "".join(pieces[end : end + 1])
            place = end + 1
        return told

    def _one(self, sentence: str) -> str | None:
        """Return a single sentence in the other language, None where it is not known."""
        for pattern, other in self._pairs:
            if match := pattern.fullmatch(sentence):
                values = {name: self._value(name, value) for name, value in match.groupdict().items()}
                return other.format_map(values)
        return None

    def _value(self, name: str, value: str) -> str:
        if name == "sentence":
            return self.translate(value)
        if name in ("word", "places") and (known := self._one(value)):
            return known
        return re.sub(r"(?<=\d)\.(?=\d)", self._decimal, value)


def _pattern(english: str) -> re.Pattern[str]:
    """Return what matches the sentence with any values; no value but a sentence holds what divides sentences."""
    parts = _NAME.split(english)
    values = {name: ".+" if name in _WHOLE else "[^:;]+?" for name in parts[1::2]}
    made = "".join(
        re.escape(part) if place % 2 == 0 else f"(?P<{part}>{values[part]})" for place, part in enumerate(parts)
    )
    # A reason may begin with a capital or not.
    return re.compile(made, re.DOTALL | re.IGNORECASE)
