"""Explanations as pictures: contours over a spectrogram, which every reader can tell from the sound beneath."""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from resp.audio import Recording
from resp.gallery.pictures import level_db
from resp.score.explain.explanation import Explanation, edges, threshold

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What the outer and the inner line enclose, of all that speaks for the class.
SHARES = (0.8, 0.5)
# Okabe and Ito's sky blue, on a black line: neither is in the colour map beneath, and light differs most of all.
_LINE, _HALO = "#56B4E9", "#000000"
_WIDTHS = (1.0, 2.2)
_VEIL = 0.45
_COLOUR_MAP = "magma"
_RANGE_DB = 70.0
_DPI = 100
_MARGIN_S = 0.5


def draw_explanation(recording: Recording, explanation: Explanation, *, top_hz: float | None = None) -> bytes:
    """Draw the spectrogram of an explained stretch, and over it where most of the importance lies.

    Parameters
    ----------
    recording
        The whole recording; half a second on either side of the stretch is drawn too.
    explanation
        Of a stretch of it.
    top_hz
        Highest frequency that is drawn; as far as the network hears where None.

    Returns
    -------
    bytes
        A PNG file.
    """
    from matplotlib.figure import Figure

    top_hz = min(top_hz or explanation.frequencies_hz[-1], recording.rate_hz / 2)
    first = max(0, round((explanation.start_s - _MARGIN_S) * recording.rate_hz))
    last = round((explanation.end_s + _MARGIN_S) * recording.rate_hz)
    samples = recording.mono()[first:last]
    level, window = level_db(samples, recording.rate_hz)
    step_s = window / 4 / recording.rate_hz
    loudest_db = float(np.percentile(level, 99.8))
    figure = Figure(figsize=(8, 3.6), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    axes.imshow(
        level,
        origin="lower",
        aspect="auto",
        cmap=_COLOUR_MAP,
        vmin=loudest_db - _RANGE_DB,
        vmax=loudest_db,
        extent=(
            first / recording.rate_hz - step_s / 2,
            first / recording.rate_hz + (level.shape[1] - 0.5) * step_s,
            0,
            recording.rate_hz / 2,
        ),
    )
    axes.set_xlim(first / recording.rate_hz, (first + len(samples)) / recording.rate_hz)
    axes.set_ylim(0, top_hz)
    draw_contours(axes, explanation)
    for edge_s in (explanation.start_s, explanation.end_s):
        axes.axvline(edge_s, color="white", linewidth=1, linestyle="--")
    axes.set_xlabel("time (s)")
    axes.set_ylabel("frequency (Hz)")
    axes.set_title(
        f"{explanation.label}, {explanation.start_s:.1f} to {explanation.end_s:.1f} s: "
        f"{explanation.method.replace('_', ' ')}; the lines hold 80 % and 50 % of what spoke for it",
        fontsize=9,
    )
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def overlay_png(explanation: Explanation, top_hz: float, *, width: int = 900, height: int = 480) -> bytes:
    """Draw the contours alone, on nothing, to be laid over a picture of the explained stretch.

    Parameters
    ----------
    explanation
        The picture's left and right ends are the stretch's own.
    top_hz
        The frequency at the picture's upper end; 0 Hz is at its lower one.
    width, height
        In pixels.

    Returns
    -------
    bytes
        A PNG file, transparent where nothing is drawn.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    figure.patch.set_alpha(0)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(explanation.start_s, explanation.end_s)
    axes.set_ylim(0, top_hz)
    draw_contours(axes, explanation)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", transparent=True)
    return buffer.getvalue()


def draw_contours(axes: "Axes", explanation: Explanation) -> None:
    """Draw the lines that hold `SHARES` of what speaks for the class, and darken what lies outside the outer one."""
    picture = explanation.smoothed()
    if not picture.any():
        return
    levels = [threshold(picture, share) for share in SHARES]
    time_edges, band_edges = edges(explanation.times_s), edges(explanation.frequencies_hz)
    # A rim of nothing closes the lines at the ends of the stretch.
    rim = np.pad(picture.T, 1)
    times = np.concatenate([time_edges[:1], explanation.times_s, time_edges[-1:]])
    bands = np.concatenate([band_edges[:1], explanation.frequencies_hz, band_edges[-1:]])
    axes.contourf(times, bands, rim, levels=[-1.0, levels[0]], colors=[_HALO], alpha=_VEIL)
    for level, line_width in zip(levels, _WIDTHS, strict=True):
        for width, colour in ((line_width + 2, _HALO), (line_width, _LINE)):
            axes.contour(times, bands, rim, levels=[level], colors=[colour], linewidths=width)
