import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torchmetrics.functional.classification import multiclass_calibration_error

from resp.evaluate import EvaluationError, expected_calibration_error, fit_temperature, set_threshold
from resp.evaluate.calibration import reliability, softmax


def _sample(temperature: float, items: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are ``temperature`` times too sure of labels drawn from the true probabilities."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 1.5, (items, 4))
    truth = (softmax(logits).cumsum(axis=1) > generator.random((items, 1))).argmax(axis=1)
    return logits * temperature, truth


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_temperature_is_found_again(temperature: float) -> None:
    logits, truth = _sample(temperature)
    assert fit_temperature(logits, truth) == pytest.approx(temperature, rel=0.06)


def test_temperature_has_the_least_cross_entropy() -> None:
    logits, truth = _sample(1.7, 300, seed=3)

    def loss(temperature: float) -> float:
        return float(torch.nn.functional.cross_entropy(torch.from_numpy(logits) / temperature, torch.from_numpy(truth)))

    fitted = fit_temperature(logits, truth)
    assert loss(fitted) <= minimize_scalar(loss, bounds=(0.1, 10), method="bounded").fun + 1e-9


def test_temperature_stays_within_its_bounds() -> None:
    assert fit_temperature(np.eye(3), np.arange(3)) == pytest.approx(0.05, rel=1e-3)
    assert fit_temperature(np.eye(3), np.array([1, 2, 0])) == pytest.approx(20, rel=1e-3)


def test_softmax_is_torchs_and_does_not_overflow() -> None:
    logits = np.array([[1e4, 0.0, -1e4], [0.3, 0.1, -0.2]])
    assert softmax(logits, 2.0) == pytest.approx(torch.from_numpy(logits / 2).softmax(1).numpy())


def test_set_threshold_with_one_item_a_patient_is_split_conformal() -> None:
    generator = np.random.default_rng(1)
    probabilities = generator.dirichlet(np.ones(4), 99)
    truth = generator.integers(0, 4, 99)
    threshold = set_threshold(probabilities, truth, np.arange(99), 0.9)
    scores = np.sort(1 - probabilities[np.arange(99), truth])
    # The ⌈(n + 1) · 0.9⌉-th smallest nonconformity score.
    assert 1 - threshold == pytest.approx(scores[90 - 1])


def test_every_patient_counts_alike() -> None:
    # Patient a has 90 easy items, b to j one hard item each.
    probabilities = np.array([[0.9, 0.1]] * 90 + [[0.3, 0.7]] * 9)
    truth = np.zeros(99, dtype=int)
    patients = np.array(["a"] * 90 + list("bcdefghij"))
    assert set_threshold(probabilities, truth, np.arange(99), 0.85) == pytest.approx(0.9)
    assert set_threshold(probabilities, truth, patients, 0.85) == pytest.approx(0.3)


def test_too_few_patients_rule_nothing_out() -> None:
    probabilities = np.array([[0.9, 0.1]] * 50)
    truth = np.zeros(50, dtype=int)
    assert set_threshold(probabilities, truth, np.arange(50) % 5, 0.9) == 0.0
    assert set_threshold(probabilities, truth, np.arange(50) % 9, 0.9) == pytest.approx(0.9)


def test_sets_cover_items_of_new_patients() -> None:
    generator = np.random.default_rng(4)

    def draw(patients: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sizes = generator.integers(1, 12, patients)
        patient = np.repeat(np.arange(patients), sizes)
        # How hard a patient is is shared by all of its items.
        sure = np.repeat(generator.uniform(0.2, 3.0, patients), sizes)
        truth = generator.integers(0, 3, len(patient))
        logits = generator.normal(size=(len(patient), 3))
        logits[np.arange(len(patient)), truth] += sure
        return softmax(logits), truth, patient

    covered = []
    for _ in range(120):
        threshold = set_threshold(*draw(40), 0.9)
        probabilities, truth, patient = draw(200)
        inside = probabilities[np.arange(len(truth)), truth] >= threshold
        covered.append(np.mean([inside[patient == one].mean() for one in range(200)]))
    assert 0.89 <= np.mean(covered) <= 0.95


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_calibration_error_is_that_of_torchmetrics(bins: int) -> None:
    logits, truth = _sample(2.0, 500)
    probabilities = softmax(logits)
    expected = multiclass_calibration_error(
        torch.from_numpy(probabilities), torch.from_numpy(truth), num_classes=4, n_bins=bins, norm="l1"
    )
    assert expected_calibration_error(probabilities, truth, bins) == pytest.approx(float(expected), abs=1e-6)


def test_reliability_bins() -> None:
    probabilities = np.array([[0.95, 0.05], [0.85, 0.15], [0.15, 0.85], [0.6, 0.4]])
    share, confidence, accuracy = reliability(probabilities, np.array([0, 1, 1, 0]), 10)
    assert share == pytest.approx([0, 0, 0, 0, 0, 0.25, 0, 0, 0.5, 0.25])
    assert confidence[[5, 8, 9]] == pytest.approx([0.6, 0.85, 0.95])
    assert accuracy[[5, 8, 9]] == pytest.approx([1.0, 0.5, 1.0])
    assert np.isnan(confidence[0])


def test_inputs_are_checked() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    with pytest.raises(EvaluationError, match="expected"):
        fit_temperature(probabilities, [0])
    with pytest.raises(EvaluationError, match="class indices"):
        fit_temperature(probabilities, [0, 2])
    with pytest.raises(EvaluationError, match="class indices"):
        expected_calibration_error(probabilities, [0.0, 1.0])
    with pytest.raises(EvaluationError, match="bins"):
        expected_calibration_error(probabilities, [0, 1], 0)
    with pytest.raises(EvaluationError, match="patients"):
        set_threshold(probabilities, [0, 1], ["a"], 0.9)
    with pytest.raises(EvaluationError, match="coverage"):
        set_threshold(probabilities, [0, 1], ["a", "b"], 1.0)
