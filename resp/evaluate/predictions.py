"""What a network said of every item, with what the tables need to know of it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.calibration import Floats, sigmoid, softmax
from resp.evaluate.errors import EvaluationError

if TYPE_CHECKING:
    from resp.models.task import Task

UNKNOWN = "unknown"

_TEXT = ("items", "runs", "patients", "devices", "sites")
# Of the predictions as a whole; all others have a row an item.
_WHOLE = ("classes", "task")


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predictions of labelled items, one row an item and run.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    items, patients, devices, sites
        [items] str: the item's name, its patient (of clips: the recording, speaker or video they come from), and its
        stethoscope and place (``"unknown"`` if not known).
    truth
        [items] int64 class indices; of a multi-label task [items, classes] int8, 1 where the item has the class.
    logits
        [items, classes] float64. The logarithm of probabilities serves too, as for the mean over windows.
    runs
        [items] str: which training run the prediction comes from; all one name where there is one.
    temperatures
        [items] float64: what the logits have been divided by already; None for 1, of a network that is not
        calibrated.
    task
        What is predicted, which decides how it is measured.

    Raises
    ------
    EvaluationError
        No items, columns of different lengths, numbers that are not finite, or labels that are no classes.
    """

    classes: tuple[str, ...]
    items: NDArray[np.str_]
    patients: NDArray[np.str_]
    devices: NDArray[np.str_]
    sites: NDArray[np.str_]
    truth: NDArray[Any]
    logits: Floats
    runs: NDArray[np.str_] | None = None
    temperatures: Floats | None = None
    task: "Task" = "respiratory"

    def __post_init__(self) -> None:
        size = len(self.items)
        runs = self.runs if self.runs is not None else np.full(size, "")
        given: dict[str, Any] = {name: np.asarray(getattr(self, name), dtype=str) for name in _TEXT if name != "runs"}
        given |= {"runs": np.asarray(runs, dtype=str), "classes": tuple(self.classes)}
        temperatures = self.temperatures if self.temperatures is not None else np.ones(size)
        given |= {
            "temperatures": np.asarray(temperatures, dtype=np.float64),
            "truth": _truth(self.truth, self.task),
            "logits": np.asarray(self.logits, dtype=np.float64),
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)
        for name in _TEXT:
            if given[name].shape != (size,):
                raise EvaluationError(f"{name} has shape {given[name].shape}; expected [{size}], one an item")
        if not size or self.logits.shape != (size, len(self.classes)):
            raise EvaluationError(
                f"logits {self.logits.shape} for {size} items and {len(self.classes)} classes; "
                "expected [items, classes] and at least one item"
            )
        if not np.isfinite(self.logits).all():
            raise EvaluationError("logits that are not finite numbers; the network's output cannot be judged")
        divided = given["temperatures"]
        if divided.shape != (size,) or not (np.isfinite(divided) & (divided > 0)).all():
            raise EvaluationError(f"temperatures {divided.shape}; expected a number above 0 for each of {size} items")
        self._check_truth()

    def __len__(self) -> int:
        return len(self.items)

    @property
    def probabilities(self) -> Floats:
        """[items, classes] softmax of the logits; of a multi-label task their sigmoid."""
        return sigmoid(self.logits) if self.task == "multi_label" else softmax(self.logits)

    @property
    def raw_logits(self) -> Floats:
        """[items, classes] logits before any temperature."""
        divided = np.ones(len(self)) if self.temperatures is None else self.temperatures
        return self.logits * divided[:, None]

    @property
    def prediction(self) -> NDArray[np.int64]:
        """[items] index of the most probable class."""
        return np.asarray(self.logits.argmax(axis=1))

    def keep(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Predictions":
        """Return the rows where ``chosen`` [items] is true, or those of which it holds the numbers, in that order.

        Raises
        ------
        EvaluationError
            None is.
        """
        rows = {field.name: getattr(self, field.name)[chosen] for field in fields(self) if field.name not in _WHOLE}
        return replace(self, **rows)

    def by_run(self) -> list[tuple[str, "Predictions"]]:
        """Return name and predictions of every run where there are several, and nothing where there is one."""
        runs = np.asarray(self.runs, dtype=str)
        known: list[str] = np.unique(runs).tolist()
        return [(run, self.keep(runs == run)) for run in known] if len(known) > 1 else []

    @classmethod
    def pool(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """Join the predictions of several runs (folds, seeds) of the same classes.

        Raises
        ------
        EvaluationError
            No parts, or other classes or another task in one of them.
        """
        if not parts or any(part.classes != parts[0].classes for part in parts):
            named = sorted({", ".join(part.classes) for part in parts})
            raise EvaluationError(f"runs with the classes {named}; expected at least one run and the same classes")
        if len(tasks := sorted({part.task for part in parts})) > 1:
            raise EvaluationError(f"runs of the tasks {', '.join(tasks)}; expected one task")
        rows = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
            if field.name not in _WHOLE
        }
        return cls(classes=parts[0].classes, task=parts[0].task, **rows)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file; see `resp.evaluate.predictions_file`."""
        from resp.evaluate.predictions_file import write_predictions

        write_predictions(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Predictions":
        """Read what `save` wrote.

        Raises
        ------
        EvaluationError
            The file is not there or is no table of predictions.
        """
        from resp.evaluate.predictions_file import read_predictions

        return read_predictions(path)

    def _check_truth(self) -> None:
        size, classes = self.logits.shape
        if self.task == "multi_label":
            if self.truth.shape != (size, classes):
                raise EvaluationError(f"truth has shape {self.truth.shape}; expected [{size}, {classes}] of 0 and 1")
            if not np.isin(self.truth, (0, 1)).all():
                raise EvaluationError("truth holds other things than 0 and 1, whether an item has a class")
            return
        if self.truth.shape != (size,):
            raise EvaluationError(f"truth has shape {self.truth.shape}; expected [{size}], one an item")
        if self.truth.min() < 0 or self.truth.max() >= classes:
            raise EvaluationError(f"truth holds other things than the class indices 0 to {classes - 1}")


def _truth(given: Any, task: str) -> NDArray[Any]:
    if task != "multi_label":
        return np.asarray(given, dtype=np.int64)
    values = np.asarray(given)
    # Checked before it is cast, which would cut 0.5 to 0.
    return values.astype(np.int8) if np.isin(values, (0, 1)).all() else values
