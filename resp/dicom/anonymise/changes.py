"""What was changed, counted and without a single value."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was done to one attribute or chunk of a file, ``times`` times.

    ``attribute`` is ``(0010,0010)`` or the name of a WAV chunk, ``name`` its keyword in DICOM's dictionary.
    """

    attribute: str
    name: str
    action: str
    times: int


@dataclass(slots=True)
class Ledger:
    """Counts changes while they are made."""

    _counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def note(self, attribute: int | str, action: str, name: str = "") -> None:
        """Count one change of an element (its tag) or a chunk (its name)."""
        if isinstance(attribute, int):
            from pydicom.datadict import keyword_for_tag

            private = attribute >> 16 & 1
            # A private tag's number may be anything its maker likes; the group alone says enough.
            name = "private" if private else keyword_for_tag(attribute)
            attribute = f"({attribute >> 16:04X},{'xxxx' if private else f'{attribute & 0xFFFF:04X}'})"
        self._counts[attribute, name, action] += 1

    def __iter__(self) -> Iterator[Change]:
        return (Change(*what, times) for what, times in sorted(self._counts.items()))
