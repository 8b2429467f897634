"""Where in a recording the sound is at fault, so that a reader can be shown the place.

The thresholds of clipping, silence and dropouts are those of `resp.audio.measures`; knocks and speech-like sound are
found by `resp.audio.knocks` and `resp.audio.voice`. A mark is a hint to listen there. It changes no verdict.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from resp.audio import measures
from resp.audio.knocks import knock_places
from resp.audio.recording import Recording
from resp.audio.resampling import resample
from resp.audio.voice import RATE_HZ, speech_places

MarkKind = Literal["clipping", "silence", "dropout", "knock", "speech"]
Place = tuple[float, float]
Seconds = Annotated[float, Field(ge=0)]

WORDS: dict[MarkKind, str] = {
    "clipping": "The sound is cut off here because it was recorded too loud.",
    "silence": "There is no sound here.",
    "dropout": "The sound breaks off here.",
    "knock": "A knock, or the stethoscope being handled, is heard here.",
    "speech": "It sounds as if somebody speaks here.",
}

# Flat tops that lie no further apart are one place.
_CLIPPING_JOIN_S = 0.25
# A single flat top of a few samples may be chance.
_LEAST_CLIPPED_SAMPLES = 8
_LEAST_SILENCE_S = 0.5
# Of a recording that is too long to be looked at at once.
STRETCH_S, _EDGE_S = 60.0, 0.05
# More places than anybody looks at are told as fewer, longer ones.
_MOST_PLACES = 50


class QualityMark(BaseModel):
    """One stretch of a recording that is at fault.

    Parameters
    ----------
    start_s, end_s
        Where, in seconds from the recording's beginning.
    kind
        ``clipping``, ``silence`` (half a second or more), ``dropout`` (with sound on both sides), ``knock`` (handling
        of the stethoscope) or ``speech`` (sound like a voice that speaks; no word is recognised).
    words
        The same as a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_s: Seconds
    end_s: Seconds
    kind: MarkKind
    words: str


def find_quality_marks(recording: Recording) -> tuple[QualityMark, ...]:
    """Find where a recording is at fault.

    Parameters
    ----------
    recording
        Any recording; it is not changed.

    Returns
    -------
    tuple of QualityMark
        In order of time; at most 50 of a kind, those that lie nearest to each other told as one. A fault of one
        channel is a fault of the recording.
    """
    return _marks(_places(recording))


class MarksInStretches:
    """Finds marks minute by minute, for a recording that is read in blocks: what is usual in it is so for a minute.

    Parameters
    ----------
    rate_hz
        Of the recording, in Hz.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._length = round(STRETCH_S * rate_hz)
        self._waiting: list[NDArray[np.float32]] = []
        self._begin = self._count = 0
        self._found: dict[MarkKind, list[Place]] = {kind: [] for kind in WORDS}

    def add(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples, [channels, time]."""
        self._waiting.append(samples)
        self._count += samples.shape[1]
        while self._count >= self._length:
            together = np.concatenate(self._waiting, axis=1)
            self._look(together[:, : self._length])
            self._waiting = [together[:, self._length :].copy()]
            self._count -= self._length

    def marks(self) -> tuple[QualityMark, ...]:
        """Return the marks of all that was taken, as `find_quality_marks` does; called once, at the end."""
        if self._count:
            self._look(np.concatenate(self._waiting, axis=1))
        return _marks(self._found)

    def _look(self, samples: NDArray[np.float32]) -> None:
        begin_s = self._begin / self._rate_hz
        for kind, places in _places(Recording(samples, self._rate_hz)).items():
            # What goes on over the edge of a minute is one place.
            gap_s = _CLIPPING_JOIN_S if kind == "clipping" else _EDGE_S
            moved = [(start_s + begin_s, end_s + begin_s) for start_s, end_s in places]
            self._found[kind] = list(_fewer(_merged([*self._found[kind], *moved], gap_s)))
        self._begin += samples.shape[1]


