"""The record of a run: a row of metrics per epoch, TensorBoard, and the learning curves."""

import json
from pathlib import Path
from typing import Any

from resp.evaluate.tasks import LOSS, task_numbers
from resp.models.task import Task

METRICS = "metrics.jsonl"
CURVES = "curves.png"


class Journal:
    """Writes what each epoch gave.

    Parameters
    ----------
    folder
        The run folder.
    history
        Rows of the epochs that are done already; what the files say beyond them is forgotten.
    task
        What is predicted, which decides what is drawn.
    """

    def __init__(self, folder: Path, history: list[dict[str, Any]], task: Task = "respiratory") -> None:
        self._folder = folder
        self._task = task
        self._history = list(history)
        (folder / METRICS).write_text("".join(_line(row) for row in history), encoding="utf-8")
        self._board = _open_board(folder / "tensorboard", len(history))

    def add(self, row: dict[str, Any]) -> None:
        """Add an epoch's row and draw the curves anew."""
        self._history.append(row)
        with (self._folder / METRICS).open("a", encoding="utf-8") as file:
            file.write(_line(row))
        if self._board is not None:
            for name, value in _numbers(row):
                self._board.add_scalar(name, value, row["epoch"])
            self._board.flush()
        draw_curves(self._history, self._folder / CURVES, self._task)

    def close(self) -> None:
        """Close TensorBoard's file."""
        if self._board is not None:
            self._board.close()


def draw_curves(history: list[dict[str, Any]], path: Path, task: Task = "respiratory") -> None:
    """Draw loss and, where there is one, the task's primary number of training against validation, over epochs."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    numbers = task_numbers(task)
    shown = [(LOSS, "loss")]
    if numbers.primary is not None:
        shown.append((numbers.primary, numbers.primary_title))
    figure = Figure(figsize=(5 * len(shown), 4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (value, title) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        for part, style in (("train", "--"), ("validation", "-"), ("test", ":")):
            points = [(row["epoch"], row[part].get(value)) for row in history if part in row]
            points = [(epoch, number) for epoch, number in points if number is not None]
            if points:
                axes.plot(*zip(*points, strict=True), style, marker=".", label=part)
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend()
    writing = path.with_name(f".{path.name}")
    figure.savefig(writing, format="png", dpi=100)
    writing.replace(path)


def _open_board(folder: Path, epochs: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    # Rows of epochs that an interrupted run had not finished are hidden.
    return SummaryWriter(str(folder), purge_step=epochs + 1)


def _numbers(row: dict[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    numbers: list[tuple[str, float]] = []
    for key, value in row.items():
        if isinstance(value, dict):
            numbers += _numbers(value, f"{prefix}{key}/")
        elif isinstance(value, int | float) and key != "epoch":
            numbers.append((f"{prefix}{key}", float(value)))
    return numbers


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, allow_nan=False) + "\n"
