from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from resp.evaluate import EvaluationError, Predictions, Targets, cross_fitted, fit_calibration, set_threshold
from resp.evaluate.confidence import apply_calibration, calibrated, label_threshold, risk_threshold
from resp.models.config import Calibration

Make = Callable[..., Predictions]


def test_each_device_with_enough_patients_has_its_own_temperature(too_sure: Make) -> None:
    fitted = fit_calibration(too_sure(400))
    assert fitted.device_temperatures == pytest.approx({"litt3200": 2.0, "meditron": 4.0}, rel=0.1)
    assert 2.0 < fitted.temperature < 4.0
    few = fit_calibration(too_sure(400), Targets(device_patients=201))
    assert few.device_temperatures == {}
    assert few.temperature == fitted.temperature


def test_a_lone_device_has_the_common_temperature(too_sure: Make) -> None:
    predictions = too_sure()
    assert fit_calibration(replace(predictions, devices=np.full(len(predictions), "one"))).device_temperatures == {}


def test_an_unknown_device_has_the_common_temperature(too_sure: Make) -> None:
    predictions = too_sure()
    devices = np.where(predictions.devices == "Meditron", "unknown", predictions.devices)
    fitted = fit_calibration(replace(predictions, devices=devices))
    assert list(fitted.device_temperatures) == ["litt3200"]
    assert fitted.temperature_of("unknown") == fitted.temperature_of(None) == fitted.temperature
    assert fitted.temperature_of(" LITT3200") == fitted.device_temperatures["litt3200"]


def test_thresholds_are_those_of_the_calibrated_probabilities(too_sure: Make) -> None:
    predictions = too_sure()
    fitted = fit_calibration(predictions, Targets(coverage=0.8, labelled=0.7), "made")
    after = calibrated(predictions, fitted)
    expected = set_threshold(after.probabilities, after.truth, after.patients, 0.8)
    assert fitted.set_threshold is not None
    # Rounded down, so that nothing that was in a set falls out.
    assert 0 <= expected - fitted.set_threshold < 1e-4
    assert 0 <= label_threshold(after.probabilities.max(1), after.patients, 0.7) - fitted.abstain_below < 1e-4
    assert (fitted.coverage, fitted.fitted_on) == (0.8, "made")
    assert "70%" in fitted.abstention


def test_a_risk_in_place_of_a_share(too_sure: Make) -> None:
    predictions = too_sure(300)
    fitted = fit_calibration(predictions, Targets(risk=0.25))
    after = calibrated(predictions, fitted)
    confidence, correct = after.probabilities.max(1), after.prediction == after.truth
    expected = risk_threshold(confidence, correct, after.patients, 0.25)
    assert expected is not None
    assert 0 <= expected - fitted.abstain_below < 1e-4
    assert fitted.abstain_below > 0
    with pytest.raises(EvaluationError, match="surer half"):
        fit_calibration(predictions, Targets(risk=0.001))


def test_a_temperature_that_predictions_have_already_does_not_matter(too_sure: Make) -> None:
    predictions = too_sure()
    other = calibrated(predictions, Calibration(temperature=3.0, device_temperatures={"Meditron": 0.7}))
    assert not np.allclose(other.logits, predictions.logits)
    assert fit_calibration(other) == fit_calibration(predictions)


def test_nobody_is_judged_by_a_calibration_fitted_on_them(too_sure: Make) -> None:
    predictions, targets = too_sure(20, 3), Targets(coverage=0.6, labelled=0.6)
    whole = cross_fitted(predictions, targets)
    for patient in np.unique(predictions.patients):
        mine = predictions.patients == patient
        own = apply_calibration(predictions.keep(mine), fit_calibration(predictions.keep(~mine), targets))
        np.testing.assert_allclose(whole.calibrated.logits[mine], own.calibrated.logits)
        np.testing.assert_array_equal(whole.sets[mine], own.sets)
        np.testing.assert_array_equal(whole.labelled[mine], own.labelled)
    assert whole.raw.items.tolist() == predictions.items.tolist()
    np.testing.assert_allclose(whole.raw.logits, predictions.logits)


def test_of_more_patients_than_parts_some_are_judged_together(too_sure: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    predictions = too_sure(20, 2)
    monkeypatch.setattr("resp.evaluate.confidence.fitting.MOST_PARTS", 5)
    few, asked = cross_fitted(predictions, seed=3), cross_fitted(predictions, folds=5, seed=3)
    np.testing.assert_array_equal(few.calibrated.logits, asked.calibrated.logits)


def test_what_cannot_be_fitted_is_refused(too_sure: Make, clips: Make) -> None:
    with pytest.raises(EvaluationError, match="several labels"):
        fit_calibration(clips("multi_label"))
    for folds in (1, 21):
        with pytest.raises(EvaluationError, match="folds of 20 patients"):
            cross_fitted(too_sure(20, 2), folds=folds)
    for wrong in ({"coverage": 1.0}, {"labelled": 0.0}, {"risk": 1.5}, {"error": 0.0}, {"device_patients": 0}):
        with pytest.raises(EvaluationError, match=next(iter(wrong))):
            Targets(**wrong)  # type: ignore[arg-type]
