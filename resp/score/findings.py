"""Findings: what neighbouring segments say alike becomes one event with a beginning and an end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from resp.score.errors import ScoreError
from resp.score.schema import Report, Segment

# Where one of two classes says that nothing was found.
_NOTHING = frozenset({"normal", "healthy"})


@dataclass(frozen=True, slots=True)
class FindingRules:
    """When a segment counts as a finding, and which findings are one.

    Parameters
    ----------
    thresholds
        Class → probability from which a segment counts, whatever else it says; a class without one counts where it
        is the segment's label.
    merge_gap_s
        Findings of one class with no more than this between them are one; 0 joins what touches or overlaps.

    Raises
    ------
    ScoreError
        A threshold that is no probability, or a negative gap.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    merge_gap_s: float = 0.0

    def __post_init__(self) -> None:
        for name, threshold in self.thresholds.items():
            if not 0 < threshold <= 1:
                raise ScoreError(f"a threshold of {threshold:g} for {name}; expected a probability above 0, up to 1")
        if not self.merge_gap_s >= 0:
            raise ScoreError(f"a gap of {self.merge_gap_s:g} s; expected 0 or more")

    def check(self, classes: Sequence[str]) -> None:
        """Refuse thresholds of classes that a model does not have, or that are no finding."""
        found = [name for name in classes if name not in _NOTHING]
        for name in self.thresholds:
            if name not in found:
                raise ScoreError(f"a threshold for {name!r}; the findings of the model are {', '.join(found)}")

    def counts(self, segment: Segment, name: str) -> bool:
        """Tell whether a segment is part of a finding of a class."""
        threshold = self.thresholds.get(name)
        return segment.label == name if threshold is None else segment.probabilities.get(name, 0.0) >= threshold


@dataclass(slots=True)
class Finding:
    """An event: its class, where it lies, of how many segments, their highest and (by length) mean probability."""

    label: str
    start_s: float
    end_s: float
    segments: int
    p_highest: float
    p_mean: float


def find_findings(report: Report, segments: Iterable[Segment] | None, rules: FindingRules) -> list[Finding]:
    """Return the findings of a recording in the order in which they begin; none where it was refused.

    Parameters
    ----------
    report
        Of the recording.
    segments
        Its segments in order; None takes those that the report holds.
    rules
        What counts, and what is joined.
    """
    if report.familiarity is not None and report.familiarity.verdict == "not_lung":
        return []
    found: list[Finding] = []
    last: dict[str, Finding] = {}
    weights: dict[str, float] = {}
    for segment in report.segments if segments is None else segments:
        length_s = segment.end_s - segment.start_s
        for name, probability in segment.probabilities.items():
            if name in _NOTHING or not rules.counts(segment, name):
                continue
            now = last.get(name)
            # Times are sums: what touches may seem to lie a rounding error apart.
            if now is None or segment.start_s > now.end_s + rules.merge_gap_s + 1e-6:
                last[name] = Finding(name, segment.start_s, segment.end_s, 1, probability, probability)
                weights[name] = length_s
                found.append(last[name])
                continue
            weights[name] += length_s
            now.end_s = max(now.end_s, segment.end_s)
            now.segments += 1
            now.p_highest = max(now.p_highest, probability)
            now.p_mean += (probability - now.p_mean) * length_s / weights[name]
    return found
