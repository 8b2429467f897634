"""What is drawn of a recording: the outline of its waveform, its spectrogram, its cycles in lanes."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from resp.score.schema import Segment

COLUMNS = 1400
RANGE_DB = 60.0
# Lung sound falls steeply with frequency; speech pictures are raised by as much for the same reason.
SLOPE_DB = 6.0
_WINDOW_S = 0.064
_LOWEST_HZ = 30.0
_COLOUR_MAP = "magma"


@dataclass(frozen=True, slots=True)
class Outline:
    """Lowest and highest sample of each column, [column], and the largest magnitude of all."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    peak: float


def outline(samples: NDArray[np.float32], columns: int = COLUMNS) -> Outline:
    """Return the outline of ``samples`` [time]; a peak between two columns is never lost."""
    edges = np.linspace(0, len(samples), min(columns, len(samples)) + 1).astype(int)[:-1]
    low, high = np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)
    return Outline(low, high, float(np.abs(samples).max()))


def spectrogram_db(samples: NDArray[np.float32], rate_hz: int, top_hz: float) -> NDArray[np.float32]:
    """Return the level of ``samples`` [time] in dB below the loudest, [frequency, column], 0 Hz first.

    Windows of 64 ms, so that a wheeze is a line; few enough that an hour draws as fast as a breath. Raised by
    ``SLOPE_DB`` an octave.
    """
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    width = min(round(_WINDOW_S * rate_hz), len(samples))
    hop = max(1, width // 8, len(samples) // COLUMNS)
    transform = ShortTimeFFT(hann(width, sym=False), hop, rate_hz, mfft=2 * width)
    columns = max(1, len(samples) // hop)
    power = transform.spectrogram(samples.astype(np.float64), p0=0, p1=columns, padding="even")
    if not power.any():
        return np.full((1, 1), -np.inf, dtype=np.float32)
    shown = int(np.searchsorted(transform.f, top_hz, side="right"))
    octaves = np.log2(np.maximum(transform.f[:shown], _LOWEST_HZ) / _LOWEST_HZ)
    level = 10 * np.log10(np.maximum(power[:shown], 1e-20)) + SLOPE_DB * octaves[:, None]
    return (level - np.percentile(level, 99.8)).astype(np.float32)


def spectrogram_uri(level_db: NDArray[np.float32]) -> str:
    """Return a spectrogram [frequency, column] in dB as a ``data:`` address, 0 Hz at the bottom."""
    from matplotlib.image import imsave

    buffer = BytesIO()
    imsave(buffer, level_db, cmap=_COLOUR_MAP, vmin=-RANGE_DB, vmax=0.0, origin="lower", format="png")
    return "data:image/png;base64," + b64encode(buffer.getvalue()).decode()


def ticks(top: float, wanted: int) -> list[float]:
    """Return round numbers from 0 to ``top``, about ``wanted`` of them."""
    if top <= 0:
        return [0.0]
    rough = top / wanted
    magnitude = 10.0 ** np.floor(np.log10(rough))
    step = next(magnitude * factor for factor in (1, 2, 5, 10) if magnitude * factor >= rough * 0.999)
    return [float(value) for value in np.arange(0, top * 1.0001, step)]


def lanes(segments: Sequence[Segment]) -> list[int]:
    """Return the lane of each segment, so that segments of one lane never overlap."""
    ends: list[float] = []
    placed = []
    for segment in segments:
        lane = next((lane for lane, end in enumerate(ends) if end <= segment.start_s + 1e-6), len(ends))
        ends[lane : lane + 1] = [segment.end_s]
        placed.append(lane)
    return placed
