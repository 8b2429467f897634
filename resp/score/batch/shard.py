"""One part of many: which recordings a machine scores when several share a list."""

import re
from dataclasses import dataclass
from hashlib import blake2b

from resp.score.errors import ScoreError


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number``, from 1, of ``of`` parts.

    A recording belongs to a part by what its name is made of, so that the part stays the same whatever else is in
    the list and in which order.

    Raises
    ------
    ScoreError
        No such part.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ScoreError(f"part {self.number} of {self.of}; expected 1 to the number of parts, such as 2/8")

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read ``2/8``."""
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
        if not found:
            raise ScoreError(f"part {text!r}; expected NUMBER/PARTS, such as 2/8")
        return cls(int(found[1]), int(found[2]))

    def holds(self, name: str) -> bool:
        """Tell whether the recording of that name belongs to this part."""
        digest = blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        return int.from_bytes(digest) % self.of == self.number - 1
