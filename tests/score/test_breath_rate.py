import numpy as np
import pytest
from scipy import stats

from resp.score.breath_rate import USUAL_VARIATION, USUAL_WEIGHT, rate_interval


def test_is_students_interval_of_the_median():
    lengths = np.array([2.6, 2.9, 3.0, 3.1, 3.5])
    logs = np.log(lengths)
    own = stats.median_abs_deviation(logs, scale="normal") ** 2
    freedom = USUAL_WEIGHT + 4
    error = np.sqrt(np.pi / 2 * (USUAL_WEIGHT * USUAL_VARIATION**2 + 4 * own) / freedom / 5)
    expected = 60 / np.exp(np.log(3.0) + stats.t(freedom).ppf([0.975, 0.025]) * error)
    np.testing.assert_allclose(rate_interval(lengths), expected, rtol=2e-4)


def test_holds_the_true_rate_as_often_as_it_says():
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        spread = USUAL_VARIATION * np.sqrt(USUAL_WEIGHT / generator.chisquare(USUAL_WEIGHT))
        low, high = rate_interval(3.0 * np.exp(spread * generator.standard_normal(9)))
        held += low <= 20 <= high
    # Binomial with n = 300 and p = 0.95: a standard deviation is 3.8.
    assert 270 <= held <= 298


def test_more_and_more_even_cycles_narrow_it():
    def width(lengths):
        low, high = rate_interval(lengths)
        return high - low

    assert width([3.0] * 4) > width([3.0] * 16) > width([3.0] * 400)
    assert width([2.5, 2.8, 3.0, 3.2, 3.5]) > width([2.9, 2.95, 3.0, 3.05, 3.1])
    assert width([3.0]) > 0


def test_a_breath_passed_over_hardly_widens_it():
    even = rate_interval([3.0, 3.1, 2.9, 3.0, 3.1, 2.9, 3.0])
    missed = rate_interval([3.0, 3.1, 2.9, 3.0, 3.1, 2.9, 6.0])
    np.testing.assert_allclose(missed, even, rtol=0.04)


def test_reaches_a_period_that_cannot_be_ruled_out():
    lengths = [1.5, 1.52, 1.48, 1.5, 1.51, 1.49]
    alone = rate_interval(lengths)
    assert alone[0] > 35
    assert rate_interval(lengths, [(3.0, 0.2)])[0] == pytest.approx(20, rel=0.1)
    np.testing.assert_allclose(rate_interval(lengths, [(3.0, 1e-4)]), alone, rtol=0.01)
    assert rate_interval(lengths, [(3.0, 0.2)])[1] == pytest.approx(alone[1], rel=0.02)


def test_coarse_steps_of_time_widen_it():
    many = [3.0] * 4000
    low, high = rate_interval(many, resolution_s=0.02)
    assert (high - low) / 20 >= 2 * 1.96 * 0.02 / 12**0.5 / 3.0 * 0.99
    assert low < 20 < high


def test_a_rate_lies_in_its_interval():
    generator = np.random.default_rng(1)
    for _ in range(50):
        lengths = np.exp(generator.normal(1.0, 0.3, generator.integers(1, 12)))
        low, high = rate_interval(lengths, [(1.3, 0.5), (7.0, 1.0)], 0.02)
        assert 0 < low < 60 / np.median(lengths) < high
