"""A multi-label view as text and as plain values."""

from collections.abc import Sequence
from typing import Any

from resp.evaluate.cells import cell, plain, run_dict, run_parts, table
from resp.evaluate.multi_label.view import MultiLabelView, RankedClassRow
from resp.evaluate.results import Evaluation
from resp.evaluate.tasks import task_numbers

# Of more classes only so many of the best and of the worst are told.
_MOST_CLASSES = 40
_AT_EACH_END = 15


def view_text(view: MultiLabelView, evaluation: Evaluation) -> str:
    """Return the tables of a view."""
    head = f"== {view.name}: {view.items} items of {view.sources} sources ({evaluation.protocol} protocol)"
    parts = [
        head,
        f"mAP {cell(view.map)}   macro AUROC {cell(view.macro_auroc)}",
        _classes(view),
        *run_parts(view.runs, task_numbers("multi_label").titles),
    ]
    return "\n" + "\n\n".join(parts) + "\n"


def view_dict(view: MultiLabelView, evaluation: Evaluation) -> dict[str, Any]:  # noqa: ARG001  # as all tasks
    """Return a view as plain values."""
    return {
        "name": view.name,
        "items": view.items,
        "sources": view.sources,
        "map": plain(view.map),
        "macro_auroc": plain(view.macro_auroc),
        "per_class": [
            {
                "name": row.name,
                "items": row.items,
                "average_precision": plain(row.average_precision),
                "auroc": plain(row.auroc),
            }
            for row in view.classes
        ],
        "per_run": [run_dict(row) for row in view.runs],
    }


def ranked_classes(view: MultiLabelView) -> list[RankedClassRow]:
    """Return the classes that occur, from the highest average precision to the lowest."""
    occurring = [row for row in view.classes if row.items]
    return sorted(occurring, key=lambda row: -row.average_precision.value)


def _classes(view: MultiLabelView) -> str:
    ranked = ranked_classes(view)
    told = f"{len(ranked)} of {len(view.classes)} classes occur"
    if len(ranked) <= _MOST_CLASSES:
        return f"per class, by average precision ({told})\n{_class_table(ranked)}"
    return (
        f"the {_AT_EACH_END} best classes by average precision ({told})\n{_class_table(ranked[:_AT_EACH_END])}\n\n"
        f"the {_AT_EACH_END} worst\n{_class_table(ranked[-_AT_EACH_END:])}"
    )


def _class_table(rows: Sequence[RankedClassRow]) -> str:
    cells = [[row.name, str(row.items), cell(row.average_precision), cell(row.auroc)] for row in rows]
    return table(["", "items", "AP", "AUROC"], cells)
