"""A multi-label evaluation as one picture: mAP and AUROC, the best and the worst classes, rarity."""

from typing import TYPE_CHECKING

from resp.evaluate.drawing import BLUE, draw_interval, draw_overall
from resp.evaluate.multi_label.tables import ranked_classes
from resp.evaluate.multi_label.view import MultiLabelView
from resp.evaluate.results import Evaluation
from resp.evaluate.tasks import task_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of more classes only the best and the worst are drawn.
_MOST_CLASSES = 40


def draw_multi_label(evaluation: Evaluation) -> "Figure":
    """Draw mAP and AUROC of every view, and the first view's average precision by class and by rarity."""
    from matplotlib.figure import Figure

    view: MultiLabelView = evaluation.views[0]
    figure = Figure(figsize=(13, 9.5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(6, 7), squeeze=False)[0]
    overall, rarity = left.subplots(2, 1)
    draw_overall(overall, evaluation, task_numbers("multi_label").titles, "Mean average precision, macro AUROC")
    _draw_rarity(rarity, view)
    _draw_classes(right.subplots(), view)
    return figure


def _draw_rarity(axes: "Axes", view: MultiLabelView) -> None:
    rows = [row for row in view.classes if row.items]
    axes.scatter([row.items for row in rows], [100 * row.average_precision.value for row in rows], s=12, color=BLUE)
    axes.set_xscale("log")
    axes.set_ylim(-3, 103)
    axes.set_xlabel("items of the class")
    axes.set_ylabel("average precision in %")
    axes.set_title("Average precision by number of items")
    axes.grid(alpha=0.3)


def _draw_classes(axes: "Axes", view: MultiLabelView) -> None:
    ranked = ranked_classes(view)
    half = _MOST_CLASSES // 2
    some = len(ranked) > _MOST_CLASSES
    rows = [*ranked[:half], *ranked[-half:]] if some else ranked
    for place, row in enumerate(rows):
        draw_interval(axes, row.average_precision, place, "o", BLUE)
    if some:
        axes.axhline(half - 0.5, color="black", linewidth=1, linestyle=":")
    names = [f"{row.name} ({row.items})" for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-3, 112)
    axes.set_xlabel("%")
    which = f"the {half} best and the {half} worst of {len(ranked)} classes" if some else view.name
    axes.set_title(f"Average precision, {which}")
    axes.grid(axis="x", alpha=0.3)
