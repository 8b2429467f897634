"""What the pictures of all tasks are drawn with."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from resp.evaluate.results import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 130

# Okabe and Ito's colours, told apart by colour-blind readers too.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"


def write_png(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG; nothing is written where it cannot be drawn."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    path.write_bytes(buffer.getvalue())


def draw_interval(axes: "Axes", interval: Sequence[float], place: float, marker: str, colour: str) -> None:
    """Draw a share with its interval as a horizontal bar, in percent."""
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


def legend(
    axes: "Axes", marks: dict[str, tuple[str, str]], *, loc: Literal["lower left", "best"], columns: int
) -> None:
    """Explain the marks, also those that no row could be drawn with."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker=marker, color=colour, linestyle="none", label=name)
        for name, (marker, colour) in marks.items()
    ]
    axes.legend(handles=handles, loc=loc, fontsize=8, ncols=columns)


def draw_reliability(axes: "Axes", bins: Sequence[Sequence[float]], error: float) -> None:
    """Draw accuracy against confidence.

    Parameters
    ----------
    axes
        Where.
    bins
        Share of items, mean confidence and accuracy of each bin.
    error
        Expected calibration error.
    """
    share, confidence, accuracy = (np.array(row) for row in bins)
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
    axes.plot(100 * confidence, 100 * accuracy, marker="o", color=BLUE, label="accuracy")
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("probability of the predicted class in %")
    axes.set_ylabel("%")
    axes.set_title(f"Calibration (expected error {100 * error:.1f} %)")
    axes.legend(loc="upper left", fontsize=8)


def draw_overall(axes: "Axes", evaluation: Evaluation, numbers: dict[str, str], title: str) -> None:
    """Draw two numbers of every view of clips with their intervals.

    Parameters
    ----------
    axes
        Where.
    evaluation
        Its views have these numbers, ``items`` and ``sources``.
    numbers
        Attribute of a view → what a reader calls it.
    title
        Of the axes.
    """
    styles = (("o", BLUE), ("s", ORANGE))
    names = []
    view: Any
    for row, view in enumerate(evaluation.views):
        for name, offset, style in zip(numbers, (-0.15, 0.15), styles, strict=True):
            draw_interval(axes, getattr(view, name), row + offset, *style)
        names.append(f"{fill(view.name, 30)}\n{view.items} items, {view.sources} sources")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(-3, 112)
    axes.set_xlabel(f"%   (bar: {evaluation.level:.0%} interval over sources)")
    axes.set_title(title)
    axes.grid(axis="x", alpha=0.3)
    legend(axes, dict(zip(numbers.values(), styles, strict=True)), loc="lower left", columns=2)
