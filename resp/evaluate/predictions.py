"""What a network said of every item, with what the tables need to know of it."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.calibration import Floats, softmax
from resp.evaluate.errors import EvaluationError

UNKNOWN = "unknown"

_TEXT = ("items", "runs", "patients", "devices", "sites")
_COLUMNS = ("item", "run", "patient", "device", "site", "truth")
_LOGIT = "logit_"


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predictions of labelled items, one row an item and run.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    items, patients, devices, sites
        [items] str: the item's name, its patient, and its stethoscope and place (``"unknown"`` if not known).
    truth
        [items] int64 class indices.
    logits
        [items, classes] float64. The logarithm of probabilities serves too, as for the mean over windows.
    runs
        [items] str: which training run the prediction comes from; all one name where there is one.

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
    truth: NDArray[np.int64]
    logits: Floats
    runs: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        size = len(self.items)
        runs = self.runs if self.runs is not None else np.full(size, "")
        given: dict[str, Any] = {name: np.asarray(getattr(self, name), dtype=str) for name in _TEXT if name != "runs"}
        given |= {"runs": np.asarray(runs, dtype=str), "classes": tuple(self.classes)}
        given |= {
            "truth": np.asarray(self.truth, dtype=np.int64),
            "logits": np.asarray(self.logits, dtype=np.float64),
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)
        for name in (*_TEXT, "truth"):
            if given[name].shape != (size,):
                raise EvaluationError(f"{name} has shape {given[name].shape}; expected [{size}], one an item")
        if not size or self.logits.shape != (size, len(self.classes)):
            raise EvaluationError(
                f"logits {self.logits.shape} for {size} items and {len(self.classes)} classes; "
                "expected [items, classes] and at least one item"
            )
        if not np.isfinite(self.logits).all():
            raise EvaluationError("logits that are not finite numbers; the network's output cannot be judged")
        if self.truth.min() < 0 or self.truth.max() >= len(self.classes):
            raise EvaluationError(f"truth holds other things than the class indices 0 to {len(self.classes) - 1}")

    def __len__(self) -> int:
        return len(self.items)

    @property
    def probabilities(self) -> Floats:
        """[items, classes] softmax of the logits."""
        return softmax(self.logits)

    @property
    def prediction(self) -> NDArray[np.int64]:
        """[items] index of the most probable class."""
        return np.asarray(self.logits.argmax(axis=1))

    def keep(self, chosen: NDArray[np.bool_]) -> "Predictions":
        """Return the rows where ``chosen`` [items] is true.

        Raises
        ------
        EvaluationError
            None is.
        """
        rows = {field.name: getattr(self, field.name)[chosen] for field in fields(self) if field.name != "classes"}
        return replace(self, **rows)

    @classmethod
    def pool(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """Join the predictions of several runs (folds, seeds) of the same classes.

        Raises
        ------
        EvaluationError
            No parts, or other classes in one of them.
        """
        if not parts or any(part.classes != parts[0].classes for part in parts):
            named = sorted({", ".join(part.classes) for part in parts})
            raise EvaluationError(f"runs with the classes {named}; expected at least one run and the same classes")
        rows = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
            if field.name != "classes"
        }
        return cls(classes=parts[0].classes, **rows)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file: item, run, patient, device, site, truth, and a logit for every class."""
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*_COLUMNS, *(f"{_LOGIT}{name}" for name in self.classes)])
            texts = zip(self.items, _known(self.runs), self.patients, self.devices, self.sites, strict=True)
            for text, truth, logits in zip(texts, self.truth, self.logits, strict=True):
                writer.writerow([*text, self.classes[truth], *(repr(float(value)) for value in logits)])

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Predictions":
        """Read what `save` wrote.

        Raises
        ------
        EvaluationError
            The file is not there or is no table of predictions.
        """
        try:
            with Path(path).open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file, strict=True))
            classes = tuple(name.removeprefix(_LOGIT) for name in rows[0] if name.startswith(_LOGIT))
            column = {name: np.array([row[name] for row in rows]) for name in _COLUMNS}
            return cls(
                classes=classes,
                items=column["item"],
                patients=column["patient"],
                devices=column["device"],
                sites=column["site"],
                runs=column["run"],
                truth=np.array([classes.index(row["truth"]) for row in rows]),
                logits=np.array([[float(row[f"{_LOGIT}{name}"]) for name in classes] for row in rows]),
            )
        except (OSError, UnicodeDecodeError, csv.Error, IndexError, KeyError, TypeError, ValueError) as error:
            raise EvaluationError(
                f"{path}: not a table of predictions ({type(error).__name__}: {error}); expected a CSV of "
                f"{', '.join(_COLUMNS)} and a column {_LOGIT}CLASS for every class"
            ) from error


def _known(runs: NDArray[np.str_] | None) -> NDArray[np.str_]:
    # `runs` is an array after construction; the type cannot say so.
    return runs if runs is not None else np.array([], dtype=str)
