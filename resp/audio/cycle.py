"""A breath cycle with what is heard in it, as ICBHI annotates them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cycle:
    """One breath cycle, inspiration first, and whether it holds crackles or wheezes."""

    start_s: float
    end_s: float
    crackles: bool
    wheezes: bool

    @property
    def sound_class(self) -> int:
        """0 normal, 1 crackle, 2 wheeze, 3 both."""
        return int(self.crackles) + 2 * int(self.wheezes)
