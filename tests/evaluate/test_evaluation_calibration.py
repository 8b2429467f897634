import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss
from torchmetrics.functional.classification import multiclass_calibration_error

from resp.evaluate import EvaluationError, brier_score, expected_calibration_error, fit_temperature
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


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_calibration_error_is_that_of_torchmetrics(bins: int) -> None:
    logits, truth = _sample(2.0, 500)
    probabilities = softmax(logits)
    expected = multiclass_calibration_error(
        torch.from_numpy(probabilities), torch.from_numpy(truth), num_classes=4, n_bins=bins, norm="l1"
    )
    assert expected_calibration_error(probabilities, truth, bins) == pytest.approx(float(expected), abs=1e-6)


def test_brier_score_is_that_of_scikit_learn() -> None:
    logits, truth = _sample(2.0, 500)
    probabilities = softmax(logits)
    expected = brier_score_loss(truth, probabilities, labels=range(4), scale_by_half=False)
    assert brier_score(probabilities, truth) == pytest.approx(expected)


def test_brier_score_lies_between_sure_and_right_and_sure_and_wrong() -> None:
    assert brier_score(np.eye(3), [0, 1, 2]) == 0
    assert brier_score(np.eye(3), [1, 2, 0]) == 2
    assert brier_score(np.full((3, 3), 1 / 3), [0, 1, 2]) == pytest.approx(2 / 3)


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
