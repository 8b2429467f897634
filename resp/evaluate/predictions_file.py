"""Predictions as a CSV file.

===========================  ==========================================================================
column                       meaning
===========================  ==========================================================================
item, run                    name of the item and of the run that predicted it
patient, device, site        what is known of the item
truth                        name of its class; of a multi-label task a JSON list of names
task                         only where the task is not ``respiratory``
temperature                  what the logits were divided by; only where it is not 1
logit_CLASS                  a number for every class
===========================  ==========================================================================
"""

import csv
import json
import os
from collections.abc import Iterable
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.errors import EvaluationError
from resp.evaluate.predictions import Predictions

_COLUMNS = ("item", "run", "patient", "device", "site", "truth")
_TASK, _TEMPERATURE = "task", "temperature"
_LOGIT = "logit_"


def write_predictions(predictions: Predictions, path: str | os.PathLike[str]) -> None:
    """Write predictions as a CSV file."""
    classes, task = predictions.classes, predictions.task
    divided = np.ones(len(predictions)) if predictions.temperatures is None else predictions.temperatures
    optional = [name for name, there in ((_TASK, task != "respiratory"), (_TEMPERATURE, (divided != 1).any())) if there]
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*_COLUMNS, *optional, *(f"{_LOGIT}{name}" for name in classes)])
        runs: Iterable[str] = predictions.runs if predictions.runs is not None else repeat("")
        texts = zip(predictions.items, runs, predictions.patients, predictions.devices, predictions.sites, strict=False)
        rows = zip(texts, predictions.truth, divided.tolist(), predictions.logits, strict=True)
        for text, truth, temperature, logits in rows:
            known = {_TASK: task, _TEMPERATURE: repr(temperature)}
            own = [known[name] for name in optional]
            writer.writerow([*text, _label_text(truth, classes), *own, *map(repr, logits.tolist())])


def read_predictions(path: str | os.PathLike[str]) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises
    ------
    EvaluationError
        The file is not there or is no table of predictions.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            return _read(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error, StopIteration, KeyError, TypeError, ValueError) as error:
        raise EvaluationError(
            f"{path}: not a table of predictions ({type(error).__name__}: {error}); expected a CSV of "
            f"{', '.join(_COLUMNS)} and a column {_LOGIT}CLASS for every class"
        ) from error


def _read(rows: "Iterable[list[str]]") -> Predictions:
    lines = iter(rows)
    place = {name: number for number, name in enumerate(next(lines))}
    numbers = {name.removeprefix(_LOGIT): column for name, column in place.items() if name.startswith(_LOGIT)}
    index = {name: number for number, name in enumerate(numbers)}
    texts: list[list[str]] = []
    logits: list[NDArray[np.float64]] = []
    temperatures: list[float] = []
    tasks = set[str]()
    for row in lines:
        if len(row) != len(place):
            raise ValueError(f"a row of {len(row)} cells under {len(place)} columns")
        # As numbers at once: a data set of many classes has millions of cells.
        logits.append(np.array([float(row[column]) for column in numbers.values()]))
        texts.append([row[place[name]] for name in _COLUMNS])
        temperatures.append(float(row[place[_TEMPERATURE]]) if _TEMPERATURE in place else 1.0)
        tasks.add(row[place[_TASK]] if _TASK in place else "respiratory")
    if len(tasks) != 1 or not tasks <= {"respiratory", "single_label", "multi_label"}:
        raise ValueError(f"tasks {sorted(tasks)}; expected one of respiratory, single_label, multi_label")
    items, runs, patients, devices, sites, labels = zip(*texts, strict=True)
    task = tasks.pop()
    truth: NDArray[np.int64] | NDArray[np.int8]
    if task == "multi_label":
        truth = np.zeros((len(labels), len(index)), dtype=np.int8)
        for line, label in enumerate(labels):
            truth[line, [index[name] for name in json.loads(label)]] = 1
    else:
        truth = np.array([index[label] for label in labels])
    return Predictions(
        classes=tuple(index),
        items=np.array(items),
        patients=np.array(patients),
        devices=np.array(devices),
        sites=np.array(sites),
        runs=np.array(runs),
        truth=truth,
        logits=np.stack(logits),
        temperatures=np.array(temperatures),
        task=task,  # type: ignore[arg-type]  # checked above
    )


def _label_text(truth: NDArray[np.int8] | np.int64, classes: tuple[str, ...]) -> str:
    if np.ndim(truth) == 0:
        return classes[int(truth)]
    return json.dumps([classes[index] for index in np.flatnonzero(truth)], ensure_ascii=False)
