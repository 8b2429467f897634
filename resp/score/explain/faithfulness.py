"""Whether an explanation is true to the network, and whether it points at what is there.

Deletion and insertion: Petsiuk, Das & Saenko, "RISE", BMVC 2018. Pointing game: Zhang et al., "Top-down neural
attention by excitation backprop", IJCV 126, 2018.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from resp.audio import Event
from resp.score.explain.explanation import Explanation, Floats
from resp.score.explain.heard import Heard

# Other rectangles than occlusion takes away, so that it is not judged on its own ground.
TILE_S, TILE_MEL = 0.13, 140.0
STEPS = 16
# Half of occlusion's rectangle in time, and six bins of the grid.
TOLERANCE_S, TOLERANCE_HZ = 0.1, 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """How probable the class is as the stretch is taken away, and as it comes back.

    Parameters
    ----------
    shares
        [steps + 1] of the rectangles, 0 to 1.
    deletion
        [steps + 1] probability with the most important share brought to the background.
    insertion
        [steps + 1] probability with only the most important share there.
    """

    shares: Floats
    deletion: Floats
    insertion: Floats

    @property
    def deletion_area(self) -> float:
        """Area under the deletion curve: the smaller, the truer the explanation."""
        return float(np.trapezoid(self.deletion, self.shares))

    @property
    def insertion_area(self) -> float:
        """Area under the insertion curve: the larger, the truer the explanation."""
        return float(np.trapezoid(self.insertion, self.shares))


def deletion_insertion(heard: Heard, importance: NDArray[np.floating], steps: int = STEPS) -> Curves:
    """Take rectangles away, and bring them back, in the order of their mean importance.

    Parameters
    ----------
    heard
        What was explained.
    importance
        [frames, bins] on its grid.
    steps
        In how many equal steps.
    """
    tiles = heard.tiles(TILE_S, TILE_MEL)
    sums = np.bincount(tiles.ravel(), weights=importance.ravel().astype(np.float64))
    return curves_of_order(heard, np.argsort(-sums / np.bincount(tiles.ravel()), kind="stable"), steps)


def random_curves(heard: Heard, generator: np.random.Generator, steps: int = STEPS) -> Curves:
    """Take rectangles away, and bring them back, in random order."""
    return curves_of_order(heard, generator.permutation(int(heard.tiles(TILE_S, TILE_MEL).max()) + 1), steps)


def curves_of_order(heard: Heard, order: NDArray[np.int64], steps: int = STEPS) -> Curves:
    """Take rectangles away, and bring them back, in ``order`` [rectangles]."""
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    ranks = torch.from_numpy(rank[heard.tiles(TILE_S, TILE_MEL)])
    taken = np.round(np.linspace(0, len(order), steps + 1)).astype(np.int64)
    left = (ranks[None] >= torch.from_numpy(taken)[:, None, None]).float()
    return Curves(taken / len(order), heard.probabilities(left), heard.probabilities(1 - left))


def loudness(heard: Heard) -> NDArray[np.float32]:
    """Return how far each cell lies above the background, in dB: a baseline that knows no network."""
    return np.asarray(heard.loudness_db.cpu().numpy())


@dataclass(frozen=True, slots=True)
class Pointing:
    """Whether an explanation's highest cell lies in an event, and how often a random cell would."""

    hit: bool
    chance: float


def pointing(explanation: Explanation, events: Sequence[Event], *, in_band: bool = False) -> Pointing:
    """Play the pointing game once.

    Parameters
    ----------
    explanation
        Its highest cell, smoothed, is where it points.
    events
        What it should point at; a cell hits one that is less than `TOLERANCE_S` away.
    in_band
        Whether it must also be less than `TOLERANCE_HZ` from the event's frequency; for tones.
    """
    times_s, frequencies_hz = explanation.times_s[:, None], explanation.frequencies_hz[None, :]
    inside = np.zeros(explanation.importance.shape, dtype=bool)
    for event in events:
        here = (times_s >= event.start_s - TOLERANCE_S) & (times_s <= event.end_s + TOLERANCE_S)
        inside |= here & (np.abs(frequencies_hz - event.frequency_hz) <= TOLERANCE_HZ) if in_band else here
    highest = np.unravel_index(int(explanation.smoothed().argmax()), inside.shape)
    return Pointing(bool(inside[highest]), float(inside.mean()))
