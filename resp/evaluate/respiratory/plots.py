"""A respiratory evaluation as one picture: scores with intervals, confusion, devices and sites, calibration."""

import math
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from resp.evaluate.drawing import BLUE, GREY, ORANGE, draw_interval, draw_reliability, legend
from resp.evaluate.respiratory.view import Scores, View
from resp.evaluate.results import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_respiratory(evaluation: Evaluation) -> "Figure":
    """Draw scores of every view, and the first view's confusion matrix, groups and calibration: 12 × 9.5 inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 9.5), layout="constrained")
    axes = figure.subplots(2, 2)
    view: View = evaluation.views[0]
    _draw_scores(axes[0, 0], evaluation)
    _draw_confusion(axes[0, 1], view, evaluation.classes)
    _draw_groups(axes[1, 0], evaluation)
    draw_reliability(axes[1, 1], view.reliability, view.calibration_error)
    return figure


def _draw_scores(axes: "Axes", evaluation: Evaluation) -> None:
    """Sp, Se and Score of every class for itself and of two classes, one row a view."""
    rows: list[tuple[str, Scores, str]] = []
    for view in evaluation.views:
        label = f"{fill(view.name, 30)}\n{view.items} items, {view.patients} patients"
        rows.append((label, view.scores, f"{len(evaluation.classes)} classes"))
        if len(evaluation.classes) > 2:
            rows.append(("", view.two_class, "2 classes"))
    ticks, names = [], []
    marks = {"Sp": ("o", BLUE), "Se": ("s", ORANGE), "Score": ("D", "black")}
    for row, (label, scores, kind) in enumerate(rows):
        for offset, (name, (marker, colour)) in enumerate(marks.items()):
            interval = getattr(scores, name.lower())
            place = row + (offset - 1) * 0.24
            draw_interval(axes, interval, place, marker, colour)
        ticks.append(row)
        names.append(f"{label}\n{kind}".strip())
    axes.set_yticks(ticks, names, fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-3, 108)
    axes.set_xlabel(f"%   (bar: {evaluation.level:.0%} interval over patients)")
    axes.set_title("Specificity, sensitivity, Score")
    axes.grid(axis="x", alpha=0.3)
    legend(axes, marks, loc="lower left", columns=3)


def _draw_confusion(axes: "Axes", view: View, classes: tuple[str, ...]) -> None:
    counts = np.array(view.confusion)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(100 * counts, total, out=np.zeros(counts.shape), where=total > 0)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=100)
    for row in range(len(classes)):
        for column in range(len(classes)):
            axes.text(
                column,
                row,
                f"{share[row, column]:.1f} %\n{counts[row, column]}",
                ha="center",
                va="center",
                fontsize=9,
                color="white" if share[row, column] > 55 else "black",
            )
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), [f"{name}\n({int(n)})" for name, n in zip(classes, total[:, 0], strict=True)])
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")
    axes.set_title(f"Confusion, {view.name} (share of the true class, count)")


def _draw_groups(axes: "Axes", evaluation: Evaluation) -> None:
    """Score of every device, then of every site, of the first view."""
    view = evaluation.views[0]
    rows = [*(("device", group) for group in view.devices), *(("site", group) for group in view.sites)]
    names = []
    marks = {"device": ("o", BLUE), "site": ("s", GREY)}
    for row, (kind, group) in enumerate(rows):
        draw_interval(axes, group.scores.score, row, *marks[kind])
        names.append(f"{group.name} ({group.items} items, {group.patients} pat.)")
    overall = 100 * view.scores.score.value
    if not math.isnan(overall):
        axes.axvline(overall, color="black", linewidth=1, linestyle=":")
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.8)
    axes.set_xlim(-3, 108)
    axes.set_xlabel("Score in %")
    axes.set_title(f"Score by device and site, {len(evaluation.classes)} classes (dotted: all items)")
    axes.grid(axis="x", alpha=0.3)
    legend(axes, marks, loc="best", columns=1)
