"""A recording as a picture: its spectrogram in s and Hz, with the borders of cycles or windows and their labels."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resp.audio import Recording
from resp.gallery.pictures import level_db
from resp.score.schema import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP_HZ = 2000.0
"""Highest frequency that is drawn: what lung sounds are judged by lies below."""
_COLOUR_MAP = "magma"
_RANGE_DB = 70.0
# What is finer cannot be seen.
_COLUMNS = 1600


def draw_spectrogram(
    recording: Recording,
    report: Report | None = None,
    *,
    size_inches: tuple[float, float] = (10.0, 4.0),
    dpi: int = 120,
    top_hz: float = TOP_HZ,
) -> NDArray[np.uint8]:
    """Draw a recording's spectrogram.

    Parameters
    ----------
    recording
        The mean of its channels is drawn.
    report
        Whose segments are marked; none where None.
    size_inches, dpi
        Width and height, and dots an inch.
    top_hz
        Highest frequency; half the rate where that is lower.

    Returns
    -------
    ndarray
        uint8 [height, width, 3], red, green and blue.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rate_hz = recording.rate_hz
    level, window = level_db(recording.mono(), rate_hz)
    level = _fewer_columns(level)
    loudest_db = float(np.percentile(level, 99.8))
    figure = Figure(figsize=size_inches, dpi=dpi, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    # The outer frames are centred on the first and last sample.
    half_s = window / 8 / rate_hz
    drawn = axes.imshow(
        level,
        origin="lower",
        aspect="auto",
        cmap=_COLOUR_MAP,
        vmin=loudest_db - _RANGE_DB,
        vmax=loudest_db,
        extent=(-half_s, recording.duration_s + half_s, 0, rate_hz / 2),
    )
    axes.set_xlim(0, recording.duration_s)
    axes.set_ylim(0, min(top_hz, rate_hz / 2))
    axes.set_xlabel("time (s)")
    axes.set_ylabel("frequency (Hz)")
    figure.colorbar(drawn, ax=axes, label="level (dB)", pad=0.01)
    if report:
        _mark_segments(axes, report)
    drawing: Any = canvas
    drawing.draw()
    picture: NDArray[np.uint8] = np.ascontiguousarray(np.asarray(drawing.buffer_rgba())[..., :3])
    return picture


def _fewer_columns(level: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep the loudest of neighbouring frames, so that no short sound is lost."""
    together = -(-level.shape[1] // _COLUMNS)
    if together == 1:
        return level
    starts = np.arange(0, level.shape[1], together)
    fewer: NDArray[np.float32] = np.maximum.reduceat(level, starts, axis=1)
    return fewer


def _mark_segments(axes: "Axes", report: Report) -> None:
    few = len(report.segments) <= 24
    for segment in report.segments:
        for edge_s in (segment.start_s, segment.end_s):
            axes.axvline(edge_s, color="white", linewidth=0.7, linestyle="--", alpha=0.8)
        if few:
            axes.text(
                (segment.start_s + segment.end_s) / 2,
                0.97,
                segment.label or "?",
                transform=axes.get_xaxis_transform(),
                color="white",
                fontsize=8,
                ha="center",
                va="top",
                clip_on=True,
            )
