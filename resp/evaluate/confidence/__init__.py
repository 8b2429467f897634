"""How sure: fitting a model's calibration on patients it did not see, and measuring what it is worth."""

from resp.evaluate.confidence.apply import Applied, apply_calibration, calibrated
from resp.evaluate.confidence.conformal import label_threshold, prediction_sets, set_threshold
from resp.evaluate.confidence.fitting import FEWEST_PATIENTS, Targets, cross_fitted, fit_calibration
from resp.evaluate.confidence.measuring import ConfidenceResults, measure_confidence
from resp.evaluate.confidence.selective import RiskCoverage, risk_coverage, risk_threshold

__all__ = [
    "Applied",
    "ConfidenceResults",
    "FEWEST_PATIENTS",
    "RiskCoverage",
    "Targets",
    "apply_calibration",
    "calibrated",
    "cross_fitted",
    "fit_calibration",
    "label_threshold",
    "measure_confidence",
    "prediction_sets",
    "risk_coverage",
    "risk_threshold",
    "set_threshold",
]
