"""Other ways to place breath boundaries, for `breath_cycles.py`: what was tried and did not win.

Each takes the cases, and what it learns or chooses comes from the patients other than the one it is judged on.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resp.score.breath_boundaries import best_chain, find_boundaries, rise
from resp.score.breath_period import STEP_S, Period, find_period, standardised
from resp.score.cycles import BOUNDARY_SMOOTHING_S, HEARD_AFTER_S, SHORTEST_S, BreathCycles
from resp.score.envelope import BAND_HZ, smooth

Floats = NDArray[np.float64]

BANDS = (BAND_HZ, (150.0, 300.0), (300.0, 600.0), (600.0, 1200.0), (1200.0, 1800.0))
EDGE_S = 0.3
# For a period that the autocorrelation does not give.
USUAL_S = 2.7


@dataclass
class Case:
    """A recording with its annotated cycles, its envelopes in `BANDS` and what resp finds in it."""

    name: str
    patient: str
    duration_s: float
    cycles: Sequence[tuple[float, float]]
    envelopes: Floats
    found: BreathCycles | None
    period: Period = field(init=False)

    def __post_init__(self) -> None:
        self.period = find_period(self.envelopes[0], self.duration_s) or Period(USUAL_S, ())

    @property
    def rate(self) -> float:
        """Breaths per minute: 60 over the median annotated cycle."""
        return 60 / float(np.median([end_s - start_s for start_s, end_s in self.cycles]))

    @property
    def edges(self) -> Floats:
        """Annotated boundaries, without the recording's own ends."""
        edges = sorted({edge for cycle in self.cycles for edge in cycle})
        return np.array([edge for edge in edges if EDGE_S <= edge <= self.duration_s - EDGE_S])


@dataclass
class Guess:
    """Boundaries in seconds, and breaths per minute."""

    edges: Floats
    rate: float


Method = dict[str, Guess | None]


def guess(steps: NDArray[np.intp], case: Case, shift_s: float = HEARD_AFTER_S) -> Guess:
    """Return the boundaries at ``steps``, ``shift_s`` later, as resp would."""
    times = steps * STEP_S
    rate = 60 / float(np.median(np.diff(times))) if len(times) > 1 else 60 / case.period.period_s
    times = times + shift_s
    return Guess(times[(times >= SHORTEST_S) & (times <= case.duration_s - SHORTEST_S)], rate)


def chain(case: Case, shift_s: float = HEARD_AFTER_S) -> Guess:
    """Return resp's boundaries, whether or not it accepts the recording."""
    level_db = smooth(case.envelopes[0], BOUNDARY_SMOOTHING_S / STEP_S)
    return guess(find_boundaries(level_db, case.period.period_s), case, shift_s)


def lowest_minima(case: Case) -> Guess:
    """Return the envelope's lowest minima that lie more than 0.6 periods apart."""
    level = standardised(case.envelopes[0], 0.2)
    minima = np.flatnonzero((level[1:-1] < level[:-2]) & (level[1:-1] <= level[2:])) + 1
    kept: list[int] = []
    for step in minima[np.argsort(level[minima])]:
        if all(abs(step - other) * STEP_S > 0.6 * case.period.period_s for other in kept):
            kept.append(int(step))
    return guess(np.sort(np.array(kept, dtype=np.intp)), case, 0.0)


def each_patient(cases: Sequence[Case]) -> Iterator[tuple[list[Case], list[Case]]]:
    """Yield the cases of every patient, and those of all others."""
    for patient in sorted({case.patient for case in cases}):
        yield (
            [case for case in cases if case.patient == patient],
            [case for case in cases if case.patient != patient],
        )


def patient_weights(cases: Sequence[Case]) -> Floats:
    """Return weights that sum to one, the same for every patient."""
    names = [case.patient for case in cases]
    weights = np.array([1 / names.count(name) for name in names])
    return weights / weights.sum()


def learned_shift(cases: Sequence[Case], within_s: float) -> Method:
    """Learn by how much annotators are later: the median over what lies ``within_s`` of a boundary."""
    method: Method = {}
    for held, others in each_patient(cases):
        late: list[float] = []
        for case in others:
            if case.found:
                found = chain(case, 0.0).edges
                nearest = case.edges[np.abs(found[:, None] - case.edges).argmin(axis=1)]
                late += [value for value in nearest - found if abs(value) <= within_s]
        for case in held:
            method[case.name] = chain(case, float(np.median(late)))
    return method


def chosen_settings(cases: Sequence[Case], score: Callable[[Case, Guess], float]) -> Method:
    """Choose bands, smoothing, weights and evenness by the mean score of the other patients."""
    period_bands = ((0,), (1, 2, 3), (1, 2, 3, 4))
    grid = list(itertools.product(period_bands, ((0,), (1, 2, 3)), (0.08, 0.14), (0.5, 1.0), (2.0, 8.0)))
    made: list[Method] = [{} for _ in grid]
    for case in cases:
        periods = {
            bands: find_period(_mean(case, bands, 0.0), case.duration_s) or case.period for bands in period_bands
        }
        for method, (bands, places, smoothing_s, low, evenness) in zip(made, grid, strict=True):
            level = _mean(case, places, smoothing_s)
            steps = best_chain(rise(level) - low * level, periods[bands].period_s, evenness)
            method[case.name] = guess(steps, case)
    scores = {case.name: np.array([score(case, method[case.name]) for method in made]) for case in cases}
    best: Method = {}
    for held, others in each_patient(cases):
        mean = patient_weights(others) @ np.array([scores[case.name] for case in others])
        for case in held:
            best[case.name] = made[int(mean.argmax())][case.name]
    return best


