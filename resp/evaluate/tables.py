"""An evaluation as text and as plain values."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from textwrap import fill
from typing import Any

import numpy as np

from resp.evaluate.bootstrap import Interval
from resp.evaluate.results import PROTOCOLS, ClassRow, Evaluation, GroupRow, Scores, View

NOTHING = "-"
FORMAT_VERSION = 1
_COLUMNS = 100


def evaluation_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Return plain JSON values; None stands for NaN."""
    return {
        "format_version": FORMAT_VERSION,
        "subject": evaluation.subject,
        "data": evaluation.data,
        "protocol": evaluation.protocol,
        "protocol_means": PROTOCOLS[evaluation.protocol],
        "classes": list(evaluation.classes),
        "normal": evaluation.classes[evaluation.normal],
        "bootstrap": {
            "unit": "patient",
            "resamples": evaluation.resamples,
            "seed": evaluation.seed,
            "level": evaluation.level,
        },
        "notes": list(evaluation.notes),
        "views": [_view_dict(view, evaluation.kind) for view in evaluation.views],
    }


def evaluation_text(evaluation: Evaluation) -> str:
    """Return the tables as text, in percent."""
    head = [
        f"{evaluation.subject} on {evaluation.data}",
        f"protocol {evaluation.protocol}: {PROTOCOLS[evaluation.protocol]}",
        f"in percent; [low, high] is the {evaluation.level:.0%} interval of {evaluation.resamples} resamples "
        "of patients",
        f"normal class: {evaluation.classes[evaluation.normal]}",
        *(f"note: {note}" for note in evaluation.notes),
    ]
    lines = [fill(line, _COLUMNS, subsequent_indent="  ", break_on_hyphens=False) for line in head]
    return "\n".join(lines) + "\n" + "".join(_view_text(view, evaluation) for view in evaluation.views)


def _view_text(view: View, evaluation: Evaluation) -> str:
    kinds = [(evaluation.kind, view.scores)]
    if evaluation.kind != "two_class":
        kinds.append(("two_class", view.two_class))
    heading = f"== {view.name}: {view.items} items of {view.patients} patients ({evaluation.protocol} protocol)"
    parts = [
        heading,
        _table(["", "Sp", "Se", "Score"], [[_words(kind), *_cells(scores)] for kind, scores in kinds]),
        f"AUROC normal against abnormal {_cell(view.auroc)}   "
        f"expected calibration error {_percent(view.calibration_error)}",
        "confusion (rows: truth, columns: prediction)\n"
        + _table(
            ["", *evaluation.classes],
            [[name, *map(str, row)] for name, row in zip(evaluation.classes, view.confusion, strict=True)],
        ),
        "per class\n"
        + _table(
            ["", "items", "predicted", "recall", "precision", "F1", "AUROC"],
            list(map(_class_cells, view.classes)),
        ),
    ]
    for title, rows in (("per device", view.devices), ("per site", view.sites), ("per run", view.runs)):
        if rows:
            parts.append(f"{title}, {_words(evaluation.kind)}\n{_group_table(rows)}")
    if view.runs:
        parts.append(_spread(view.runs))
    return "\n" + "\n\n".join(parts) + "\n"


def _group_table(rows: Sequence[GroupRow]) -> str:
    cells = [
        [
            row.name,
            str(row.items),
            str(row.patients),
            str(row.normal),
            *_cells(row.scores),
            _cell(row.two_class.se),
        ]
        for row in rows
    ]
    return _table(["", "items", "patients", "normal", "Sp", "Se", "Score", "Se, two classes"], cells)


def _spread(runs: Sequence[GroupRow]) -> str:
    """Mean and standard deviation over runs: what another seed or fold would change."""
    shown = []
    for name in ("sp", "se", "score"):
        values = np.array([getattr(row.scores, name).value for row in runs])
        defined = values[~np.isnan(values)]
        if len(defined) > 1:
            title = "Score" if name == "score" else name.capitalize()
            shown.append(f"{title} {100 * defined.mean():.2f} ± {100 * defined.std(ddof=1):.2f}")
    return f"mean ± standard deviation over {len(runs)} runs: {', '.join(shown) or NOTHING}"


def _class_cells(row: ClassRow) -> list[str]:
    shares = [_cell(row.recall), _cell(row.precision), _percent(row.f1), _percent(row.auroc)]
    return [row.name, str(row.items), str(row.predicted), *shares]


def _cells(scores: Scores) -> list[str]:
    return [_cell(scores.sp), _cell(scores.se), _cell(scores.score)]


def _cell(interval: Interval) -> str:
    if math.isnan(interval.low):
        return _percent(interval.value)
    return f"{_percent(interval.value)} [{_percent(interval.low)}, {_percent(interval.high)}]"


def _percent(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{100 * value:.2f}"


def _words(kind: str) -> str:
    return f"{kind.removesuffix('_class')} classes"


def _table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in [head, *rows]) for column in range(len(head))]
    lines = []
    for line in [head, *rows]:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _view_dict(view: View, kind: str) -> dict[str, Any]:
    return {
        "name": view.name,
        "items": view.items,
        "patients": view.patients,
        kind: _scores_dict(view.scores),
        "two_class": _scores_dict(view.two_class),
        "auroc_abnormal": _plain(view.auroc),
        "confusion": [list(row) for row in view.confusion],
        "expected_calibration_error": _plain(view.calibration_error),
        "reliability": dict(zip(("share", "confidence", "accuracy"), map(_plain_list, view.reliability), strict=True)),
        "per_class": [_row_dict(row) for row in view.classes],
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


def _row_dict(row: ClassRow) -> dict[str, Any]:
    intervals = {"recall": _plain(row.recall), "precision": _plain(row.precision)}
    return {key: intervals.get(key, _plain(value)) for key, value in asdict(row).items()}


def _scores_dict(scores: Scores) -> dict[str, Any]:
    return {"sp": _plain(scores.sp), "se": _plain(scores.se), "score": _plain(scores.score)}


def _plain_list(values: Sequence[float]) -> list[Any]:
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if isinstance(value, Interval):
        return {name: _plain(number) for name, number in value._asdict().items()}
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
