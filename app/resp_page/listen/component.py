"""The component's face to Python: what it is given, and the corrections that come back."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, TypeGuard

import streamlit as st
from matplotlib import colormaps
from streamlit import runtime

import resp
from resp.records import CorrectedCycle
from resp.score.schema import Segment
from resp.score.stretches import stretches_apart
from resp.words import Words
from resp_page.language import spoken as page_words
from resp_page.listen import sound, spectrogram
from resp_page.words import finding, how_sure

LABELS = ("normal", "crackle", "wheeze", "both")
"""What any cycle can be corrected to: the words of ICBHI. The classes of the model that was asked are added."""
SHORTEST_S = 0.1
"""No cycle is shorter: half a breath takes longer."""
USUAL_TOP_HZ = 2000.0
# In a longer recording a column stands for so much time that nothing is sharp in it.
_LONGEST_IN_TIME_S = 600.0
_COLOUR_MAP = "magma"
_HERE = Path(__file__).parent
# In the order in which one needs the other; together they are one module.
_MODULES = (
    "words.js",
    "scales.js",
    "sound.js",
    "draft.js",
    "drawing.js",
    "lanes.js",
    "build.js",
    "gestures.js",
    "keys.js",
    "listen.js",
)


class _Stretch(Protocol):
    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


class Mark(_Stretch, Protocol):
    """A stretch at which the sound is at fault, such as `resp.audio.quality_marks.QualityMark`."""

    @property
    def kind(self) -> str:
        """Which fault; the page has a short word for each that `resp.audio` finds."""

    @property
    def words(self) -> str:
        """The same as a sentence."""


class Corrected(_Stretch, Protocol):
    """A cycle as somebody corrected it before."""

    @property
    def label(self) -> str | None:
        """What is heard; None leaves it open."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """A see-through picture that lies over a stretch of the spectrogram, as a ``data:`` address.

    Its lower end is 0 Hz and its upper one ``top_hz``.
    """

    start_s: float
    end_s: float
    top_hz: float
    address: str


@dataclass(frozen=True, slots=True)
class Edits:
    """A correction that was just kept: all cycles of the recording, in order of time."""

    cycles: tuple[CorrectedCycle, ...]


def listen(
    recording: resp.Recording,
    segments: Sequence[Segment],
    *,
    key: str,
    top_hz: float = USUAL_TOP_HZ,
    marks: Sequence[Mark] = (),
    overlay: Overlay | None = None,
    corrections: Sequence[Corrected] | None = None,
    editable: bool = False,
    who: str = "",
    words: Words | None = None,
) -> Edits | None:
    """Draw a recording to be heard and seen, and return the correction of its cycles that was just kept.

    Parameters
    ----------
    recording
        What is heard and drawn.
    segments
        What the model said of it; drawn in lanes.
    key
        Names this recording within the session.
    top_hz
        Highest frequency that is drawn at first; the reader can change it.
    marks
        Where the sound is at fault.
    overlay
        Laid over the spectrogram.
    corrections
        The cycles as they were corrected last; None where they never were.
    editable
        Whether cycles can be corrected.
    who
        Who would correct. A correction that was begun is kept in the browser until it is handed over, even when the
        browser is closed; another person does not find it.
    words
        The language of the page; the one that this session reads where None.

    Returns
    -------
    Edits or None
        Once, in the run that follows the press of "Keep my corrections"; None otherwise.
    """
    spoken = words or page_words()
    classes = [name for segment in segments for name in segment.probabilities]
    said = [cycle.label for cycle in corrections or () if cycle.label is not None]
    labels = tuple(dict.fromkeys((*LABELS, *classes, *said)))
    made = _prepared(recording, recording.sha256, recording.rate_hz, recording.samples.shape)
    data = {
        "draft": _draft(key, recording.sha256, who),
        "sound": _address(made.played.wav, "audio/wav", f"{key}-sound"),
        "grids": {
            name: {
                "low": _grid(one.low, f"{key}-{name}-low"),
                "high": _grid(one.high, f"{key}-{name}-high") if one.high else None,
            }
            for name, one in made.spectrograms.items()
        },
        "levels": [spectrogram.FLOOR_DB, spectrogram.CEILING_DB, spectrogram.RANGE_DB],
        "colours": _colours(),
        "duration_s": recording.duration_s,
        "rate_hz": made.played.rate_hz,
        "nyquist_hz": recording.rate_hz / 2,
        "peak": made.played.peak,
        "loudest": sound.PEAK,
        "most_db": made.played.most_db,
        "filters": sound.sections_by_rate(made.played.rate_hz),
        "top_hz": min(top_hz, recording.rate_hz / 2),
        "cycles": [_cycle(segment, spoken) for segment in segments],
        "begin": [
            {"start_s": start_s, "end_s": end_s, "label": segment.label}
            for segment, (start_s, end_s) in zip(segments, stretches_apart(segments), strict=True)
        ],
        "marks": [_mark(mark) for mark in marks],
        "overlay": _overlay(overlay),
        "corrections": None if corrections is None else [_corrected(cycle) for cycle in corrections],
        "editable": editable,
        "labels": {label: _look(label, spoken) for label in (*labels, "")},
        "shortest_s": SHORTEST_S,
        "language": spoken.language,
        "words": spoken.section("listen"),
    }
    result = _component(key=key, data=data, on_kept_change=_noted)
    return checked_edits(result.kept, recording.duration_s, labels)


def _draft(*parts: str) -> str:
    """Return under which name a browser keeps a correction that was begun; it tells nobody what it is of."""
    return sha256("\0".join(parts).encode()).hexdigest()[:24]


def checked_edits(kept: Any, duration_s: float, labels: Sequence[str] = LABELS) -> Edits | None:
    """Return what a browser sent as a correction; None where it sent none, or something that is no correction.

    Parameters
    ----------
    kept
        Expected: a list of ``{start_s, end_s, label}`` with finite times within the recording.
    duration_s
        Of the recording.
    labels
        What a cycle may be called; None too.
    """
    if not isinstance(kept, list):
        return None
    cycles = [_checked(entry, duration_s, labels) for entry in kept]
    whole = [cycle for cycle in cycles if cycle is not None]
    if len(whole) < len(cycles):
        return None
    return Edits(tuple(sorted(whole, key=lambda cycle: (cycle.start_s, cycle.end_s))))


def _checked(entry: Any, duration_s: float, labels: Sequence[str]) -> CorrectedCycle | None:
    if not isinstance(entry, Mapping) or entry.get("label", "") not in (*labels, None):
        return None
    start_s, end_s = entry.get("start_s"), entry.get("end_s")
    if not _is_time(start_s) or not _is_time(end_s) or not 0 <= start_s < end_s <= duration_s + 0.001:
        return None
    return CorrectedCycle(float(start_s), min(float(end_s), duration_s), entry["label"])


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True)
class _Prepared:
    played: sound.Played
    spectrograms: dict[str, spectrogram.Spectrogram]


@st.cache_data(scope="session", max_entries=3, show_spinner=False)
def _prepared(_recording: resp.Recording, *known: object) -> _Prepared:  # noqa: ARG001
    """Make what is costly, once for a recording of which so much is known; it goes with the session."""
    samples, rate_hz = _recording.mono(), _recording.rate_hz
    wanted = {"pitch": spectrogram.IN_PITCH}
    if _recording.duration_s <= _LONGEST_IN_TIME_S:
        wanted["time"] = spectrogram.IN_TIME
    made = {name: spectrogram.spectrogram(samples, rate_hz, sharpness) for name, sharpness in wanted.items()}
    return _Prepared(sound.prepare(_recording), made)


def _address(content: bytes, media_type: str, place: str) -> str:
    """Return where the browser fetches ``content``; empty where no server runs."""
    if not runtime.exists():
        return ""
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    address = runtime.get_instance().media_file_mgr.add(content, media_type, f"listen-{place}")
    return f"/{base}{address}" if base else address


def _grid(grid: spectrogram.Grid, place: str) -> dict[str, Any]:
    columns, rows = grid.levels.shape
    return {
        "address": _address(grid.levels.tobytes(), "application/octet-stream", place),
        "columns": columns,
        "rows": rows,
        "hop_s": grid.hop_s,
        "first_hz": grid.first_hz,
        "step_hz": grid.step_hz,
    }


def _colours() -> list[int]:
    """Return the colour map as 256 times red, green, blue."""
    return [int(part) for part in colormaps[_COLOUR_MAP](range(256), bytes=True)[:, :3].ravel()]


def _cycle(segment: Segment, spoken: Words) -> dict[str, Any]:
    sure = segment.abstained or how_sure(segment.label, segment.probabilities, segment.prediction_set)
    return {
        "start_s": segment.start_s,
        "end_s": segment.end_s,
        "label": segment.label,
        **_look(segment.label, spoken),
        "told": sure,
    }


def _look(label: str | None, spoken: Words) -> dict[str, str]:
    shown = finding(label or None)
    return {"letter": shown.letter, "style": shown.style, "words": spoken.finding(label or None)}


def _corrected(cycle: Corrected) -> dict[str, Any]:
    return {"start_s": cycle.start_s, "end_s": cycle.end_s, "label": cycle.label}


def _mark(mark: Mark) -> dict[str, Any]:
    return {"start_s": mark.start_s, "end_s": mark.end_s, "kind": mark.kind, "words": mark.words}


def _overlay(overlay: Overlay | None) -> dict[str, Any] | None:
    if overlay is None:
        return None
    return {
        "start_s": overlay.start_s,
        "end_s": overlay.end_s,
        "top_hz": overlay.top_hz,
        "address": overlay.address,
    }


def module(names: Sequence[str] = _MODULES) -> str:
    """Return the component's modules as the one that Streamlit takes: in order, without what joins them."""
    parts = [(_HERE / name).read_text("utf-8") for name in names]
    joined = "\n".join(re.sub(r"^import .*;\n", "", part, flags=re.MULTILINE) for part in parts)
    return re.sub(r"^export (?!default)", "", joined, flags=re.MULTILINE)


def _noted() -> None:
    """Take note of a correction: it is read where the component is drawn."""


_component = st.components.v2.component(
    "resp_listen",
    html='<div class="listen"></div>',
    css="\n".join(path.read_text("utf-8") for path in (_HERE.parent / "findings.css", _HERE / "listen.css")),
    js=module(),
)