def _places(recording: Recording) -> dict[MarkKind, Sequence[Place]]:
    rate_hz, mono = recording.rate_hz, recording.mono()
    sound = resample(mono, rate_hz, RATE_HZ)
    dropouts = _merged(
        place for channel in recording.samples for place in _seconds(*measures.gap_runs(channel, rate_hz), rate_hz)
    )
    return {
        "clipping": _merged(place for channel in recording.samples for place in _clipped(channel, rate_hz)),
        "silence": [place for place in _silent(mono, rate_hz) if not _inside(place, dropouts)],
        "dropout": dropouts,
        "knock": knock_places(sound, RATE_HZ),
        "speech": speech_places(sound),
    }


def _marks(found: Mapping[MarkKind, Sequence[Place]]) -> tuple[QualityMark, ...]:
    marks = [
        QualityMark(start_s=round(start_s, 3), end_s=round(end_s, 3), kind=kind, words=WORDS[kind])
        for kind, places in found.items()
        for start_s, end_s in _fewer(places)
    ]
    return tuple(sorted(marks, key=lambda mark: (mark.start_s, mark.end_s)))


def told_places(marks: Iterable[QualityMark]) -> dict[MarkKind, str]:
    """Return, for each kind that there is, its first places in words: ``1.2–1.4 s, 8.0–8.3 s and 3 more``."""
    places = defaultdict(list)
    for mark in marks:
        places[mark.kind].append(f"{mark.start_s:.1f}–{max(mark.end_s, mark.start_s + 0.1):.1f} s")
    shown = 3
    return {
        kind: ", ".join(words[:shown]) + (f" and {len(words) - shown} more" if len(words) > shown else "")
        for kind, words in places.items()
    }


def _clipped(channel: measures.Samples, rate_hz: int) -> list[Place]:
    starts, lengths = measures.flat_tops(channel)
    order = np.argsort(starts)
    starts, lengths = starts[order], lengths[order]
    groups = np.split(np.arange(starts.size), np.flatnonzero(np.diff(starts) > _CLIPPING_JOIN_S * rate_hz) + 1)
    return [
        (float(starts[group[0]] / rate_hz), float((starts[group] + lengths[group]).max() / rate_hz))
        for group in groups
        if group.size and lengths[group].sum() >= _LEAST_CLIPPED_SAMPLES
    ]


def _silent(channel: measures.Samples, rate_hz: int) -> list[Place]:
    silent, frame_s = measures.silent_frames(channel, rate_hz)
    starts, lengths = measures.runs(silent)
    # What is left of the last frame belongs to it.
    ends = np.where(starts + lengths == silent.size, channel.size / rate_hz, (starts + lengths) * frame_s)
    return [
        (float(start * frame_s), float(end))
        for start, end in zip(starts, ends, strict=True)
        if end - start * frame_s >= min(_LEAST_SILENCE_S, channel.size / rate_hz)
    ]


def _seconds(starts: NDArray[np.intp], lengths: NDArray[np.intp], rate_hz: int) -> list[Place]:
    ends = starts + lengths
    return [(float(start / rate_hz), float(end / rate_hz)) for start, end in zip(starts, ends, strict=True)]


def _inside(place: Place, others: Sequence[Place]) -> bool:
    """Tell whether more than half of a place lies in one of the others."""
    shared_s = max((min(place[1], end_s) - max(place[0], start_s) for start_s, end_s in others), default=0.0)
    return shared_s > 0.5 * (place[1] - place[0])


def _merged(places: Iterable[Place], gap_s: float = 0.0) -> list[Place]:
    """Join places, in order of time, that overlap or lie no further apart than ``gap_s``."""
    joined: list[Place] = []
    for start_s, end_s in sorted(places):
        if joined and start_s - joined[-1][1] <= gap_s:
            joined[-1] = (joined[-1][0], max(end_s, joined[-1][1]))
        else:
            joined.append((start_s, end_s))
    return joined


def _fewer(places: Sequence[Place]) -> Sequence[Place]:
    gap_s = 0.25
    while len(places) > _MOST_PLACES:
        places, gap_s = _merged(places, gap_s), 2 * gap_s
    return places
