"""A respiratory view as text and as plain values."""

from collections.abc import Sequence
from typing import Any

from resp.evaluate.cells import (
    CLASS_COLUMNS,
    cell,
    class_cells,
    confusion_text,
    percent,
    plain,
    reliability_dict,
    row_dict,
    spread,
    table,
)
from resp.evaluate.respiratory.view import GroupRow, Scores, View
from resp.evaluate.results import Evaluation
from resp.evaluate.tasks import task_numbers


def view_text(view: View, evaluation: Evaluation) -> str:
    """Return the tables of a view."""
    kinds = [(evaluation.kind, view.scores)]
    if evaluation.kind != "two_class":
        kinds.append(("two_class", view.two_class))
    heading = f"== {view.name}: {view.items} items of {view.patients} patients ({evaluation.protocol} protocol)"
    parts = [
        heading,
        table(["", "Sp", "Se", "Score"], [[_words(kind), *_cells(scores)] for kind, scores in kinds]),
        f"AUROC normal against abnormal {cell(view.auroc)}   "
        f"expected calibration error {percent(view.calibration_error)}",
        confusion_text(evaluation.classes, view.confusion),
        "per class\n"
        + table(
            CLASS_COLUMNS,
            list(map(class_cells, view.classes)),
        ),
    ]
    for title, rows in (("per device", view.devices), ("per site", view.sites), ("per run", view.runs)):
        if rows:
            parts.append(f"{title}, {_words(evaluation.kind)}\n{_group_table(rows)}")
    if view.runs:
        values = {
            title: [getattr(row.scores, key).value for row in view.runs]
            for key, title in task_numbers("respiratory").titles.items()
        }
        parts.append(spread(len(view.runs), values))
    return "\n" + "\n\n".join(parts) + "\n"


def _group_table(rows: Sequence[GroupRow]) -> str:
    cells = [
        [
            row.name,
            str(row.items),
            str(row.patients),
            str(row.normal),
            *_cells(row.scores),
            cell(row.two_class.se),
        ]
        for row in rows
    ]
    return table(["", "items", "patients", "normal", "Sp", "Se", "Score", "Se, two classes"], cells)


def _cells(scores: Scores) -> list[str]:
    return [cell(scores.sp), cell(scores.se), cell(scores.score)]


def _words(kind: str) -> str:
    return f"{kind.removesuffix('_class')} classes"


def view_dict(view: View, evaluation: Evaluation) -> dict[str, Any]:
    """Return a view as plain values."""
    kind = evaluation.kind
    return {
        "name": view.name,
        "items": view.items,
        "patients": view.patients,
        kind: _scores_dict(view.scores),
        "two_class": _scores_dict(view.two_class),
        "auroc_abnormal": plain(view.auroc),
        "confusion": [list(row) for row in view.confusion],
        "expected_calibration_error": plain(view.calibration_error),
        "reliability": reliability_dict(view.reliability),
        "per_class": [row_dict(row) for row in view.classes],
        "per_device": [_group_dict(row, kind) for row in view.devices],
        "per_site": [_group_dict(row, kind) for row in view.sites],
        "per_run": [_group_dict(row, kind) for row in view.runs],
    }


def _group_dict(row: GroupRow, kind: str) -> dict[str, Any]:
    return {
        "name": row.name,
        "items": row.items,
        "patients": row.patients,
        "normal": row.normal,
        kind: _scores_dict(row.scores),
        "two_class": _scores_dict(row.two_class),
    }


def _scores_dict(scores: Scores) -> dict[str, Any]:
    return {"sp": plain(scores.sp), "se": plain(scores.se), "score": plain(scores.score)}
