import numpy as np
import pytest

from resp.evaluate import EvaluationError, risk_coverage
from resp.evaluate.confidence import risk_threshold
from resp.evaluate.confidence.selective import area_under_risk


def _slow_area(confidence: np.ndarray, correct: np.ndarray, generator: np.random.Generator, times: int) -> float:
    """The mean risk over all numbers of labelled items; equally sure ones in random order."""
    areas = []
    for _ in range(times):
        order = np.lexsort((generator.random(len(correct)), -confidence))
        wrong = [not correct[index] for index in order]
        areas.append(np.mean([np.mean(wrong[:count]) for count in range(1, len(wrong) + 1)]))
    return float(np.mean(areas))


def test_area_is_the_mean_risk_over_all_numbers_of_labelled_items() -> None:
    generator = np.random.default_rng(0)
    confidence, correct = generator.random(60), generator.random(60) < 0.7
    curve = risk_coverage(confidence, correct)
    assert curve.area == pytest.approx(_slow_area(confidence, correct, generator, 1))
    assert area_under_risk(confidence, correct) == curve.area
    assert curve.excess == pytest.approx(curve.area - _slow_area(correct.astype(float), correct, generator, 1))


def test_equally_sure_items_count_in_no_order() -> None:
    generator = np.random.default_rng(1)
    confidence, correct = generator.integers(0, 3, 12) / 3, generator.random(12) < 0.6
    assert area_under_risk(confidence, correct) == pytest.approx(
        _slow_area(confidence, correct, generator, 2000), abs=0.01
    )
    # By hand: two that are equally sure, of which one is wrong; then a right one.
    assert area_under_risk(np.array([0.9, 0.9, 0.1]), np.array([True, False, True])) == pytest.approx(
        (1 / 2 + 1 / 2 + 1 / 3) / 3
    )


def test_curve_by_hand() -> None:
    curve = risk_coverage([0.9, 0.8, 0.8, 0.2], [True, True, False, False])
    assert curve.threshold == pytest.approx([0.9, 0.8, 0.2])
    assert curve.coverage == pytest.approx([0.25, 0.75, 1.0])
    assert curve.risk == pytest.approx([0.0, 1 / 3, 0.5])


def test_a_perfect_order_has_no_excess() -> None:
    assert risk_coverage([0.9, 0.8, 0.2], [True, True, False]).excess == pytest.approx(0)
    assert risk_coverage([0.1, 0.8, 0.2], [True, False, False]).excess > 0.2


def _patients(generator: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Items whose chance of being right is their confidence, of patients who are easy or hard as a whole."""
    patient = np.repeat(np.arange(count), generator.integers(1, 8, count))
    level = generator.uniform(0.3, 1.0, count)[patient]
    confidence = np.clip(level + generator.normal(0, 0.05, len(patient)), 0, 1)
    return confidence, generator.random(len(patient)) < confidence, patient


def test_chosen_threshold_keeps_the_risk_for_patients_to_come() -> None:
    generator = np.random.default_rng(2)
    confidence, correct, patient = _patients(generator, 40_000)
    weight = 1 / np.bincount(patient)[patient]
    broken, found = 0, 0
    for _ in range(150):
        threshold = risk_threshold(*_patients(generator, 100), risk=0.25, error=0.1)
        if threshold is None:
            continue
        found += 1
        given = confidence >= threshold
        broken += (weight * given * ~correct).sum() / (weight * given).sum() > 0.25
    # Labelling all would be wrong in 0.35; at least some thresholds are found, and few of them break the promise.
    assert found > 75
    assert broken / 150 <= 0.12


def test_a_greater_risk_labels_more() -> None:
    sample = _patients(np.random.default_rng(3), 300)
    thresholds = [risk_threshold(*sample, risk=risk) for risk in (0.26, 0.3, 0.5)]
    assert thresholds[0] is not None
    assert thresholds[1] is not None
    assert thresholds[0] > thresholds[1] > 0
    assert thresholds[2] == 0


def test_a_risk_that_cannot_be_shown_gives_no_threshold() -> None:
    generator = np.random.default_rng(4)
    confidence = generator.random(50)
    assert risk_threshold(confidence, generator.random(50) < 0.5, np.arange(50), 0.1) is None
    # Ten patients show little, were all of them right.
    assert risk_threshold(confidence[:10], np.ones(10), np.arange(10), 0.05) is None


def test_many_items_of_one_patient_show_no_more_than_one() -> None:
    confidence, correct = np.full(400, 0.9), np.ones(400)
    assert risk_threshold(confidence, correct, np.arange(400), 0.1) == 0
    assert risk_threshold(confidence, correct, np.arange(400) % 4, 0.1) is None


def test_inputs_are_checked() -> None:
    with pytest.raises(EvaluationError, match="not empty"):
        risk_coverage([], [])
    with pytest.raises(EvaluationError, match="patients"):
        risk_threshold([0.5, 0.6], [True, True], ["a"], 0.1)
    with pytest.raises(EvaluationError, match="risk"):
        risk_threshold([0.5], [True], ["a"], 1.0)
