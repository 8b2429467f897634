"""Breath cycles as people correct them: checked, kept as JSON, and laid beside what the model said."""

import json
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite

from resp.datasets.items import SOUND_CLASSES
from resp.records.errors import RecordsError
from resp.records.scope import shown
from resp.records.views import CorrectedCycle, CurrentCycle
from resp.score.schema import Report
from resp.score.stretches import segments_of, stretches_apart

MOST_CYCLES = 10_000
# What a player and a file header may disagree on about the end.
_END_SLACK_S = 0.05


def check_cycles(
    cycles: Sequence[CorrectedCycle], report: Report | None, duration_s: float | None
) -> tuple[CorrectedCycle, ...]:
    """Return cycles in the order of time.

    Parameters
    ----------
    cycles
        As a person says they are.
    report
        The result before the person; its model's classes may be said beside those of ICBHI.
    duration_s
        Length of the recording, where known.

    Raises
    ------
    RecordsError
        A cycle without length, outside the recording, twice, or with a label that nobody knows.
    """
    known = known_labels(report)
    if len(cycles) > MOST_CYCLES:
        raise RecordsError(f"{len(cycles)} cycles; expected at most {MOST_CYCLES} in a recording")
    for cycle in cycles:
        where = f"the cycle {shown(cycle.start_s)}–{shown(cycle.end_s)} s"
        if not (_is_number(cycle.start_s) and _is_number(cycle.end_s)):
            raise RecordsError(f"{where} has an edge that is not a number of seconds")
        if not 0 <= cycle.start_s < cycle.end_s:
            raise RecordsError(f"{where} has no length or begins before the recording; move its edges")
        if duration_s is not None and cycle.end_s > duration_s + _END_SLACK_S:
            raise RecordsError(f"{where} ends after the recording, which lasts {duration_s:.2f} s; move its end")
        if cycle.label is not None and cycle.label not in known:
            raise RecordsError(f"{where} is called {shown(cycle.label)}; expected one of {', '.join(known)}")
    ordered = sorted(cycles, key=lambda cycle: (cycle.start_s, cycle.end_s))
    for one, other in pairwise(ordered):
        if (one.start_s, one.end_s) == (other.start_s, other.end_s):
            raise RecordsError(f"the cycle {one.start_s:g}–{one.end_s:g} s is there twice; delete one of them")
    return tuple(CorrectedCycle(float(cycle.start_s), float(cycle.end_s), cycle.label) for cycle in ordered)


def known_labels(report: Report | None) -> tuple[str, ...]:
    """Return what a cycle may be called: ICBHI's classes, and those of the model that was heard."""
    more = [name for segment in (report.segments if report else ()) for name in segment.probabilities]
    return tuple(dict.fromkeys((*SOUND_CLASSES, *more)))


def write_cycles(cycles: Sequence[CorrectedCycle]) -> str:
    """Return cycles as JSON: a list of [start_s, end_s, label]."""
    return json.dumps([[cycle.start_s, cycle.end_s, cycle.label] for cycle in cycles], ensure_ascii=False)


def read_cycles(text: str) -> tuple[CorrectedCycle, ...]:
    """Return the cycles that `write_cycles` wrote."""
    return tuple(CorrectedCycle(*row) for row in json.loads(text))


def current_cycles(report: Report | None, corrected: Sequence[CorrectedCycle] | None) -> tuple[CurrentCycle, ...]:
    """Return the cycles as they stand.

    Parameters
    ----------
    report
        The newest result.
    corrected
        The correction that stands, None without one.

    Returns
    -------
    tuple of CurrentCycle
        The corrected ones, with what the model says of the same stretches; without a correction the model's own, as
        `stretches_apart` has them.
    """
    segments = report.segments if report else ()
    if corrected is None:
        return tuple(
            CurrentCycle(
                start_s,
                end_s,
                segment.label,
                model_label=segment.label,
                probabilities=segment.probabilities,
            )
            for segment, (start_s, end_s) in zip(segments, stretches_apart(segments), strict=True)
        )
    current = []
    said = segments_of([(cycle.start_s, cycle.end_s) for cycle in corrected], segments)
    for cycle, segment in zip(corrected, said, strict=True):
        model_label = segment.label if segment else None
        current.append(
            CurrentCycle(
                cycle.start_s,
                cycle.end_s,
                cycle.label,
                segment is None or cycle.label != model_label,
                model_label,
                segment.probabilities if segment else {},
            )
        )
    return tuple(current)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
