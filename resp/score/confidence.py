"""How sure: calibrated probabilities, prediction sets, and when to give no label.

Sources, and how the numbers used here are fitted: `resp.evaluate.confidence`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.calibration import Floats, sigmoid, softmax
from resp.evaluate.confidence import prediction_sets
from resp.models.config import Calibration
from resp.models.task import Task


def calibrate(
    logits: NDArray[Any], calibration: Calibration, task: Task = "respiratory", device: str | None = None
) -> Floats:
    """Return probabilities, the softmax of ``logits`` [..., classes] over the temperature.

    Of ``multi_label`` it is their sigmoid: each class is a yes or no of its own, and they need not sum to one. The
    temperature is that of the ``device`` the sound was recorded with, where it has one of its own.
    """
    temperature = calibration.temperature_of(device)
    if task == "multi_label":
        return sigmoid(np.asarray(logits, dtype=np.float64) / temperature)
    return softmax(logits, temperature)


def prediction_set(probabilities: Floats, classes: Sequence[str], calibration: Calibration) -> tuple[str, ...]:
    """Return the classes that cannot be ruled out at the model's coverage, the most probable first.

    Parameters
    ----------
    probabilities
        [classes].
    classes
        Their names.
    calibration
        Holds the threshold; without one the set is empty, since nothing is promised.

    Returns
    -------
    tuple of str
        The most probable class is always in a set: that can only raise its coverage.
    """
    if calibration.set_threshold is None:
        return ()
    inside = prediction_sets(probabilities[None], calibration.set_threshold)[0]
    return tuple(classes[index] for index in np.argsort(-probabilities, kind="stable") if inside[index])


def abstention(probabilities: Floats, classes: Sequence[str], calibration: Calibration) -> str | None:
    """Return why no label is given for ``probabilities`` [classes], or None where one is."""
    best = int(np.argmax(probabilities))
    if probabilities[best] >= calibration.abstain_below:
        return None
    return (
        f"too unsure: {classes[best]} is the most probable class with {probabilities[best]:.2f}; "
        f"the model asks for at least {calibration.abstain_below:.2f}"
    )
