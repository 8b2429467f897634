"""What a method says drove a finding, on the spectrogram's grid in seconds and Hz."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# About the spread of what the coarsest method can tell apart; without it a picture of gradients is snow.
SMOOTH_S = 0.06
SMOOTH_HZ = 30.0
MOST = 0.5
"""The share of all importance that is called "most of it"."""


@dataclass(frozen=True, slots=True)
class Region:
    """A connected stretch of time and frequency that holds much of the importance.

    Parameters
    ----------
    start_s, end_s
        In seconds of the recording.
    low_hz, high_hz
        Its band.
    share
        How much of all importance that speaks for the class lies in it, 0 to 1.
    """

    start_s: float
    end_s: float
    low_hz: float
    high_hz: float
    share: float

    def words(self) -> str:
        """Return it as ``1.2–1.9 s, 300–600 Hz``; less than a tenth of a second as the tenths it touches."""
        start_s, end_s = round(self.start_s, 1), round(self.end_s, 1)
        if start_s == end_s:
            start_s, end_s = math.floor(10 * self.start_s) / 10, math.ceil(10 * self.end_s) / 10
        return f"{start_s:.1f}–{end_s:.1f} s, {_round_hz(self.low_hz)}–{_round_hz(self.high_hz)} Hz"


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What drove one class in one stretch of a recording.

    Parameters
    ----------
    method
        Name of the method.
    label
        The class that is explained.
    importance
        Float32 [frames, bins]: what each cell did for the class (above 0) or against it (below). Its unit is the
        method's own; only its distribution is comparable.
    times_s
        Centres of the frames, in seconds of the recording, [frames].
    frequencies_hz
        Centres of the bins, [bins], ascending and not above half the network's sampling rate.
    start_s, end_s
        The stretch that was explained. A stretch that is longer than the network's window is judged, and explained,
        only as far as the window reaches.
    """

    method: str
    label: str
    importance: NDArray[np.float32]
    times_s: Floats
    frequencies_hz: Floats
    start_s: float
    end_s: float

    def smoothed(self) -> NDArray[np.float32]:
        """Return what speaks for the class, blurred to what an eye can follow, [frames, bins], none below 0."""
        from scipy.ndimage import gaussian_filter

        step_s, step_hz = (float(np.diff(edges(centres)).mean()) for centres in (self.times_s, self.frequencies_hz))
        blurred = gaussian_filter(
            np.maximum(self.importance, 0).astype(np.float64), (SMOOTH_S / step_s, SMOOTH_HZ / step_hz), mode="nearest"
        )
        return np.asarray(blurred, dtype=np.float32)

    def regions(self, *, most: float = MOST, count: int = 3) -> tuple[Region, ...]:
        """Return where most of what speaks for the class lies, the largest share first.

        Parameters
        ----------
        most
            The smallest set of cells that hold this share of it is cut into connected regions.
        count
            How many regions at most.
        """
        from scipy.ndimage import find_objects, label

        picture = self.smoothed()
        total = float(picture.sum())
        if not total > 0:
            return ()
        inside, _ = label(picture >= threshold(picture, most), structure=np.ones((3, 3)))
        time_edges, band_edges = edges(self.times_s), edges(self.frequencies_hz)
        found = []
        for number, place in enumerate(find_objects(inside), 1):
            frames, bins = place
            share = float(picture[place][inside[place] == number].sum()) / total
            start_s, end_s = time_edges[frames.start], time_edges[frames.stop]
            low_hz, high_hz = band_edges[bins.start], band_edges[bins.stop]
            found.append(Region(max(start_s, self.start_s), min(end_s, self.end_s), max(low_hz, 0.0), high_hz, share))
        return tuple(sorted(found, key=lambda region: -region.share)[:count])

    def words(self, name: str | None = None) -> str:
        """Say in a sentence where most of it lies.

        Parameters
        ----------
        name
            What the class is called; its own name where None.
        """
        called = name or self.label
        regions = self.regions()
        if not regions:
            return f"nothing in this stretch spoke for '{called}' above the others"
        held = sum(region.share for region in regions)
        # Half is what was asked for: more regions than are listed hold less.
        much = "most" if held >= 0.9 * MOST else "much"
        return f"{much} of what drove '{called}': " + "; ".join(region.words() for region in regions)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values: everything but the grid."""
        return {
            "method": self.method,
            "label": self.label,
            "start_s": self.start_s,
            "end_s": self.end_s,
            "words": self.words(),
            "regions": [
                {
                    "start_s": round(region.start_s, 3),
                    "end_s": round(region.end_s, 3),
                    "low_hz": round(region.low_hz, 1),
                    "high_hz": round(region.high_hz, 1),
                    "share": round(region.share, 4),
                }
                for region in self.regions()
            ],
        }


def threshold(picture: NDArray[np.float32], share: float) -> float:
    """Return the value at and above which the cells of ``picture`` hold ``share`` of its sum."""
    ordered = np.sort(picture, axis=None)[::-1].astype(np.float64)
    held = np.cumsum(ordered)
    return float(ordered[min(int(np.searchsorted(held, share * held[-1])), len(ordered) - 1)])


def edges(centres: Floats) -> Floats:
    """Return the edges between ``centres`` [n], [n + 1]: half way, and as far beyond the first and the last."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    between = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - between[0]], between, [2 * centres[-1] - between[-1]]])


def _round_hz(frequency_hz: float) -> int:
    """Return a frequency to two figures: a mel bin knows no better."""
    step = 10 if frequency_hz < 1000 else 50
    return int(round(frequency_hz / step) * step)
