"""Metrics, protocols, calibration and result tables."""

from resp.evaluate.bootstrap import Interval, patient_bootstrap
from resp.evaluate.calibration import expected_calibration_error, fit_temperature, set_threshold
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
    "auroc",
    "average_precision",
    "confusion",
    "evaluate",
    "evaluate_model",
    "expected_calibration_error",
    "fit_temperature",
    "icbhi_score",
    "patient_bootstrap",
    "predict_items",
    "set_threshold",
    "two_class_score",
]
