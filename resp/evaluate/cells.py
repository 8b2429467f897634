"""Cells, rows and plain values that the tables of all tasks are made of."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from resp.evaluate.bootstrap import Interval
from resp.evaluate.results import ClassRow, RunRow

NOTHING = "-"
CLASS_COLUMNS = ("", "items", "predicted", "recall", "precision", "F1", "AUROC")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return lines of aligned columns, the first to the left and the others to the right."""
    widths = [max(len(line[column]) for line in [head, *rows]) for column in range(len(head))]
    lines = []
    for line in [head, *rows]:
        cells = [
            line[0].ljust(widths[0]),
            *(text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)),
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def cell(interval: Interval) -> str:
    """Return a share with its interval, in percent."""
    if math.isnan(interval.low):
        return percent(interval.value)
    return f"{percent(interval.value)} [{percent(interval.low)}, {percent(interval.high)}]"


def percent(value: float) -> str:
    """Return a share in percent; a dash for NaN."""
    return NOTHING if math.isnan(value) else f"{100 * value:.2f}"


def class_cells(row: ClassRow) -> list[str]:
    """Return the cells of `CLASS_COLUMNS`."""
    shares = [cell(row.recall), cell(row.precision), percent(row.f1), percent(row.auroc)]
    return [row.name, str(row.items), str(row.predicted), *shares]


def spread(runs: int, values: Mapping[str, Iterable[float]]) -> str:
    """Return mean and standard deviation over runs: what another seed or fold would change.

    Parameters
    ----------
    runs
        How many there are.
    values
        Title → the number of each run.
    """
    shown = []
    for title, numbers in values.items():
        given = np.array(list(numbers))
        defined = given[~np.isnan(given)]
        if len(defined) > 1:
            shown.append(f"{title} {100 * defined.mean():.2f} ± {100 * defined.std(ddof=1):.2f}")
    return f"mean ± standard deviation over {runs} runs: {', '.join(shown) or NOTHING}"


def run_parts(rows: Sequence[RunRow], titles: Mapping[str, str]) -> list[str]:
    """Return a table of runs and how far they differ; nothing where there are no rows.

    Parameters
    ----------
    rows
        One a run.
    titles
        Key of a number → what a reader calls it.
    """
    if not rows:
        return []
    cells = [[row.name, str(row.items), str(row.sources), *(cell(row.numbers[key]) for key in titles)] for row in rows]
    values = {title: [row.numbers[key].value for row in rows] for key, title in titles.items()}
    return ["per run\n" + table(["", "items", "sources", *titles.values()], cells), spread(len(rows), values)]


def run_dict(row: RunRow) -> dict[str, Any]:
    """Return a run's row as plain values."""
    numbers = {key: plain(value) for key, value in row.numbers.items()}
    return {"name": row.name, "items": row.items, "sources": row.sources, **numbers}


def confusion_text(classes: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    """Return a confusion matrix as a table."""
    rows = [[name, *map(str, row)] for name, row in zip(classes, confusion, strict=True)]
    return "confusion (rows: truth, columns: prediction)\n" + table(["", *classes], rows)


def row_dict(row: ClassRow) -> dict[str, Any]:
    """Return a class's row as plain values."""
    intervals = {"recall": plain(row.recall), "precision": plain(row.precision)}
    return {key: intervals.get(key, plain(value)) for key, value in asdict(row).items()}


def reliability_dict(bins: Sequence[Sequence[float]]) -> dict[str, list[Any]]:
    """Return the bins of a reliability diagram as plain values."""
    return dict(zip(("share", "confidence", "accuracy"), map(plain_list, bins), strict=True))


def plain_list(values: Sequence[float]) -> list[Any]:
    """Return each value as `plain` does."""
    return [plain(value) for value in values]


def plain(value: Any) -> Any:
    """Return an interval as a mapping, and None for NaN."""
    if isinstance(value, Interval):
        return {name: plain(number) for name, number in value._asdict().items()}
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
