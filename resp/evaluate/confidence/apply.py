"""What a model's calibration makes of predictions: probabilities, sets and silence."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.calibration import Floats
from resp.evaluate.confidence.conformal import prediction_sets
from resp.evaluate.predictions import Predictions
from resp.models.config import Calibration


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """Predictions of one label an item, before and after a calibration.

    Parameters
    ----------
    raw, calibrated
        The predictions without temperature, and with the calibration's.
    sets
        [items, classes] whether a class is in the prediction set.
    labelled
        [items] whether a label is given.
    coverage
        The share of items whose set is meant to hold the true class.
    """

    raw: Predictions
    calibrated: Predictions
    sets: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    coverage: float | None


def calibrated(predictions: Predictions, calibration: Calibration) -> Predictions:
    """Return predictions with the temperatures of a calibration in place of those that they have."""
    temperatures = item_temperatures(predictions, calibration)
    return replace(predictions, logits=predictions.raw_logits / temperatures[:, None], temperatures=temperatures)


def item_temperatures(predictions: Predictions, calibration: Calibration) -> Floats:
    """Return [items] the temperature of each item's device."""
    names, place = np.unique(predictions.devices, return_inverse=True)
    return np.array([calibration.temperature_of(name) for name in names.tolist()])[place]


def apply_calibration(predictions: Predictions, calibration: Calibration) -> Applied:
    """Return what a model with this calibration says of items, as its reports would.

    Parameters
    ----------
    predictions
        Of a task with one label an item.
    calibration
        Without a threshold for sets, all classes are in all of them.
    """
    after = calibrated(predictions, calibration)
    probabilities = after.probabilities
    threshold = calibration.set_threshold
    return Applied(
        raw=calibrated(predictions, Calibration()),
        calibrated=after,
        sets=prediction_sets(probabilities, 0.0 if threshold is None else threshold),
        labelled=probabilities.max(axis=1) >= calibration.abstain_below,
        coverage=calibration.coverage,
    )
