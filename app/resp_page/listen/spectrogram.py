"""A recording's spectrogram as bytes: fine enough for one second across the screen, bounded for an hour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RANGE_DB = 60.0
"""What is shown, from black to white."""
# Lung sound falls steeply with frequency; speech pictures are raised by as much for the same reason.
SLOPE_DB = 6.0
SPLIT_HZ = 2000.0
"""Lung sounds lie below; the rest is a grid of its own, which is fetched only when it is looked at."""
_SLOPE_FROM_HZ, _SLOPE_TO_HZ = 30.0, SPLIT_HZ
FLOOR_DB, CEILING_DB = -84.0, 6.0
"""What the bytes 0 and 255 stand for, relative to the loudest parts."""

_HOP_S = 0.005
_MOST_COLUMNS = 12_000
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Sharpness:
    """What a spectrogram shows best: its window, and how its rows lie.

    Parameters
    ----------
    window_s
        Sounds that are nearer to each other in time run together.
    row_hz
        Distance of the rows up to `SPLIT_HZ`.
    most_high_rows
        Above it, each row stands for so many hertz that there are no more rows than these.
    """

    window_s: float
    row_hz: float
    most_high_rows: int


IN_PITCH = Sharpness(0.064, 10.0, 200)
"""A wheeze is a line."""
IN_TIME = Sharpness(0.016, 40.0, 80)
"""A crackle is a line."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Levels as bytes, [column, row]: the column's centre is at (column + ½) · hop_s, row 0 at first_hz."""

    levels: NDArray[np.uint8]
    hop_s: float
    first_hz: float
    step_hz: float


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """Below and above `SPLIT_HZ`; ``high`` is None where the recording ends there."""

    low: Grid
    high: Grid | None


def spectrogram(samples: NDArray[np.float32], rate_hz: int, sharpness: Sharpness = IN_PITCH) -> Spectrogram:
    """Return the levels of ``samples`` [time] in dB below the loudest, raised by ``SLOPE_DB`` an octave up to 2 kHz.

    Columns lie 5 ms apart in a minute of sound and further in a longer one, where each holds the loudest of what it
    stands for, so that no crackle falls between two of them. At most 12 000 columns, of 200 + 200 bytes sharp in pitch
    and 50 + 80 sharp in time.
    """
    duration_s = len(samples) / rate_hz
    columns = int(np.clip(round(duration_s / _HOP_S), 1, _MOST_COLUMNS))
    hop_s = duration_s / columns
    looks = int(np.ceil(hop_s / (sharpness.window_s / 2)))  # how many windows a column is the loudest of
    size = 2 * round(rate_hz / sharpness.row_hz / 2) or 2
    width = max(2, min(round(sharpness.window_s * rate_hz), size))
    step_hz = rate_hz / size
    low_rows = min(size // 2, int(SPLIT_HZ / step_hz)) + 1
    pooled = int(np.ceil((size // 2 + 1 - low_rows) / sharpness.most_high_rows))
    power = _power(samples, columns, looks, width, size, low_rows, pooled)
    if not power.any():
        return _parted(np.zeros(power.shape, np.uint8), hop_s, step_hz, low_rows, pooled)
    heights_hz = np.concatenate(
        [
            step_hz * np.arange(low_rows),
            step_hz * (low_rows + pooled * (np.arange(power.shape[1] - low_rows) + 0.5)),
        ]
    )
    level = 10 * np.log10(np.maximum(power, 1e-20))
    level += SLOPE_DB * np.log2(np.clip(heights_hz, _SLOPE_FROM_HZ, _SLOPE_TO_HZ) / _SLOPE_FROM_HZ)
    level -= np.percentile(level, 99.8)
    whole = np.rint((level - FLOOR_DB) / (CEILING_DB - FLOOR_DB) * 255)
    return _parted(np.clip(whole, 0, 255).astype(np.uint8), hop_s, step_hz, low_rows, pooled)


def _power(
    samples: NDArray[np.float32], columns: int, looks: int, width: int, size: int, low_rows: int, pooled: int
) -> NDArray[np.float32]:
    """Return power [column, row]: rows of one bin each, then rows that hold the loudest of ``pooled`` bins."""
    from scipy.fft import rfft
    from scipy.signal.windows import hann

    window = hann(width, sym=False).astype(np.float32)
    # Mirrored at its ends, as sound goes on there.
    padded = np.pad(samples, width // 2, mode="symmetric")
    frames = columns * looks
    starts = np.minimum(((np.arange(frames) + 0.5) * len(samples) / frames).astype(np.int64), len(padded) - width)
    views = np.lib.stride_tricks.sliding_window_view(padded, width)
    high_rows = int(np.ceil((size // 2 + 1 - low_rows) / pooled)) if pooled else 0
    power = np.empty((columns, low_rows + high_rows), np.float32)
    block = max(1, _BLOCK // looks)
    for first in range(0, columns, block):
        last = min(first + block, columns)
        spectrum = rfft(views[starts[first * looks : last * looks]] * window, size)
        loud = (spectrum.real**2 + spectrum.imag**2).reshape(last - first, looks, -1).max(axis=1)
        power[first:last, :low_rows] = loud[:, :low_rows]
        if high_rows:
            power[first:last, low_rows:] = np.maximum.reduceat(loud, range(low_rows, loud.shape[1], pooled), axis=1)
    return power


def _parted(levels: NDArray[np.uint8], hop_s: float, step_hz: float, low_rows: int, pooled: int) -> Spectrogram:
    low = Grid(np.ascontiguousarray(levels[:, :low_rows]), hop_s, 0.0, step_hz)
    if levels.shape[1] == low_rows:
        return Spectrogram(low, None)
    first_hz = step_hz * (low_rows + (pooled - 1) / 2)
    return Spectrogram(low, Grid(np.ascontiguousarray(levels[:, low_rows:]), hop_s, first_hz, step_hz * pooled))
