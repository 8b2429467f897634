"""A model's calibration from predictions of patients that it did not train on."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.calibration import Floats, fit_temperature
from resp.evaluate.confidence.apply import Applied, apply_calibration, calibrated
from resp.evaluate.confidence.conformal import label_threshold, set_threshold
from resp.evaluate.confidence.selective import risk_threshold
from resp.evaluate.errors import EvaluationError
from resp.evaluate.predictions import UNKNOWN, Predictions
from resp.models.config import Calibration, device_key

FEWEST_PATIENTS = 10
"""From how many patients on a temperature is worth fitting; prediction sets of 90 % need nine."""

MOST_PARTS = 100
"""Into how many parts patients are dealt at most: each is fitted on 99 % of them, and takes its time."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What a calibration is meant to do for patients to come.

    Parameters
    ----------
    coverage
        Share of items whose prediction set holds the true class.
    labelled
        Share of items that are given a label; used where there is no ``risk``.
    risk
        The greatest share of wrong labels among those given; None to go by ``labelled``.
    error
        The greatest chance that ``risk`` is not kept.
    device_patients
        From how many patients on a device gets a temperature of its own.

    Raises
    ------
    EvaluationError
        A number out of range.
    """

    coverage: float = 0.9
    labelled: float = 0.9
    risk: float | None = None
    error: float = 0.1
    device_patients: int = FEWEST_PATIENTS

    def __post_init__(self) -> None:
        for name in ("coverage", "labelled", "risk", "error"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise EvaluationError(f"{name}={value}; expected a number between 0 and 1, such as 0.9")
        if self.device_patients < 1:
            raise EvaluationError(f"device_patients={self.device_patients}; expected at least 1")

    @property
    def abstention(self) -> str:
        """The rule by which it is abstained, in words."""
        if self.risk is None:
            return f"an item of a new patient is given a label with a probability of at least {self.labelled:.0%}"
        return (
            f"of the labels given to new patients at most {self.risk:.0%} are wrong, "
            f"with a confidence of {1 - self.error:.0%}"
        )


def fit_calibration(predictions: Predictions, targets: Targets | None = None, fitted_on: str = "") -> Calibration:
    """Fit temperatures, prediction sets and abstention.

    Parameters
    ----------
    predictions
        Of patients that the network did not train on, one label an item. Temperatures that they have already do
        not matter.
    targets
        What is wanted; None for the defaults.
    fitted_on
        On what data, in words.

    Returns
    -------
    Calibration
        A device has a temperature of its own where it is not the only one and has enough patients.

    Raises
    ------
    EvaluationError
        Predictions of several labels an item, or a risk that cannot be shown to be kept.
    """
    targets = targets or Targets()
    check_one_label(predictions)
    raw, devices = predictions.raw_logits, np.array([device_key(name) for name in predictions.devices.tolist()])
    own = _own_devices(devices, predictions.patients, targets.device_patients)
    temperatures = Calibration(
        temperature=_temperature(raw, predictions.truth),
        device_temperatures={
            name: _temperature(raw[devices == name], predictions.truth[devices == name]) for name in own
        },
    )
    after = calibrated(predictions, temperatures)
    probabilities, patients = after.probabilities, predictions.patients
    return temperatures.model_copy(
        update={
            "set_threshold": _down(set_threshold(probabilities, predictions.truth, patients, targets.coverage)),
            "coverage": targets.coverage,
            "abstain_below": _down(_abstain_below(after, targets)),
            "abstention": targets.abstention,
            "fitted_on": fitted_on or f"{len(set(patients.tolist()))} patients, {len(predictions)} predictions",
        }
    )


def cross_fitted(
    predictions: Predictions, targets: Targets | None = None, *, folds: int | None = None, seed: int = 0
) -> Applied:
    """Apply to each patient a calibration that was fitted without it.

    The patients are dealt into folds; the calibration that is fitted on all but one is applied to that one. What is
    measured of the result holds for patients to come, which what is measured of a calibration on its own patients
    does not.

    Parameters
    ----------
    predictions, targets
        See `fit_calibration`.
    folds
        How many, at most one a patient; None for a patient each, up to a hundred. Of few, the temperatures differ from
        part to part, and what is measured of their pooled probabilities depends on the deal.
    seed
        Of the dealing.

    Returns
    -------
    Applied
        In the order of ``predictions``.

    Raises
    ------
    EvaluationError
        Fewer patients than folds, fewer than two folds, or what `fit_calibration` refuses.
    """
    names, cluster = np.unique(predictions.patients, return_inverse=True)
    folds = min(len(names), MOST_PARTS) if folds is None else folds
    if not 2 <= folds <= len(names):
        raise EvaluationError(f"{folds} folds of {len(names)} patients; expected 2 or more, and a patient for each")
    dealt = np.random.default_rng(seed).permutation(len(names)) % folds
    fold_of_item = dealt[cluster]
    parts, places = [], []
    for fold in range(folds):
        held = fold_of_item == fold
        fitted = fit_calibration(predictions.keep(~held), targets)
        parts.append(apply_calibration(predictions.keep(held), fitted))
        places.append(np.flatnonzero(held))
    back = np.argsort(np.concatenate(places))
    return Applied(
        raw=Predictions.pool([part.raw for part in parts]).keep(back),
        calibrated=Predictions.pool([part.calibrated for part in parts]).keep(back),
        sets=np.concatenate([part.sets for part in parts])[back],
        labelled=np.concatenate([part.labelled for part in parts])[back],
        coverage=parts[0].coverage,
    )


def check_one_label(predictions: Predictions) -> None:
    """Refuse predictions of several labels an item.

    Raises
    ------
    EvaluationError
        They are.
    """
    if predictions.task == "multi_label":
        raise EvaluationError(
            "predictions of several labels an item; temperature, prediction sets and abstention are fitted where an "
            "item has one label (respiratory, single_label)"
        )


def _abstain_below(after: Predictions, targets: Targets) -> float:
    confidence = after.probabilities.max(axis=1)
    if targets.risk is None:
        return label_threshold(confidence, after.patients, targets.labelled)
    correct = after.prediction == after.truth
    threshold = risk_threshold(confidence, correct, after.patients, targets.risk, targets.error)
    if threshold is None:
        surer = correct[confidence >= np.median(confidence)]
        raise EvaluationError(
            f"risk={targets.risk}: not shown to be kept even where only the surer half is given a label "
            f"({1 - surer.mean():.1%} of it wrong, {len(set(after.patients.tolist()))} patients); allow a greater risk "
            "or error, give more patients, or choose the share that is labelled instead"
        )
    return threshold


def _own_devices(devices: NDArray[np.str_], patients: NDArray[np.str_], fewest: int) -> list[str]:
    counts = Counter(device for device, _ in set(zip(devices.tolist(), patients.tolist(), strict=True)))
    if len(counts) < 2:
        return []
    return sorted(device for device, count in counts.items() if count >= fewest and device != UNKNOWN)


def _temperature(logits: Floats, truth: NDArray[np.int64]) -> float:
    return round(fit_temperature(logits, truth), 4)


def _down(threshold: float) -> float:
    """Round down, so that what reached the threshold still does after another rounding."""
    return math.floor(threshold * 1e4) / 1e4
