"""What is measured of each task, and which number chooses epochs and is reported first."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.metrics import Floats, confusion, confusion_scores, normal_class, recall_precision
from resp.evaluate.ranking import rank_classes

if TYPE_CHECKING:
    from resp.evaluate.predictions import Predictions
    from resp.evaluate.results import Protocol
    from resp.models.task import Task

LOSS = "loss"


@dataclass(frozen=True, slots=True)
class TaskNumbers:
    """The numbers of a task, each in [0, 1] and the better the greater.

    Parameters
    ----------
    titles
        Key → what a reader calls it, in the order in which they are told.
    primary
        Key of the number that chooses epochs; None where only the loss can.
    unit
        What is resampled for intervals, in the plural: the key that no split divides.
    """

    titles: dict[str, str]
    primary: str | None
    unit: str

    @property
    def primary_title(self) -> str:
        """What a reader calls the primary number."""
        return LOSS if self.primary is None else self.titles[self.primary]


_TASKS: "dict[Task, TaskNumbers]" = {
    "respiratory": TaskNumbers({"sp": "Sp", "se": "Se", "score": "Score"}, "score", "patients"),
    "single_label": TaskNumbers({"accuracy": "accuracy", "macro_recall": "macro recall"}, "accuracy", "sources"),
    "multi_label": TaskNumbers({"map": "mAP", "macro_auroc": "macro AUROC"}, "map", "sources"),
    "unlabelled": TaskNumbers({}, None, "sources"),
}


def task_numbers(task: "Task") -> TaskNumbers:
    """Return what is measured of a task."""
    return _TASKS[task]


def number_title(key: str) -> str:
    """Return what a reader calls a number of any task, such as ``Score``; the key itself where none has it."""
    return next((numbers.titles[key] for numbers in _TASKS.values() if key in numbers.titles), key)


def protocol_words(words: "dict[Protocol, str]", protocol: "Protocol", task: "Task") -> str:
    """Return what a protocol means, in the words of the task: its number and what no split divides."""
    if task == "respiratory":
        return words[protocol]
    return words[protocol].replace("Score", task_numbers(task).primary_title).replace("patient", "source")


def measure(predictions: "Predictions") -> dict[str, float]:
    """Return a task's numbers, NaN where one is not defined.

    Parameters
    ----------
    predictions
        Of any task.

    Returns
    -------
    dict
        Key → number, with the keys and in the order of `task_numbers`. ``sp``, ``se`` and ``score`` as in
        `resp.evaluate.metrics`; ``accuracy``, the share of items whose class is the most probable one;
        ``macro_recall``, the mean over classes that have items; ``map``, mean average precision over classes that
        occur; ``macro_auroc``, the mean over classes that occur and are not everywhere.
    """
    if predictions.task == "multi_label":
        areas, precisions = rank_classes(predictions.truth, predictions.logits)
        return {"map": mean_defined(precisions), "macro_auroc": mean_defined(areas)}
    counts = confusion(predictions.truth, predictions.prediction, len(predictions.classes))
    return measure_counts(counts, predictions.task, normal_class(predictions.classes))


def measure_counts(counts: NDArray[np.int64], task: "Task", normal: int) -> dict[str, float]:
    """Return the numbers of a task with one label an item from its confusion matrix [classes, classes].

    Parameters
    ----------
    counts
        Rows are true classes.
    task
        ``respiratory`` or ``single_label``.
    normal
        Index of the normal class, of a respiratory task.
    """
    if task == "respiratory":
        scores = confusion_scores(counts, normal)
        return dict(zip(task_numbers(task).titles, map(float, scores), strict=True))
    items = counts.sum()
    accuracy = float(np.trace(counts) / items) if items else float("nan")
    return {"accuracy": accuracy, "macro_recall": mean_defined(recall_precision(counts)[0])}


def mean_loss(predictions: "Predictions") -> float:
    """Return the mean loss in nats: cross-entropy, of a multi-label task the binary one over items and classes."""
    if predictions.task == "multi_label":
        logits = predictions.logits
        return float((np.logaddexp(0, logits) - predictions.truth * logits).mean())
    true = predictions.probabilities[np.arange(len(predictions)), predictions.truth]
    return -float(np.log(np.maximum(true, np.finfo(np.float64).tiny)).mean())


def mean_defined(values: Floats) -> Any:
    """Return the mean over the last axis of what is not NaN; NaN where nothing is left."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=-1)
    total = np.where(defined, values, 0).sum(axis=-1)
    mean = np.divide(total, count, out=np.full(np.shape(count), np.nan), where=count > 0)
    return mean if mean.ndim else float(mean)