def _mean(case: Case, bands: Sequence[int], smoothing_s: float) -> Floats:
    return np.asarray(np.mean([standardised(case.envelopes[band], smoothing_s) for band in bands], axis=0))


def learned_boundaries(cases: Sequence[Case], bands: Sequence[int] = (0, 4), penalty: float = 0.03) -> Method:
    """Learn a score of each step from the envelopes up to 0.6 periods before and after it (ridge regression).

    Steps within 0.1 s of an annotated boundary are learned as 1, those farther than 0.25 s as -1; every patient
    and both kinds weigh the same.
    """
    shares = np.linspace(-0.6, 0.6, 13)

    def around(case: Case, period_s: float) -> Floats:
        steps = np.arange(case.envelopes.shape[1])
        levels = [standardised(case.envelopes[band], 0.08) for band in bands]
        return np.array(
            [np.interp(steps + share * period_s / STEP_S, steps, level) for level in levels for share in shares]
        ).T

    def examples(case: Case) -> tuple[Floats, Floats, Floats]:
        values = around(case, 60 / case.rate)
        times = np.arange(len(values)) * STEP_S
        ends = np.array(sorted({edge for cycle in case.cycles for edge in cycle}))
        yes = np.abs(times[:, None] - case.edges).min(axis=1) <= 0.1
        inside = (times > ends[0]) & (times < ends[-1])
        no = inside & (np.abs(times[:, None] - ends).min(axis=1) > 0.25)
        weight = yes / max(yes.sum(), 1) + no / max(no.sum(), 1)
        used = weight > 0
        return values[used], np.where(yes, 1.0, -1.0)[used], weight[used]

    known = {case.name: examples(case) for case in cases}
    method: Method = {}
    for held, others in each_patient(cases):
        share = patient_weights(others)
        values = np.concatenate([known[case.name][0] for case in others])
        values = np.column_stack([values, np.ones(len(values))])
        target = np.concatenate([known[case.name][1] for case in others])
        weight = np.concatenate([known[case.name][2] * part for case, part in zip(others, share, strict=True)])
        ridge = penalty * np.eye(values.shape[1])
        ridge[-1, -1] = 0
        fitted = np.linalg.solve(values.T @ (values * weight[:, None]) + ridge, values.T @ (target * weight))
        for case in held:
            reward = around(case, case.period.period_s) @ fitted[:-1] + fitted[-1]
            # On the scale of resp's own reward, whose weight of evenness is kept.
            method[case.name] = guess(best_chain(2 * reward / reward.std(), case.period.period_s), case, 0.0)
    return method


def learned_shapes(cases: Sequence[Case], points: int = 20, independent_s: float = 0.3) -> Method:
    """Learn a cycle's shape, and segment by it: a semi-Markov model whose states are whole cycles.

    Each of ``points`` moments of a cycle has a normal distribution of the envelope's level; a cycle's score is its
    log likelihood against a standard normal, one observation each ``independent_s``, and the log-normal
    likelihood of its length against the period (its spread from the annotations of recordings not judged).
    """
    share = (np.arange(points) + 0.5) / points
    levels = {case.name: standardised(case.envelopes[0], 0.08) for case in cases}

    def shapes(case: Case) -> Floats:
        level = levels[case.name]
        whole = [
            (start_s, end_s)
            for start_s, end_s in case.cycles
            if start_s > 0.1 and end_s < case.duration_s - 0.1 and 0.8 <= end_s - start_s <= 7
        ]
        return np.array(
            [np.interp((start + share * (end - start)) / STEP_S, np.arange(len(level)), level) for start, end in whole]
        )

    known = {case.name: shapes(case) for case in cases}
    method: Method = {}
    for held, others in each_patient([case for case in cases if len(known[case.name])]):
        weight = patient_weights(others)
        mean = weight @ np.array([known[case.name].mean(axis=0) for case in others])
        spread = weight @ np.array([np.square(known[case.name] - mean).mean(axis=0) for case in others]) + 0.05
        for case in held:
            level, period_s = levels[case.name], case.period.period_s
            shortest = max(1, round(max(SHORTEST_S, 0.5 * period_s) / STEP_S))
            gaps = np.arange(shortest, round(min(2 * period_s, 8.0) / STEP_S) + 1, 2)
            method[case.name] = guess(
                _segment(level, gaps, period_s, mean, spread, share, independent_s), case, shift_s=0.0
            )
    return method


def _segment(level: Floats, gaps: NDArray[Any], period_s: float, *model: Any) -> NDArray[np.intp]:
    mean, spread, share, independent_s = model
    count = len(level)
    gain = np.full((count, len(gaps)), -np.inf)
    for column, gap in enumerate(gaps):
        ends = np.arange(gap, count)
        value = level[ends[:, None] - gap + np.round(share * gap).astype(int)]
        likely = 0.5 * (value**2 - (value - mean) ** 2 / spread - np.log(spread))
        length = -0.5 * (np.log(gap * STEP_S / period_s) / 0.2) ** 2
        gain[ends, column] = likely.mean(axis=1) * gap * STEP_S / independent_s + length
    score = np.zeros(count)
    previous = np.full(count, -1, dtype=np.intp)
    for step in range(int(gaps[0]), count):
        usable = gaps[gaps <= step]
        chain_gain = score[step - usable] + gain[step, : len(usable)]
        best = int(chain_gain.argmax())
        if chain_gain[best] > 0 or step > gaps[-1]:
            score[step], previous[step] = chain_gain[best], step - usable[best]
    last = max(0, count - round(period_s / STEP_S))
    step, found = last + int(score[last:].argmax()), []
    while step >= 0:
        found.append(step)
        step = int(previous[step])
    return np.array(found[::-1], dtype=np.intp)
