"""The stretches of sound that a report's segments stand for, and which segment a stretch is."""

from bisect import bisect_left, bisect_right
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


def segments_of(stretches: Sequence[tuple[float, float]], segments: Sequence[Segment]) -> tuple[Segment | None, ...]:
    """Return the segment that begins and ends where each stretch does, to 10 ms, since edges are drawn by hand.

    Parameters
    ----------
    stretches
        Start and end in s.
    segments
        In the order of time; each is known by its own edges and by those of `stretches_apart`.

    Returns
    -------
    tuple of Segment or None
        The nearest to each stretch; None where none is that near.
    """
    known = [((segment.start_s, segment.end_s), segment) for segment in segments]
    known += zip(stretches_apart(segments), segments, strict=True)
    known.sort(key=lambda one: one[0])
    starts = [start_s for (start_s, _), _ in known]
    near_s = SAME_EDGE_S + _ROUNDING_S
    found: list[Segment | None] = []
    for start_s, end_s in stretches:
        # Only these begin near enough: a correction of an hour has a thousand cycles.
        nearby = known[bisect_left(starts, start_s - near_s) : bisect_right(starts, start_s + near_s)]
        offs = [max(abs(edges[0] - start_s), abs(edges[1] - end_s)) for edges, _ in nearby]
        nearest = min(offs, default=near_s + 1)
        found.append(nearby[offs.index(nearest)][1] if nearest <= near_s else None)
    return tuple(found)
