"""A single-label evaluation as one picture: confusion, recall of each class, accuracy, calibration."""

from typing import TYPE_CHECKING

import numpy as np

from resp.evaluate.drawing import BLUE, draw_interval, draw_overall, draw_reliability
from resp.evaluate.results import Evaluation
from resp.evaluate.single_label.view import SingleLabelView
from resp.evaluate.tasks import task_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches of a row of the matrix, so that its numbers and names can be read at any number of classes.
_ROW_INCHES = 0.24
_LEAST_INCHES = 5.5
# Up to here a cell has room for a share and a count.
_ROOMY = 12


def draw_single_label(evaluation: Evaluation) -> "Figure":
    """Draw the first view's confusion matrix and recalls, every view's accuracy, and calibration.

    The picture grows with the number of classes.
    """
    from matplotlib.figure import Figure

    view: SingleLabelView = evaluation.views[0]
    side = max(_LEAST_INCHES, _ROW_INCHES * len(evaluation.classes) + 2)
    figure = Figure(figsize=(side + 5.5, side + 4.5), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(side, 3.6), squeeze=False)[:, 0]
    matrix, recalls = upper.subplots(1, 2, width_ratios=(side, 4), sharey=True)
    _draw_confusion(matrix, view, evaluation.classes)
    _draw_recalls(recalls, view)
    overall, calibration = lower.subplots(1, 2)
    draw_overall(overall, evaluation, task_numbers("single_label").titles, "Accuracy, macro recall")
    draw_reliability(calibration, view.reliability, view.calibration_error)
    return figure


def _draw_confusion(axes: "Axes", view: SingleLabelView, classes: tuple[str, ...]) -> None:
    counts = np.array(view.confusion)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(100 * counts, total, out=np.zeros(counts.shape), where=total > 0)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    roomy = len(classes) <= _ROOMY
    for row, column in zip(*np.nonzero(counts), strict=True):
        axes.text(
            column,
            row,
            f"{share[row, column]:.0f} %\n{counts[row, column]}" if roomy else f"{share[row, column]:.0f}",
            ha="center",
            va="center",
            fontsize=8 if roomy else 5.5,
            color="white" if share[row, column] > 55 else "black",
        )
    size = 9 if roomy else 7
    axes.set_xticks(range(len(classes)), classes, fontsize=size, rotation=90)
    axes.set_yticks(range(len(classes)), classes, fontsize=size)
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")
    axes.set_title(f"Confusion, {view.name} (% of the true class{', count' if roomy else ''})")


def _draw_recalls(axes: "Axes", view: SingleLabelView) -> None:
    """Recall of every class beside its row of the matrix."""
    for row, one in enumerate(view.classes):
        draw_interval(axes, one.recall, row, "o", BLUE)
    axes.axvline(100 * view.macro_recall.value, color="black", linewidth=1, linestyle=":")
    axes.set_xlim(-3, 112)
    axes.set_xlabel("%")
    axes.set_title("Recall (dotted: mean)")
    axes.tick_params(labelleft=False)
    axes.grid(alpha=0.3)
