"""What became of a file that was sent."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the other side said of one file.

    Parameters
    ----------
    file
        That was sent.
    sop_instance_uid
        What it holds; empty where that could not be read.
    sent
        It was taken, perhaps with a warning.
    final
        Sending it again would end alike.
    said
        The status in words.
    """

    file: Path
    sop_instance_uid: str
    sent: bool
    final: bool
    said: str
