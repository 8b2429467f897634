"""A single-label view as text and as plain values."""

from typing import Any

import numpy as np

from resp.evaluate.cells import (
    CLASS_COLUMNS,
    cell,
    class_cells,
    confusion_text,
    percent,
    plain,
    reliability_dict,
    row_dict,
    run_dict,
    run_parts,
    table,
)
from resp.evaluate.results import Evaluation
from resp.evaluate.single_label.view import SingleLabelView
from resp.evaluate.tasks import task_numbers

# A wider matrix is told by its greatest confusions.
_WIDEST_MATRIX = 12
_MOST_CONFUSIONS = 15


def view_text(view: SingleLabelView, evaluation: Evaluation) -> str:
    """Return the tables of a view."""
    head = f"== {view.name}: {view.items} items of {view.sources} sources ({evaluation.protocol} protocol)"
    parts = [
        head,
        f"accuracy {cell(view.accuracy)}   macro recall {cell(view.macro_recall)}   "
        f"expected calibration error {percent(view.calibration_error)}",
        _confusion(view, evaluation.classes),
        "per class\n" + table(CLASS_COLUMNS, list(map(class_cells, view.classes))),
        *run_parts(view.runs, task_numbers("single_label").titles),
    ]
    return "\n" + "\n\n".join(parts) + "\n"


def view_dict(view: SingleLabelView, evaluation: Evaluation) -> dict[str, Any]:  # noqa: ARG001  # as all tasks
    """Return a view as plain values."""
    return {
        "name": view.name,
        "items": view.items,
        "sources": view.sources,
        "accuracy": plain(view.accuracy),
        "macro_recall": plain(view.macro_recall),
        "confusion": [list(row) for row in view.confusion],
        "expected_calibration_error": plain(view.calibration_error),
        "reliability": reliability_dict(view.reliability),
        "per_class": [row_dict(row) for row in view.classes],
        "per_run": [run_dict(row) for row in view.runs],
    }


def _confusion(view: SingleLabelView, classes: tuple[str, ...]) -> str:
    if len(classes) <= _WIDEST_MATRIX:
        return confusion_text(classes, view.confusion)
    counts = np.array(view.confusion)
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_CONFUSIONS]
    places = [divmod(int(place), len(classes)) for place in order if wrong.flat[place]]
    total = counts.sum(axis=1)
    rows = [
        [classes[row], classes[column], str(wrong[row, column]), percent(wrong[row, column] / total[row])]
        for row, column in places
    ]
    return "greatest confusions\n" + table(["truth", "prediction", "items", "of the class"], rows)
