"""From predictions to an evaluation: the numbers of their task, with intervals and tables."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from resp.evaluate.bootstrap import LEVEL, RESAMPLES
from resp.evaluate.errors import EvaluationError
from resp.evaluate.metrics import normal_class
from resp.evaluate.multi_label.view import multi_label_view
from resp.evaluate.predictions import Predictions
from resp.evaluate.respiratory.view import respiratory_view
from resp.evaluate.results import Evaluation, Protocol
from resp.evaluate.single_label.view import single_label_view
from resp.evaluate.tasks import task_numbers

if TYPE_CHECKING:
    from resp.models.task import Task

_VIEWS: "dict[Task, Callable[[str, Predictions, int, int, float], Any]]" = {
    "respiratory": respiratory_view,
    "single_label": single_label_view,
    "multi_label": multi_label_view,
}


def evaluate(
    predictions: Predictions,
    *,
    subject: str = "model",
    data: str = "data",
    protocol: Protocol = "unstated",
    without_patients: Sequence[str] = (),
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
    notes: Sequence[str] = (),
) -> Evaluation:
    """Measure predictions.

    Parameters
    ----------
    predictions
        Labelled items with their logits; their task says what is measured.
    subject, data
        What was measured on what, in words.
    protocol
        How the weights were chosen.
    without_patients
        Patients to be left out of a second view; those that are not there do not matter.
    resamples, seed, level
        Of the patient bootstrap.
    notes
        Carried into the results.

    Returns
    -------
    Evaluation
        The task's numbers with intervals, and tables: Sp, Se and Score for all classes and for two; accuracy;
        or mean average precision.

    Raises
    ------
    EvaluationError
        A setting out of range.
    """
    task = predictions.task
    if task not in _VIEWS:
        raise EvaluationError(f"{data}: nothing can be measured of {task} sounds; expected labelled ones")
    view, unit = _VIEWS[task], task_numbers(task).unit
    views = [view(f"all {unit}", predictions, resamples, seed, level)]
    left_out = [name for name in dict.fromkeys(without_patients) if name in set(predictions.patients.tolist())]
    kept = ~np.isin(predictions.patients, np.asarray(left_out, dtype=str))
    if left_out and kept.any():
        name = f"without {unit} {', '.join(left_out)}"
        views.append(view(name, predictions.keep(kept), resamples, seed, level))
    return Evaluation(
        subject=subject,
        data=data,
        protocol=protocol,
        classes=predictions.classes,
        normal=normal_class(predictions.classes) if task == "respiratory" else None,
        views=tuple(views),
        resamples=resamples,
        seed=seed,
        level=level,
        notes=tuple(notes),
        task=task,
    )
