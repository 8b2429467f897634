"""Time line, waveform and spectrogram under one time axis, as one component of our own.

Streamlit's charts have no patterns and do not follow the playing sound; this is plain markup that takes the
theme's colours, keeps its letters at reading size on a phone, and moves a cursor with the player.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

import resp
from resp.score.schema import Segment
from resp_page.curves import lanes, outline, spectrogram_db, spectrogram_uri, ticks
from resp_page.words import finding, how_sure, minutes

PLAYER = "sound"  # key of the container that holds the player
_HERE = Path(__file__).parent
_LANE_PX = 34
_PX_PER_S = 14
_WIDEST_PX = 4000

_picture = st.components.v2.component(
    "resp_picture",
    html='<div class="picture"></div>',
    css="".join((_HERE / name).read_text("utf-8") for name in ("findings.css", "picture.css")),
    js=(_HERE / "picture.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Overlay:
    """A see-through picture that lies over a stretch of the spectrogram, as a ``data:`` address."""

    start_s: float
    end_s: float
    address: str


def draw_picture(
    recording: resp.Recording,
    segments: Sequence[Segment],
    *,
    top_hz: float,
    key: str,
    overlay: Overlay | None = None,
) -> None:
    """Draw a recording and its segments; the cursor follows the player in the container ``PLAYER``."""
    data = {
        "markup": picture_markup(recording, segments, top_hz, overlay),
        "duration_s": recording.duration_s,
        "player": f".st-key-{PLAYER} audio",
    }
    _picture(key=key, data=data)


def picture_markup(
    recording: resp.Recording, segments: Sequence[Segment], top_hz: float, overlay: Overlay | None = None
) -> str:
    """Return the picture's markup; every text in it is escaped."""
    duration_s = recording.duration_s
    samples = recording.mono()
    placed = lanes(segments)
    line_px = _LANE_PX * (max(placed, default=-1) + 1)
    width_px = min(_WIDEST_PX, round(duration_s * _PX_PER_S))
    alt = (
        f"Time line of {len(segments)} stretches, waveform and spectrogram up to {top_hz:.0f} Hz of "
        f"{minutes(duration_s)} of sound; the table below says the same in words."
    )
    wave, peak = _waveform(samples)
    spectrogram = spectrogram_uri(spectrogram_db(samples, recording.rate_hz, top_hz))
    return f"""
<div class="axes">
  <div class="row" style="height:{line_px}px"></div>
  <div class="row wave"><b>Amplitude</b>{_levels(peak)}</div>
  <div class="row sound"><b>Frequency (Hz)</b>{_frequencies(top_hz)}</div>
</div>
<div class="scroll" tabindex="0" role="group" aria-label="Picture of the recording">
  <div class="plot" role="img" aria-label="{escape(alt)}" style="min-width:{width_px}px">
    <div class="row" style="height:{line_px}px">{_cells(segments, placed, duration_s)}</div>
    <div class="row wave">{wave}</div>
    <div class="row sound"><img alt="" src="{spectrogram}">{_laid_over(overlay, duration_s)}</div>
    {_borders(segments, duration_s)}<i class="cursor" hidden></i>
    <div class="row times">{_times(duration_s, width_px)}</div>
  </div>
</div>"""


def _cells(segments: Sequence[Segment], placed: Sequence[int], duration_s: float) -> str:
    cells = []
    for number, (segment, lane) in enumerate(zip(segments, placed, strict=True), 1):
        shown = finding(segment.label)
        told = segment.abstained or how_sure(segment.label, segment.probabilities, segment.prediction_set)
        title = escape(f"{number}: {segment.start_s:.2f} to {segment.end_s:.2f} s, {shown.words}. {told}")
        place = (
            f"top:{lane * _LANE_PX}px;left:{_percent(segment.start_s, duration_s)};"
            f"width:{_percent(segment.end_s - segment.start_s, duration_s)}"
        )
        cells.append(
            f'<span class="cell finding finding-{shown.style}" title="{title}" style="{place}">'
            f"<b>{escape(shown.letter)}</b></span>"
        )
    return "".join(cells)


def _laid_over(overlay: Overlay | None, duration_s: float) -> str:
    if overlay is None:
        return ""
    place = (
        f"left:{_percent(overlay.start_s, duration_s)};width:{_percent(overlay.end_s - overlay.start_s, duration_s)}"
    )
    return f'<img class="why" alt="" src="{overlay.address}" style="{place}">'


def _borders(segments: Sequence[Segment], duration_s: float) -> str:
    edges = sorted({round(edge, 3) for segment in segments for edge in (segment.start_s, segment.end_s)})
    return "".join(f'<i class="border" style="left:{_percent(edge, duration_s)}"></i>' for edge in edges)


def _waveform(samples: NDArray[np.float32]) -> tuple[str, float]:
    """Return the waveform, scaled to its peak, as markup, and that peak."""
    drawn = outline(samples)
    scale = 1 / drawn.peak if drawn.peak else 0.0
    upper = [f"{at},{1 - value * scale:.3f}" for at, value in enumerate(drawn.high)]
    lower = [f"{at},{1 - value * scale:.3f}" for at, value in enumerate(drawn.low)]
    points = " ".join(upper + lower[::-1])
    view = f'viewBox="0 0 {max(1, len(upper) - 1)} 2" preserveAspectRatio="none"'
    shape = f'<polygon points="{points}" vector-effect="non-scaling-stroke"/>'
    return f'<svg {view} aria-hidden="true">{shape}</svg>', drawn.peak


def _levels(peak: float) -> str:
    marks = [(0.0, f"+{peak:.2g}"), (50.0, "0"), (100.0, f"\N{MINUS SIGN}{peak:.2g}")]
    return _marks_down(marks)


def _frequencies(top_hz: float) -> str:
    return _marks_down([(100 - 100 * value / top_hz, f"{value:.0f}") for value in ticks(top_hz, 4)])


def _marks_down(marks: Sequence[tuple[float, str]]) -> str:
    # Each mark moves back by a share of its own height, so that the first and the last one stay inside.
    places = [(f"top:{top:.2f}%;transform:translateY(-{top:.2f}%)", text) for top, text in marks]
    return "".join(f'<span style="{place}">{text}</span>' for place, text in places)


def _times(duration_s: float, width_px: int) -> str:
    wanted = max(8, width_px // 90)
    marks = [(_percent(value, duration_s), f"{value:g}") for value in ticks(duration_s, wanted)]
    spans = [f'<span style="left:{left};transform:translateX(-{left})">{text}</span>' for left, text in marks]
    return "".join(spans) + "<b>Time (s)</b>"


def _percent(value: float, whole: float) -> str:
    return f"{100 * value / whole:.3f}%"
