"""Numbers of resampled patients: the same as those of the other tables, and their differences are paired."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from resp.evaluate import EvaluationError, Predictions, icbhi_score, patient_bootstrap
from resp.evaluate.resampled import resample_numbers


def lungs(seed: int = 0, items: int = 120, patients: int = 25, skill: float = 1.0) -> Predictions:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 4, items)
    logits = generator.normal(size=(items, 4))
    logits[np.arange(items), truth] += skill
    return Predictions(
        classes=("normal", "crackle", "wheeze", "both"),
        items=np.array([f"i{index}" for index in range(items)]),
        patients=np.array([f"p{index}" for index in generator.integers(0, patients, items)]),
        devices=np.full(items, "Meditron"),
        sites=np.full(items, "unknown"),
        truth=truth,
        logits=logits,
    )


def test_numbers_and_intervals_are_those_of_the_slow_way():
    given = lungs()
    found = resample_numbers(given, abstain_below=0.4, resamples=200, seed=7).intervals()
    abnormal = 1 - given.probabilities[:, 0]
    unsure = given.probabilities.max(axis=1) < 0.4
    slow = {
        "Sp": lambda true, said, value, low: icbhi_score(true, said).sp,
        "Se": lambda true, said, value, low: icbhi_score(true, said).se,
        "Score": lambda true, said, value, low: icbhi_score(true, said).score,
        "AUROC": lambda true, said, value, low: roc_auc_score(true > 0, value),
        "abstained": lambda true, said, value, low: low.mean(),
    }
    assert list(found) == list(slow)
    for title, statistic in slow.items():
        expected = patient_bootstrap(
            statistic,
            given.patients,
            given.truth,
            given.prediction,
            abnormal,
            unsure,
            resamples=200,
            seed=7,
        )
        assert found[title] == pytest.approx(expected)


def test_a_difference_to_itself_is_nothing_and_a_paired_one_is_narrow():
    good = lungs(skill=2.0)
    worse = lungs(skill=1.95)
    one, other = (resample_numbers(each, resamples=500) for each in (good, worse))
    assert all(value == (0, 0, 0) for value in one.minus(one).intervals().values())
    paired = one.minus(other).intervals()["Score"]
    alone = one.intervals()["Score"]
    assert paired.value == pytest.approx(alone.value - other.intervals()["Score"].value)
    assert paired.high - paired.low < 0.7 * (alone.high - alone.low)


def test_one_class_of_several_has_an_accuracy(clips):
    given = clips("single_label")
    found = resample_numbers(given, abstain_below=np.linspace(0, 1, len(given)), resamples=50).intervals()
    assert list(found) == ["accuracy", "abstained"]
    assert found["accuracy"].value == pytest.approx((given.prediction == given.truth).mean())
    assert found["abstained"].value == pytest.approx(
        (given.probabilities.max(axis=1) < np.linspace(0, 1, len(given))).mean()
    )
    with pytest.raises(EvaluationError, match="multi_label task"):
        resample_numbers(clips("multi_label"))


def test_tables_of_other_numbers_are_not_subtracted(clips):
    with pytest.raises(EvaluationError, match="expected the same numbers"):
        resample_numbers(lungs(), resamples=10).minus(resample_numbers(lungs(), resamples=11))
