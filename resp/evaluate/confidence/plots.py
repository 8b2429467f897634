"""Pictures of a calibration: reliability before and after, and the risk-coverage curve."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from resp.evaluate.confidence.measuring import ConfidenceResults
from resp.evaluate.drawing import BLUE, GREY, ORANGE, draw_reliability, write_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_before_after(results: ConfidenceResults) -> "Figure":
    """Draw accuracy against confidence, before the calibration on the left and after it on the right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    parts = zip(("before", "after"), (results.before, results.after), results.reliability, strict=True)
    for axes, (when, numbers, bins) in zip(figure.subplots(1, 2), parts, strict=True):
        draw_reliability(axes, [row.tolist() for row in bins], numbers["ece"].value)
        axes.set_title(f"{when.capitalize()}: {axes.get_title()}")
    figure.suptitle(_about(results), fontsize=10)
    return figure


def draw_risk_coverage(results: ConfidenceResults) -> "Figure":
    """Draw the share of wrong labels against the share of items that get one, and where the threshold lies."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for curve, when, colour in zip(results.curves, ("before", "after"), (GREY, BLUE), strict=True):
        label = f"{when}, area {curve.area:.3f} ({curve.excess:.3f} above the best order)"
        axes.plot(100 * curve.coverage, 100 * curve.risk, color=colour, label=label, drawstyle="steps-post")
    share, right = results.after["labelled"], results.after["accuracy_labelled"]
    axes.plot(
        [100 * share.value],
        [100 * (1 - right.value)],
        marker="o",
        color=ORANGE,
        linestyle="none",
        label=f"with the chosen threshold: {100 * share.value:.0f} % labelled",
    )
    axes.set_xlim(0, 102)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("items given a label, the surest first, in %")
    axes.set_ylabel("wrong among them in %")
    axes.set_title(f"Risk against coverage\n{_about(results)}", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", fontsize=8)
    return figure


def save_pictures(results: ConfidenceResults, folder: str | os.PathLike[str]) -> tuple[str, ...]:
    """Write ``reliability.png`` and ``risk_coverage.png`` into a folder; return their names."""
    pictures = {"reliability.png": draw_before_after(results), "risk_coverage.png": draw_risk_coverage(results)}
    for name, figure in pictures.items():
        write_png(figure, Path(folder) / name)
    return tuple(pictures)


def _about(results: ConfidenceResults) -> str:
    return f"{results.items} predictions of {results.patients} {results.unit}"
