"""An evaluation as text and as plain values."""

from collections.abc import Callable
from textwrap import fill
from typing import TYPE_CHECKING, Any

from resp.evaluate.multi_label import tables as multi_label
from resp.evaluate.respiratory import tables as respiratory
from resp.evaluate.results import PROTOCOLS, Evaluation
from resp.evaluate.single_label import tables as single_label
from resp.evaluate.tasks import protocol_words, task_numbers

if TYPE_CHECKING:
    from resp.models.task import Task

FORMAT_VERSION = 1
_COLUMNS = 100
_DICTS: "dict[Task, Callable[[Any, Evaluation], dict[str, Any]]]" = {
    "respiratory": respiratory.view_dict,
    "single_label": single_label.view_dict,
    "multi_label": multi_label.view_dict,
}
_TEXTS: "dict[Task, Callable[[Any, Evaluation], str]]" = {
    "respiratory": respiratory.view_text,
    "single_label": single_label.view_text,
    "multi_label": multi_label.view_text,
}


def evaluation_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Return plain JSON values; None stands for NaN."""
    task, normal = evaluation.task, evaluation.normal
    return {
        "format_version": FORMAT_VERSION,
        "subject": evaluation.subject,
        "data": evaluation.data,
        "task": task,
        "protocol": evaluation.protocol,
        "protocol_means": protocol_words(PROTOCOLS, evaluation.protocol, task),
        "classes": list(evaluation.classes),
        **({} if normal is None else {"normal": evaluation.classes[normal]}),
        "bootstrap": {
            "unit": task_numbers(task).unit.removesuffix("s"),
            "resamples": evaluation.resamples,
            "seed": evaluation.seed,
            "level": evaluation.level,
        },
        "notes": list(evaluation.notes),
        "views": [_DICTS[task](view, evaluation) for view in evaluation.views],
    }


def evaluation_text(evaluation: Evaluation) -> str:
    """Return the tables as text, in percent."""
    task, normal = evaluation.task, evaluation.normal
    head = [
        f"{evaluation.subject} on {evaluation.data}",
        f"protocol {evaluation.protocol}: {protocol_words(PROTOCOLS, evaluation.protocol, task)}",
        f"in percent; [low, high] is the {evaluation.level:.0%} interval of {evaluation.resamples} resamples "
        f"of {task_numbers(task).unit}",
        *(() if normal is None else (f"normal class: {evaluation.classes[normal]}",)),
        *(f"note: {note}" for note in evaluation.notes),
    ]
    lines = [fill(line, _COLUMNS, subsequent_indent="  ", break_on_hyphens=False) for line in head]
    return "\n".join(lines) + "\n" + "".join(_TEXTS[task](view, evaluation) for view in evaluation.views)
