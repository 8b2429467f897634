import itertools

import numpy as np
import pytest

from resp.score.breath_boundaries import EVENNESS, SHORTEST_S, best_chain, find_boundaries, rise
from resp.score.breath_period import PERIOD_S, STEP_S


def slow_chain(reward, period_s, evenness):
    """The same recursion, a step and a gap at a time."""
    shortest = max(1, round(max(SHORTEST_S, 0.5 * period_s) / STEP_S))
    longest = max(round(min(2 * period_s, PERIOD_S[1]) / STEP_S), shortest)
    score, before = [], []
    for step, value in enumerate(reward):
        links = [
            (score[step - gap] - evenness * np.log(gap * STEP_S / period_s) ** 2, step - gap)
            for gap in range(shortest, longest + 1)
            if gap <= step
        ]
        best = max(links, key=lambda link: (link[0], link[1])) if links else (-np.inf, -1)
        follows = bool(links) and (best[0] > 0 or step > longest)
        score.append(value + best[0] if follows else value)
        before.append(best[1] if follows else -1)
    last = max(0, len(reward) - round(period_s / STEP_S))
    step = last + int(np.argmax(score[last:]))
    found = []
    while step >= 0:
        found.append(step)
        step = before[step]
    return found[::-1]


@pytest.mark.parametrize("period_s", [1.2, 2.8, 7.0])
@pytest.mark.parametrize("evenness", [0.5, EVENNESS])
def test_chain_is_that_of_the_plain_recursion(period_s, evenness):
    reward = np.random.default_rng(0).standard_normal(600)
    assert best_chain(reward, period_s, evenness).tolist() == slow_chain(reward, period_s, evenness)


def test_gaps_stay_between_half_and_twice_the_period():
    found = best_chain(np.random.default_rng(1).standard_normal(3000), 2.5)
    gaps = np.diff(found) * STEP_S
    assert gaps.min() >= 1.25 - STEP_S
    assert gaps.max() <= 5.0 + STEP_S


def test_rise_is_what_comes_less_what_was():
    level = np.repeat([0.0, 6.0], 100)
    assert rise(level).argmax() == 100
    assert rise(level)[100] == pytest.approx(6.0)
    np.testing.assert_allclose(rise(np.full(50, 3.0)), 0, atol=1e-12)


def test_boundaries_are_the_feet_of_rises():
    breath = np.concatenate([np.full(50, 0.0), 10 * np.sin(np.pi * np.arange(75) / 75)])
    found = find_boundaries(np.tile(breath, 8), 125 * STEP_S)
    feet = 50 + 125 * np.arange(8)
    inner = [step for step in found if 100 < step < 900]
    assert all(np.abs(feet - step).min() * STEP_S <= 0.2 for step in inner)
    assert all(gap == 125 for _, gap in zip(inner[1:], np.diff(inner), strict=False))
    assert len(list(itertools.pairwise(inner))) >= 5
