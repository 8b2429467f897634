"""The census of a data set: what was found, against what is known to exist."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Count:
    """One counted thing; ``expected`` is the published total, None where there is none."""

    name: str
    found: int
    expected: int | None = None

    @property
    def difference(self) -> int:
        """Found minus expected; 0 where nothing is expected."""
        return 0 if self.expected is None else self.found - self.expected


@dataclass(frozen=True, slots=True)
class Census:
    """What a reader found.

    Parameters
    ----------
    counts
        Counted things, in the order in which they are printed.
    notes
        What a user must know besides numbers: what was left out and why, names that had to be matched.
    """

    counts: tuple[Count, ...]
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every published total was found exactly."""
        return not self.differences()

    def __getitem__(self, name: str) -> int:
        """Return how many of ``name`` were found."""
        for count in self.counts:
            if count.name == name:
                return count.found
        raise KeyError(name)

    def differences(self) -> tuple[Count, ...]:
        """Return the counts that are not what was published."""
        return tuple(count for count in self.counts if count.difference)

    def text(self) -> str:
        """Return the census as lines of text."""
        width = max((len(count.name) for count in self.counts), default=0)
        lines = []
        for count in self.counts:
            line = f"{count.name:<{width}}  {count.found:>6}"
            if count.expected is not None:
                line += f" of {count.expected}" + (f" ({count.difference:+d})" if count.difference else "")
            lines.append(line)
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "complete": self.complete,
            "counts": [
                {
                    "name": count.name,
                    "found": count.found,
                    "expected": count.expected,
                    "difference": count.difference,
                }
                for count in self.counts
            ],
            "notes": list(self.notes),
        }


def name_some(names: list[str], most: int = 5) -> str:
    """Return the first ``most`` names and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
