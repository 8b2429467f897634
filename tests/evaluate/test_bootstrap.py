import math

import numpy as np
import pytest
from scipy import stats

from resp.evaluate import EvaluationError, Interval, patient_bootstrap
from resp.evaluate.bootstrap import draw_patients, percentile_interval


def _mean(values: np.ndarray) -> float:
    return float(values.mean())


def test_interval_of_a_mean_is_the_closed_form() -> None:
    # One item a patient: the percentile interval of a mean tends to mean ± 1.96 · s / √n.
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    patients = np.arange(400)
    interval = patient_bootstrap(_mean, patients, values, resamples=4000, seed=1)
    half = stats.norm.ppf(0.975) * values.std() / math.sqrt(400)
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.03 * half * 2)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.03 * half * 2)


def test_items_of_one_patient_move_together() -> None:
    # Ten identical items a patient say no more than one: the interval is that of the patients.
    generator = np.random.default_rng(0)
    of_patient = generator.normal(size=60)
    values, patients = np.repeat(of_patient, 10), np.repeat(np.arange(60), 10)
    clustered = patient_bootstrap(_mean, patients, values)
    alone = patient_bootstrap(_mean, np.arange(60), of_patient)
    items = patient_bootstrap(_mean, np.arange(600), values)
    assert clustered == pytest.approx(alone)
    assert (clustered.high - clustered.low) > 2.5 * (items.high - items.low)


def test_interval_is_the_slow_one() -> None:
    generator = np.random.default_rng(5)
    patients = generator.choice(["a", "b", "c", "d", "e"], 40)
    one, two = generator.normal(size=(2, 40))

    def ratio(x: np.ndarray, y: np.ndarray) -> float:
        return float(x.sum() / np.abs(y).sum())

    interval = patient_bootstrap(ratio, patients, one, two, resamples=200, seed=7, level=0.8)
    values = []
    for counts in draw_patients(5, 200, 7):
        x: list[float] = []
        y: list[float] = []
        for name, count in zip("abcde", counts, strict=True):
            for _ in range(count):
                x += one[patients == name].tolist()
                y += two[patients == name].tolist()
        values.append(ratio(np.array(x), np.array(y)))
    assert interval == pytest.approx((ratio(one, two), np.quantile(values, 0.1), np.quantile(values, 0.9)))


def test_draws_are_with_replacement_and_fair() -> None:
    draws = draw_patients(20, 5000, 0)
    assert (draws.sum(axis=1) == 20).all()
    assert stats.chisquare(draws.sum(axis=0)).pvalue > 0.001
    # A patient is missing from a resample with probability (1 − 1/20)^20.
    assert (draws == 0).mean() == pytest.approx((1 - 1 / 20) ** 20, abs=0.005)


def test_coverage_is_about_the_level() -> None:
    generator = np.random.default_rng(2)
    inside = 0
    for seed in range(150):
        effect = generator.normal(size=40)
        values = (effect[:, None] + generator.normal(size=(40, 5))).ravel()
        interval = patient_bootstrap(_mean, np.repeat(np.arange(40), 5), values, resamples=300, seed=seed, level=0.9)
        inside += interval.low <= 0 <= interval.high
    assert 0.82 <= inside / 150 <= 0.96


def test_the_same_seed_gives_the_same_interval() -> None:
    values, patients = np.arange(30.0), np.arange(30) % 6
    first = patient_bootstrap(_mean, patients, values, resamples=100, seed=3)
    assert first == patient_bootstrap(_mean, patients, values, resamples=100, seed=3)
    assert first != patient_bootstrap(_mean, patients, values, resamples=100, seed=4)


def test_one_patient_has_no_interval() -> None:
    value, low, high = patient_bootstrap(_mean, ["a", "a"], np.array([1.0, 2.0]), resamples=10)
    assert value == 1.5
    assert math.isnan(low)
    assert math.isnan(high)


def test_undefined_resamples_do_not_count() -> None:
    interval = percentile_interval(1.0, np.array([np.nan, 1.0, 2.0, 3.0, np.nan]), patients=4, level=0.5)
    assert interval == Interval(1.0, 1.5, 2.5)
    assert math.isnan(percentile_interval(1.0, np.full(3, np.nan), patients=4).low)


def test_settings_are_checked() -> None:
    values = np.array([1.0, 2.0])
    with pytest.raises(EvaluationError, match="one an item"):
        patient_bootstrap(_mean, ["a"], values)
    with pytest.raises(EvaluationError, match="level"):
        patient_bootstrap(_mean, ["a", "b"], values, level=95)
    with pytest.raises(EvaluationError, match="resamples"):
        patient_bootstrap(_mean, ["a", "b"], values, resamples=0)
    with pytest.raises(EvaluationError, match="0 patients"):
        patient_bootstrap(_mean, [], np.array([]))
