import numpy as np
import pytest
from scipy.special import expit, softmax

from resp.models.config import Calibration
from resp.score.confidence import abstention, calibrate, prediction_set

CLASSES = ("normal", "crackle", "wheeze", "both")


def test_calibrated_probabilities_are_the_softmax_of_scaled_logits():
    logits = np.random.default_rng(0).normal(scale=50, size=(5, 4)).astype(np.float32)
    got = calibrate(logits, Calibration(temperature=2.5))
    np.testing.assert_allclose(got, softmax(logits.astype(float) / 2.5, axis=-1), rtol=1e-9)


def test_several_labels_at_once_have_a_sigmoid_each():
    logits = np.random.default_rng(0).normal(scale=50, size=(5, 4)).astype(np.float32)
    got = calibrate(logits, Calibration(temperature=2.5), "multi_label")
    np.testing.assert_allclose(got, expit(logits.astype(float) / 2.5), rtol=1e-9)


def test_a_device_with_a_temperature_of_its_own_has_that():
    logits = np.array([[1.0, 3.0, 0.0, -2.0]])
    calibration = Calibration(temperature=2.0, device_temperatures={"Meditron": 0.5})
    for device, temperature in ((None, 2.0), ("AKGC417L", 2.0), ("meditron", 0.5), ("Meditron ", 0.5)):
        got = calibrate(logits, calibration, device=device)
        np.testing.assert_allclose(got, softmax(logits / temperature, axis=-1))


def test_huge_logits_do_not_overflow():
    np.testing.assert_array_equal(calibrate(np.array([1e4, 0.0]), Calibration()), [1, 0])


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (None, ()),
        (0.25, ("crackle", "normal")),
        (0.05, ("crackle", "normal", "both", "wheeze")),
        (0.9, ("crackle",)),
    ],
)
def test_prediction_set(threshold, expected):
    probabilities = np.array([0.3, 0.5, 0.08, 0.12])
    assert prediction_set(probabilities, CLASSES, Calibration(set_threshold=threshold)) == expected


def test_abstains_below_the_threshold_only():
    probabilities = np.array([0.3, 0.5, 0.08, 0.12])
    assert abstention(probabilities, CLASSES, Calibration(abstain_below=0.5)) is None
    reason = abstention(probabilities, CLASSES, Calibration(abstain_below=0.51))
    assert reason is not None
    assert "crackle" in reason
    assert "0.51" in reason
