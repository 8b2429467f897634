"""An evaluation as one picture."""

import os
from collections.abc import Callable
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from resp.evaluate.drawing import write_png
from resp.evaluate.multi_label.plots import draw_multi_label
from resp.evaluate.respiratory.plots import draw_respiratory
from resp.evaluate.results import PROTOCOLS, Evaluation
from resp.evaluate.single_label.plots import draw_single_label
from resp.evaluate.tasks import protocol_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from resp.models.task import Task

_DRAWN: "dict[Task, Callable[[Evaluation], Figure]]" = {
    "respiratory": draw_respiratory,
    "single_label": draw_single_label,
    "multi_label": draw_multi_label,
}


def draw_evaluation(evaluation: Evaluation) -> "Figure":
    """Draw what matters in a task: its numbers with intervals, and what lies behind them.

    Parameters
    ----------
    evaluation
        What `evaluate` returned.

    Returns
    -------
    Figure
        Independent of pyplot and of any screen.
    """
    figure = _DRAWN[evaluation.task](evaluation)
    protocol = f"{evaluation.protocol} protocol: {protocol_words(PROTOCOLS, evaluation.protocol, evaluation.task)}"
    title = f"{evaluation.subject} on {evaluation.data}\n{fill(protocol, 120)}"
    figure.suptitle(title, fontsize=11)
    return figure


def save_picture(evaluation: Evaluation, path: str | os.PathLike[str]) -> None:
    """Write the picture of an evaluation as PNG."""
    write_png(draw_evaluation(evaluation), Path(path))
