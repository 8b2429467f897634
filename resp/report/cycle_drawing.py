"""The spectrogram of one cycle on paper, with its axes drawn as lines and letters that stay sharp."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resp.audio import Recording
from resp.report.heard import Cycle, HeardRecording
from resp.report.patient_words import sign
from resp.report.sheet import BOLD, FONT, INK
from resp.words import Words

if TYPE_CHECKING:
    from PIL.Image import Image

TOP_HZ = 2000.0
_RANGE_DB = 60.0
# Lung sound falls steeply with frequency: raised by as much an octave, as on the page, all of it can be seen.
SLOPE_DB, _LOWEST_HZ = 6.0, 30.0
_MARGIN_S = 1.0
_LEFT, _BELOW, _RIGHT = 40.0, 22.0, 34.0
_LETTERS = 6.5
# Dots an inch of the picture.
_DPI = 220


def draw_cycle(
    canvas: Any,
    recording: Recording,
    heard: HeardRecording,
    cycle: Cycle,
    words: Words,
    *,
    x: float,
    y: float,
    width: float,
    height: float,
) -> None:
    """Draw a cycle and a second on either side of it, 0 to 2 kHz, with the borders and signs of all cycles there.

    Parameters
    ----------
    canvas
        Of reportlab.
    recording
        The whole sound.
    heard, cycle
        What is said of it, and the cycle to show.
    x, y
        The lower left corner of everything, in points.
    width, height
        Of everything, axes too, in points.
    """
    from reportlab.lib.colors import HexColor, white
    from reportlab.lib.utils import ImageReader

    start_s = max(0.0, cycle.start_s - _MARGIN_S)
    end_s = max(min(recording.duration_s, cycle.end_s + _MARGIN_S), start_s + 0.1)
    top_hz = min(TOP_HZ, recording.rate_hz / 2)
    inside = (x + _LEFT, y + _BELOW, width - _LEFT - _RIGHT, height - _BELOW)
    left, below, wide, high = inside
    level, loudest_db = _levels(recording, start_s, end_s, top_hz)
    picture = _coloured(level, loudest_db, (round(wide / 72 * _DPI), round(high / 72 * _DPI)))

    def at(time_s: float) -> float:
        return left + (min(max(time_s, start_s), end_s) - start_s) / (end_s - start_s) * wide

    canvas.saveState()
    canvas.drawImage(ImageReader(picture), left, below, wide, high)
    # What lies beside the cycle is there to compare, and steps back.
    canvas.setFillColor(HexColor("#000000"), alpha=0.35)
    for first_s, last_s in ((start_s, cycle.start_s), (cycle.end_s, end_s)):
        if last_s > first_s:
            canvas.rect(at(first_s), below, at(last_s) - at(first_s), high, stroke=0, fill=1)
    canvas.setFillAlpha(1)
    for one in heard.cycles:
        chosen = one == cycle
        # Windows overlap each other; their borders would tell nothing.
        beside = not chosen and one.segment is not None and one.segment.kind == "window"
        if beside or one.end_s <= start_s or one.start_s >= end_s:
            continue
        canvas.setStrokeColor(white)
        canvas.setLineWidth(1.1 if chosen else 0.5)
        canvas.setDash(*(() if chosen else (2, 2)))
        for edge_s in (one.start_s, one.end_s):
            if start_s <= edge_s <= end_s:
                canvas.line(at(edge_s), below, at(edge_s), below + high)
        middle = (at(one.start_s) + at(one.end_s)) / 2
        if at(one.end_s) - at(one.start_s) > 12:
            canvas.setFillColor(white)
            canvas.setFont(BOLD if chosen else FONT, 8 if chosen else 7)
            canvas.drawCentredString(middle, below + high - 10, sign(one.label, words) + ("*" if one.corrected else ""))
    canvas.setDash()
    _axes(canvas, words, inside, (start_s, end_s), top_hz)
    _scale(canvas, words, inside, loudest_db)
    canvas.restoreState()


def _axes(
    canvas: Any, words: Words, inside: tuple[float, float, float, float], times_s: tuple[float, float], top_hz: float
) -> None:
    from reportlab.lib.colors import HexColor

    left, below, wide, high = inside
    canvas.setStrokeColor(HexColor(INK))
    canvas.setFillColor(HexColor(INK))
    canvas.setLineWidth(0.5)
    canvas.rect(left, below, wide, high, stroke=1, fill=0)
    canvas.setFont(FONT, _LETTERS)
    start_s, end_s = times_s
    step_s = next(step for step in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 600.0) if (end_s - start_s) / step <= 14)
    for number in range(int(np.ceil(start_s / step_s - 1e-9)), int(end_s / step_s + 1e-9) + 1):
        place = left + (number * step_s - start_s) / (end_s - start_s) * wide
        canvas.line(place, below, place, below - 2.5)
        canvas.drawCentredString(place, below - 9, words.number(number * step_s, 1 if step_s < 1 else 0))
    canvas.drawCentredString(left + wide / 2, below - 18, words.text("report.cycle.time"))
    step_hz = 500 if top_hz > 1000 else 200
    for hz in range(0, int(top_hz) + 1, step_hz):
        place = below + hz / top_hz * high
        canvas.line(left, place, left - 2.5, place)
        canvas.drawRightString(left - 4, place - 2.2, str(hz))
    canvas.saveState()
    canvas.translate(left - 31, below + high / 2)
    canvas.rotate(90)
    canvas.drawCentredString(0, 0, words.text("report.cycle.frequency"))
    canvas.restoreState()


def _scale(canvas: Any, words: Words, inside: tuple[float, float, float, float], loudest_db: float) -> None:
    """Draw which colour is how loud."""
    from reportlab.lib.utils import ImageReader

    left, below, wide, high = inside
    place = left + wide + 5
    ramp = np.linspace(loudest_db - _RANGE_DB, loudest_db, 128, dtype=np.float32)[:, None]
    canvas.drawImage(ImageReader(_coloured(ramp, loudest_db, (8, 128))), place, below, 5, high)
    canvas.rect(place, below, 5, high, stroke=1, fill=0)
    canvas.setFont(FONT, _LETTERS)
    for share, level in ((0.0, -_RANGE_DB), (0.5, -_RANGE_DB / 2), (1.0, 0.0)):
        canvas.drawString(
            place + 7, below + share * high - (4.6 if share == 1 else 0 if share == 0 else 2.2), words.number(level)
        )
    canvas.drawString(place + 7, below + 0.25 * high - 2.2, words.text("report.cycle.level"))


def _levels(recording: Recording, start_s: float, end_s: float, top_hz: float) -> tuple[NDArray[np.float32], float]:
    """Return levels in dB, [frequency up to the top, frame] of the stretch, and the loudest but a few."""
    from resp.gallery.pictures import level_db

    rate_hz = recording.rate_hz
    samples = recording.mono()[round(start_s * rate_hz) : max(round(end_s * rate_hz), round(start_s * rate_hz) + 64)]
    level, _ = level_db(samples, rate_hz)
    rows = max(2, round(top_hz / (rate_hz / 2) * (len(level) - 1)) + 1)
    octaves = np.log2(np.maximum(np.linspace(0, rate_hz / 2, len(level))[:rows], _LOWEST_HZ) / _LOWEST_HZ)
    raised = level[:rows] + np.float32(SLOPE_DB) * octaves[:, None].astype(np.float32)
    return raised, float(np.percentile(raised, 99.8))


def _coloured(level: NDArray[np.float32], loudest_db: float, size: tuple[int, int]) -> "Image":
    """Return [row, column] in dB as a picture, the first row at its foot."""
    from matplotlib import colormaps
    from PIL import Image

    share = np.clip((level - (loudest_db - _RANGE_DB)) / _RANGE_DB, 0, 1)
    # Smoothed before it is coloured: colours between two are not those of a level between.
    smooth = Image.fromarray(share[::-1].astype(np.float32), mode="F").resize(size, Image.Resampling.BICUBIC)
    rgb = colormaps["magma"](np.clip(np.asarray(smooth), 0, 1))[..., :3]
    return Image.fromarray(np.rint(rgb * 255).astype(np.uint8))
