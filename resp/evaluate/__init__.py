"""Metrics, protocols, calibration and result tables."""

from resp.evaluate.bootstrap import Interval, patient_bootstrap
from resp.evaluate.calibration import brier_score, expected_calibration_error, fit_temperature
from resp.evaluate.confidence import (
    Targets,
    cross_fitted,
    fit_calibration,
    measure_confidence,
    risk_coverage,
    set_threshold,
)
from resp.evaluate.errors import EvaluationError
from resp.evaluate.evaluation import evaluate
from resp.evaluate.metrics import Score, confusion, icbhi_score, two_class_score
from resp.evaluate.predicting import predict_items
from resp.evaluate.predictions import Predictions
from resp.evaluate.ranking import auroc, average_precision
from resp.evaluate.results import PROTOCOLS, Evaluation, Protocol
from resp.evaluate.run import Measured, evaluate_model

__all__ = [
    "Evaluation",
    "EvaluationError",
    "Interval",
    "Measured",
    "PROTOCOLS",
    "Predictions",
    "Protocol",
    "Score",
    "Targets",
    "auroc",
    "average_precision",
    "brier_score",
    "confusion",
    "cross_fitted",
    "evaluate",
    "evaluate_model",
    "expected_calibration_error",
    "fit_calibration",
    "fit_temperature",
    "icbhi_score",
    "measure_confidence",
    "patient_bootstrap",
    "predict_items",
    "risk_coverage",
    "set_threshold",
    "two_class_score",
]
