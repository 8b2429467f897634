"""An evaluation as one picture: scores with intervals, confusion, devices and sites, calibration."""

import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Literal

import numpy as np

from resp.evaluate.results import PROTOCOLS, Evaluation, Scores, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by colour-blind readers too.
_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#777777"
_DPI = 130


def draw_evaluation(evaluation: Evaluation) -> "Figure":
    """Draw scores of every view, and the first view's confusion matrix, groups and calibration.

    Parameters
    ----------
    evaluation
        What `evaluate` returned.

    Returns
    -------
    Figure
        Of 12 × 9.5 inches; independent of pyplot and of any screen.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 9.5), layout="constrained")
    axes = figure.subplots(2, 2)
    view = evaluation.views[0]
    _draw_scores(axes[0, 0], evaluation)
    _draw_confusion(axes[0, 1], view, evaluation.classes)
    _draw_groups(axes[1, 0], evaluation)
    _draw_reliability(axes[1, 1], view)
    protocol = f"{evaluation.protocol} protocol: {PROTOCOLS[evaluation.protocol]}"
    title = f"{evaluation.subject} on {evaluation.data}\n{fill(protocol, 120)}"
    figure.suptitle(title, fontsize=11)
    return figure


def save_picture(evaluation: Evaluation, path: str | os.PathLike[str]) -> None:
    """Write the picture of an evaluation as PNG."""
    buffer = io.BytesIO()
    draw_evaluation(evaluation).savefig(buffer, format="png", dpi=_DPI)
    Path(path).write_bytes(buffer.getvalue())


def _draw_scores(axes: "Axes", evaluation: Evaluation) -> None:
    """Sp, Se and Score of every class for itself and of two classes, one row a view."""
    rows: list[tuple[str, Scores, str]] = []
    for view in evaluation.views:
        label = f"{fill(view.name, 30)}\n{view.items} items, {view.patients} patients"
        rows.append((label, view.scores, f"{len(evaluation.classes)} classes"))
        if len(evaluation.classes) > 2:
            rows.append(("", view.two_class, "2 classes"))
    ticks, names = [], []
    marks = {"Sp": ("o", _BLUE), "Se": ("s", _ORANGE), "Score": ("D", "black")}
    for row, (label, scores, kind) in enumerate(rows):
        for offset, (name, (marker, colour)) in enumerate(marks.items()):
            interval = getattr(scores, name.lower())
            place = row + (offset - 1) * 0.24
            _draw_interval(axes, interval, place, marker, colour)
        ticks.append(row)
        names.append(f"{label}\n{kind}".strip())
    axes.set_yticks(ticks, names, fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-3, 108)
    axes.set_xlabel(f"%   (bar: {evaluation.level:.0%} interval over patients)")
    axes.set_title("Specificity, sensitivity, Score")
    axes.grid(axis="x", alpha=0.3)
    _legend(axes, marks, loc="lower left", columns=3)


def _draw_interval(axes: "Axes", interval: Sequence[float], place: float, marker: str, colour: str) -> None:
    value, low, high = (100 * number for number in interval)
    if math.isnan(value):
        return
    if not math.isnan(low):
        axes.plot([low, high], [place, place], color=colour, linewidth=1.6)
    axes.plot([value], [place], marker=marker, color=colour, linestyle="none", markersize=6)
    axes.annotate(
        f"{value:.1f}",
        (value if math.isnan(high) else high, place),
        xytext=(7, -3),
        textcoords="offset points",
        fontsize=7,
        color=colour,
    )


def _legend(
    axes: "Axes", marks: dict[str, tuple[str, str]], *, loc: Literal["lower left", "best"], columns: int
) -> None:
    """Explain the marks, also those that no row could be drawn with."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker=marker, color=colour, linestyle="none", label=name)
        for name, (marker, colour) in marks.items()
    ]
    axes.legend(handles=handles, loc=loc, fontsize=8, ncols=columns)


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
    marks = {"device": ("o", _BLUE), "site": ("s", _GREY)}
    for row, (kind, group) in enumerate(rows):
        _draw_interval(axes, group.scores.score, row, *marks[kind])
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
    _legend(axes, marks, loc="best", columns=1)


def _draw_reliability(axes: "Axes", view: View) -> None:
    share, confidence, accuracy = (np.array(row) for row in view.reliability)
    edges = np.linspace(0, 100, len(share) + 1)
    axes.bar(
        edges[:-1],
        100 * share,
        width=edges[1],
        align="edge",
        color="#DDDDDD",
        edgecolor="white",
        label="share of items",
    )
    axes.plot([0, 100], [0, 100], color="black", linewidth=1, linestyle=":", label="perfectly calibrated")
    axes.plot(100 * confidence, 100 * accuracy, marker="o", color=_BLUE, label="accuracy")
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("probability of the predicted class in %")
    axes.set_ylabel("%")
    axes.set_title(f"Calibration (expected error {100 * view.calibration_error:.1f} %)")
    axes.legend(loc="upper left", fontsize=8)
