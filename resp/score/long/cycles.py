"""Breath cycles that go on from stretch to stretch."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Cycles = tuple[tuple[float, float], ...]


class JoinedCycles:
    """Takes the cycles that each stretch finds with its margins, and gives each stretch those that are its own.

    Every stretch is looked at on its own, so that neighbours see the same breath a few hundredths of a second apart:
    the cycle over a seam belongs to the stretch in which it begins, and the next one goes on where it ends.
    """

    def __init__(self) -> None:
        self._end_s: float | None = None

    def own(self, found: Sequence[tuple[float, float]], start_s: float, end_s: float, *, last: bool) -> Cycles:
        """Return the cycles of a stretch.

        Parameters
        ----------
        found
            In seconds of the recording, without gaps, over the stretch and its margins; empty where none were found.
        start_s, end_s
            Of the stretch.
        last
            Whether it ends the recording.

        Returns
        -------
        tuple of (float, float)
            Without gaps, from where the stretch before ended; empty where none were found.
        """
        before, self._end_s = self._end_s, None
        if not found:
            return ()
        inner = np.array([start for start, _ in found[1:]])
        usual = float(np.median([end - start for start, end in found]))
        if before is not None:
            begin = before
        elif start_s <= 0:
            begin = 0.0
        else:
            later = inner[inner >= start_s]
            if not later.size:
                return ()
            begin = float(later[0])
        # The same boundary, seen from here, is no other one.
        own = inner[inner > begin + (usual / 2 if begin > 0 else 0.0)]
        if last:
            edges = [begin, *own.tolist(), end_s]
        else:
            within, beyond = own[own < end_s], own[own >= end_s]
            edges = [begin, *within.tolist(), *beyond[:1].tolist()]
            self._end_s = edges[-1] if len(edges) > 1 else None
        return tuple(pairwise(edges))
