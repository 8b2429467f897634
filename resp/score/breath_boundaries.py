"""Where breaths begin: the chain of rises from lows, about a period apart, that fits an envelope best.

Dynamic programming weighs the reward at each boundary against the departure of each cycle from the period, as
in beat tracking: Ellis, "Beat tracking by dynamic programming", Journal of New Music Research 36(1), 2007.
"""

import numpy as np
from numpy.typing import NDArray

from resp.score.breath_period import PERIOD_S, STEP_S, standardised

Floats = NDArray[np.float64]

AFTER_S, BEFORE_S = 0.6, 0.4
LOW_WEIGHT = 0.5
EVENNESS = 2.0
SHORTEST_S = 0.5


def rise(level: Floats) -> Floats:
    """Return the mean of the time just after each step minus the mean of the time just before it."""
    count = len(level)
    total = np.concatenate([[0.0], np.cumsum(level)])
    index = np.arange(count)
    stop = np.minimum(index + round(AFTER_S / STEP_S), count)
    start = np.maximum(index - round(BEFORE_S / STEP_S), 0)
    after = (total[stop] - total[index]) / (stop - index)
    before = (total[index] - total[start]) / np.maximum(index - start, 1)
    before[0] = level[0]
    return np.asarray(after - before)


def find_boundaries(level_db: Floats, period_s: float) -> NDArray[np.intp]:
    """Return the steps at which cycles begin: high rises from low levels, about a period apart."""
    level = standardised(level_db, 0.0)
    return best_chain(rise(level) - LOW_WEIGHT * level, period_s)


def best_chain(reward: Floats, period_s: float, evenness: float = EVENNESS) -> NDArray[np.intp]:
    """Return the chain of steps with the highest sum of rewards less the penalties of its gaps.

    Parameters
    ----------
    reward
        [steps], how well a cycle would begin at each.
    period_s
        A gap of so many seconds costs nothing; others cost the square of the logarithm of their ratio to it.
        None is shorter than half of it or longer than twice.
    evenness
        Weight of that cost.
    """
    shortest = max(1, round(max(SHORTEST_S, 0.5 * period_s) / STEP_S))
    longest = round(min(2 * period_s, PERIOD_S[1]) / STEP_S)
    gaps = np.arange(shortest, max(longest, shortest) + 1)
    penalty = evenness * np.log(gaps * STEP_S / period_s) ** 2
    count = len(reward)
    score = reward.copy()
    previous = np.full(count, -1, dtype=np.intp)
    # So many steps at once: no boundary of a block can follow another of the same block.
    for first in range(shortest, count, shortest):
        steps = np.arange(first, min(first + shortest, count))
        before = steps[:, None] - gaps
        chain = np.where(before >= 0, score[np.maximum(before, 0)] - penalty, -np.inf)
        best = chain.argmax(axis=1)
        gain = chain.max(axis=1)
        # Only within the first stretch may a chain begin; later a boundary always follows another.
        follows = (gain > 0) | (steps > longest)
        score[steps] += np.where(follows, gain, 0.0)
        previous[steps] = np.where(follows, steps - gaps[best], -1)
    last_stretch = max(0, count - round(period_s / STEP_S))
    step = last_stretch + int(np.argmax(score[last_stretch:]))
    found = []
    while step >= 0:
        found.append(step)
        step = int(previous[step])
    return np.array(found[::-1], dtype=np.intp)
