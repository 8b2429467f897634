"""Two results of one recording side by side, stretch by stretch."""

from dataclasses import dataclass

from resp.score.schema import Report, Segment

_SHARED = 0.5


@dataclass(frozen=True, slots=True)
class ComparedSegment:
    """One stretch of the sound, as each of two models heard it; None where one of them cut it otherwise."""

    first: Segment | None
    second: Segment | None

    @property
    def start_s(self) -> float:
        """Where it begins."""
        return min(one.start_s for one in (self.first, self.second) if one is not None)

    @property
    def end_s(self) -> float:
        """Where it ends."""
        return max(one.end_s for one in (self.first, self.second) if one is not None)

    @property
    def agree(self) -> bool | None:
        """Whether both give the same finding; None where at least one gives none."""
        if self.first is None or self.second is None or None in (self.first.label, self.second.label):
            return None
        return self.first.label == self.second.label


def compare_segments(first: Report, second: Report) -> tuple[ComparedSegment, ...]:
    """Return the stretches of two results of the same recording, in order of time.

    Breath cycles are found in the sound, so that two models judge the same ones; windows are the model's own. Two
    stretches are one where more than half of their span is shared.
    """
    left = list(second.segments)
    pairs = []
    for one in first.segments:
        best = max(left, key=lambda other: _shared(one, other), default=None)
        if best is not None and _shared(one, best) > _SHARED:
            left.remove(best)
            pairs.append(ComparedSegment(one, best))
        else:
            pairs.append(ComparedSegment(one, None))
    pairs += [ComparedSegment(None, other) for other in left]
    return tuple(sorted(pairs, key=lambda pair: (pair.start_s, pair.end_s)))


def _shared(one: Segment, other: Segment) -> float:
    """Return what two stretches share, as a share of what they span together."""
    shared_s = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
    span_s = max(one.end_s, other.end_s) - min(one.start_s, other.start_s)
    return max(0.0, shared_s) / span_s if span_s > 0 else 0.0
