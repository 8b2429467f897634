"""Pictures of exhibits: waveforms over spectrograms, the given beside the changed, on the same scales."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from resp.features import stft
from resp.features.mel import hz_to_mel
from resp.features.settings import FilterBankSettings
from resp.gallery.exhibit import Heard, Seen
from resp.gallery.spectrogram import filter_bank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 90
_PANEL_INCHES = 4.0
_RANGE_DB = 80.0
_WINDOW_S = 0.04
_COLOUR_MAP = "magma"
_INK = "#0072B2"
# Columns and rows of a picture: what is finer cannot be seen.
_COLUMNS = 1200
_ROWS = 200
# The mel scale, as most of a breath sound lies below 1 kHz.
_FREQUENCY = "frequency (Hz), mel scale"
_MARKS_HZ = (0, 200, 500, 1000, 2000, 4000, 8000, 16_000, 32_000)


def draw(panels: Sequence[Heard] | Sequence[Seen], rate_hz: int) -> bytes:
    """Draw panels side by side.

    Parameters
    ----------
    panels
        All heard or all seen; at least one.
    rate_hz
        Sampling rate of their sounds, in Hz.

    Returns
    -------
    bytes
        A PNG file.
    """
    from matplotlib.figure import Figure

    heard = [panel for panel in panels if isinstance(panel, Heard)]
    seen = [panel for panel in panels if isinstance(panel, Seen)]
    figure = Figure(figsize=(_PANEL_INCHES * len(panels) + 0.7, 3.9 if heard else 2.7), dpi=_DPI)
    if heard:
        _draw_heard(figure, heard, rate_hz)
    else:
        _draw_seen(figure, seen, filter_bank(rate_hz))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def level_db(waveform: NDArray[np.float32], rate_hz: int) -> tuple[NDArray[np.float32], int]:
    """Return a waveform's short-time levels and their window.

    Parameters
    ----------
    waveform
        [time].

    Returns
    -------
    tuple
        [frequency, frame] in dB, where a sine of amplitude 1 stands at 0 dB, 0 Hz first; and the window in
        samples, of about 40 ms. Frame n is centred at sample n · window / 4.
    """
    window = max(16, round(_WINDOW_S * rate_hz / 4) * 4)
    amplitude = stft(waveform, window).abs().numpy() * 4 / window
    return 20 * np.log10(np.maximum(amplitude, 1e-10)), window


def _draw_heard(figure: "Figure", panels: Sequence[Heard], rate_hz: int) -> None:
    axes = figure.subplots(2, len(panels), sharex=True, squeeze=False, height_ratios=(1, 1.9))
    figure.subplots_adjust(left=_left(len(panels)), right=0.985, top=0.93, bottom=0.12, hspace=0.1, wspace=0.09)
    levels = [level_db(panel.waveform, rate_hz) for panel in panels]
    loudest_db = max(float(np.percentile(level, 99.9)) for level, _ in levels)
    peak = max(float(np.abs(panel.waveform).max()) for panel in panels) or 1.0
    for place, (panel, (level, window)) in enumerate(zip(panels, levels, strict=True)):
        above, below = axes[:, place]
        _draw_waveform(above, panel.waveform, rate_hz)
        above.set_ylim(-1.05 * peak, 1.05 * peak)
        above.set_title(panel.title, fontsize=10)
        hop = window // 4
        below.imshow(
            on_mel_scale(level[:, :: max(1, level.shape[1] // _COLUMNS)], rate_hz),
            origin="lower",
            aspect="auto",
            cmap=_COLOUR_MAP,
            vmin=loudest_db - _RANGE_DB,
            vmax=loudest_db,
            extent=(-hop / 2 / rate_hz, (level.shape[1] - 0.5) * hop / rate_hz, 0, hz_to_mel(rate_hz / 2)),
        )
        marks = {hz: hz_to_mel(hz) for hz in _MARKS_HZ if hz <= rate_hz / 2}
        below.set_yticks(list(marks.values()), [f"{hz:g}" for hz in marks])
        below.set_xlim(0, max(len(one.waveform) for one in panels) / rate_hz)
        below.set_xlabel("time (s)", fontsize=8)
        if place:
            above.set_yticklabels([])
            below.set_yticklabels([])
    axes[0, 0].set_ylabel("amplitude", fontsize=8)
    axes[1, 0].set_ylabel(_FREQUENCY, fontsize=8)
    for one in axes.flat:
        one.tick_params(labelsize=7)


def _draw_waveform(axes: "Axes", waveform: NDArray[np.float32], rate_hz: int) -> None:
    """Draw the lowest and highest sample of each column, so that no peak is lost."""
    edges = np.linspace(0, len(waveform), min(_COLUMNS, len(waveform)) + 1).astype(int)[:-1]
    time_s = edges / rate_hz
    low, high = np.minimum.reduceat(waveform, edges), np.maximum.reduceat(waveform, edges)
    axes.fill_between(time_s, low, high, color=_INK, linewidth=0.5)
    axes.axhline(0, color="black", linewidth=0.3)


def _draw_seen(figure: "Figure", panels: Sequence[Seen], settings: FilterBankSettings) -> None:
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    figure.subplots_adjust(left=_left(len(panels)), right=0.985, top=0.9, bottom=0.17, wspace=0.09)
    low, high = (float(bound) for bound in np.percentile([panel.log_mel for panel in panels], (1, 99.9)))
    for place, (one, panel) in enumerate(zip(axes, panels, strict=True)):
        frames, bins = panel.log_mel.shape
        step_s, length_s = (samples / settings.rate_hz for samples in (settings.frame_shift, settings.frame_length))
        # Frame n is centred at n steps and half its length.
        start_s = (length_s - step_s) / 2
        end_s = start_s + frames * step_s
        one.imshow(
            panel.log_mel.T,
            origin="lower",
            aspect="auto",
            cmap=_COLOUR_MAP,
            vmin=low,
            vmax=max(high, low + 1e-6),
            extent=(start_s, end_s, -0.5, bins - 0.5),
        )
        if panel.grid is not None:
            rows, columns = panel.grid
            lines = {"color": "white", "linewidth": 0.6, "alpha": 0.7}
            for row in range(1, rows):
                one.axhline(row * bins / rows - 0.5, **lines)
            for column in range(1, columns):
                one.axvline(start_s + column * (end_s - start_s) / columns, **lines)
        marks = _mel_marks(settings)
        one.set_yticks(list(marks.values()), [f"{hz:g}" for hz in marks] if place == 0 else [])
        one.set_title(panel.title, fontsize=10)
        one.set_xlabel("time (s)", fontsize=8)
        one.tick_params(labelsize=7)
    axes[0].set_ylabel(_FREQUENCY, fontsize=8)


def on_mel_scale(level: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """Bring the rows of [frequency, frame] from equal steps in Hz, 0 to half the rate, to equal steps in mel."""
    mel = (np.arange(_ROWS) + 0.5) / _ROWS * hz_to_mel(rate_hz / 2)
    row = mel_to_hz(mel) / (rate_hz / 2) * (len(level) - 1)
    below = np.minimum(row.astype(int), len(level) - 2)
    share = (row - below)[:, None].astype(np.float32)
    rows: NDArray[np.float32] = level[below] * (1 - share) + level[below + 1] * share
    return rows


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mel in Hz: the inverse of `hz_to_mel`."""
    return 700.0 * np.expm1(mel / 1127.0)


def _mel_marks(settings: FilterBankSettings) -> dict[int, float]:
    """Return round frequencies in Hz and the places of an axis of mel bins at which they lie."""
    low_mel, top_mel = hz_to_mel(settings.low_hz), hz_to_mel(settings.top_hz)
    step_mel = (top_mel - low_mel) / (settings.bins + 1)
    return {hz: (hz_to_mel(hz) - low_mel) / step_mel - 1 for hz in _MARKS_HZ if settings.low_hz < hz < settings.top_hz}


def _left(panels: int) -> float:
    """Return the room for the labels at the left, as a share of the figure."""
    return 0.62 / (_PANEL_INCHES * panels + 0.7)
