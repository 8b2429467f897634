import numpy as np
import pytest

from resp.score.breath_period import STEP_S, find_period, standardised


def waves(period_s, duration_s=30.0, second=0.0):
    time_s = np.arange(round(duration_s / STEP_S)) * STEP_S
    return np.cos(2 * np.pi * time_s / period_s) * 5 + second * np.cos(np.pi * time_s / period_s)


@pytest.mark.parametrize("period_s", [1.5, 2.8, 4.0, 6.5])
def test_finds_the_period_of_waves(period_s):
    found = find_period(waves(period_s), 30.0)
    assert found is not None
    assert found.period_s == pytest.approx(period_s, rel=0.015)


def test_others_are_peaks_that_weigh_no_more_than_the_found_one():
    found = find_period(waves(1.6), 30.0)
    assert found is not None
    assert all(0 < weight <= 1 for _, weight in found.others)
    assert any(period_s == pytest.approx(3.2, abs=0.06) for period_s, _ in found.others), "twice the period repeats too"
    assert found.period_s not in [period_s for period_s, _ in found.others]


def test_a_period_must_fit_twice_and_be_one_of_breathing():
    assert find_period(waves(6.0, 8.0), 8.0) is None or find_period(waves(6.0, 8.0), 8.0).period_s <= 4.0
    ramp = np.linspace(0, 1, 500)
    assert find_period(ramp, 10.0) is None or find_period(ramp, 10.0).period_s <= 5.0


def test_standardised_takes_out_level_trend_and_scale():
    envelope = waves(2.5, 60.0)
    trend = np.linspace(0, 30, len(envelope))
    inner = slice(500, -500)
    np.testing.assert_allclose(
        standardised(3 * envelope + 7, 0.1)[inner], standardised(envelope, 0.1)[inner], atol=1e-6
    )
    drifting = standardised(envelope + trend, 0.1)[inner]
    assert np.corrcoef(drifting, standardised(envelope, 0.1)[inner])[0, 1] > 0.99
    assert standardised(envelope, 0.1).std() == pytest.approx(1.0, rel=1e-6)
