"""The stretches of sound that a report's segments stand for, and which segment a stretch is."""

from collections.abc import Sequence
from itertools import pairwise

from resp.score.schema import Segment

SAME_EDGE_S = 0.010
# What adding and rounding do to a time.
_ROUNDING_S = 1e-9


def stretches_apart(segments: Sequence[Segment]) -> tuple[tuple[float, float], ...]:
    """Return start and end of each segment in s, cut where it overlaps the next.

    Breath cycles follow one another and stay as they are. The windows of a recording in which no cycles were found
    overlap: in the middle of what two of them share the second takes over, so that each moment is in one stretch.

    Parameters
    ----------
    segments
        In the order of time.
    """
    edges = [[segment.start_s, segment.end_s] for segment in segments]
    for one, other in pairwise(edges):
        if one[1] > other[0]:
            one[1] = other[0] = (one[1] + other[0]) / 2
    return tuple((start_s, end_s) for start_s, end_s in edges)


def segment_of(start_s: float, end_s: float, segments: Sequence[Segment]) -> Segment | None:
    """Return the segment that begins and ends where a stretch does, to 10 ms, since edges are drawn by hand.

    Parameters
    ----------
    start_s, end_s
        The stretch.
    segments
        In the order of time; each is known by its own edges and by those of `stretches_apart`.

    Returns
    -------
    Segment or None
        The nearest; None where none is that near.
    """
    known = [((segment.start_s, segment.end_s), segment) for segment in segments]
    known += zip(stretches_apart(segments), segments, strict=True)

    def off(one: tuple[tuple[float, float], Segment]) -> float:
        (begin_s, stop_s), _ = one
        return max(abs(begin_s - start_s), abs(stop_s - end_s))

    nearest = min(known, key=off, default=None)
    return nearest[1] if nearest and off(nearest) <= SAME_EDGE_S + _ROUNDING_S else None
