"""One thing on show: an augmentation or a mix, what it was given and what it made of it."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from resp.registry import Record

Kind = Literal["waveform", "spectrogram", "mix"]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A waveform: drawn over its spectrogram, and played.

    Parameters
    ----------
    title
        What it is.
    waveform
        float32 [time].
    """

    title: str
    waveform: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A log-mel spectrogram, which has no sound.

    Parameters
    ----------
    title
        What it is.
    log_mel
        float32 [frame, bin].
    grid
        (frequency, time) number of its patches; None where it has none.
    """

    title: str
    log_mel: NDArray[np.float32]
    grid: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Exhibit:
    """An augmentation or a mix as the gallery shows it.

    Parameters
    ----------
    kind
        What it is: an augmentation of waveforms or of spectrograms, or a mix.
    name, description, source
        As they are registered.
    settings
        Those it was made with.
    panels
        What it was given, then what it made of it: all `Heard` or all `Seen`; none where it could not be shown.
    note
        What was drawn.
    problem
        Why it could not be shown; None where it was.
    """

    kind: Kind
    name: str
    description: str
    source: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    panels: tuple[Heard, ...] | tuple[Seen, ...] = ()
    note: str = ""
    problem: str | None = None

    @property
    def key(self) -> str:
        """Return a name that no other exhibit has, for its files and its place on the page."""
        return f"{self.kind}_{self.name}"


def settings_of(record: Record) -> dict[str, Any]:
    """Return the settings that a recipe can give to what is registered, with the values they have by default.

    Its sampling rate is left out, which follows from the sound, and its probability, which is one here.
    """
    taken = inspect.signature(record.load()).parameters.values()
    known = {
        one.name: one.default
        for one in taken
        if one.default is not one.empty and one.name not in ("rate_hz", "probability")
    }
    return known | dict(record.defaults)
