"""What a run folder says of the model in it."""

import json
from collections.abc import Collection
from pathlib import Path, PurePath
from typing import Any

import yaml

from resp.evaluate.tasks import task_numbers
from resp.evaluate.weights import RECIPE
from resp.models.provenance import Provenance
from resp.models.results import Cell, ResultTable
from resp.models.task import Task
from resp.train.errors import TrainError
from resp.train.folder import DATA, ENVIRONMENT, RESULTS
from resp.train.journal import METRICS

MEASURED = "test_part"
"""Name of the table of a run's own numbers among a model's results."""


def read_provenance(run: Path, weights: str = "") -> Provenance:
    """Read how a run went.

    Parameters
    ----------
    run
        The run folder. What it does not have yet stays empty.
    weights
        How the weights were chosen, in words.

    Raises
    ------
    TrainError
        There is no recipe, or a file is damaged.
    """
    epochs = _read_lines(run / METRICS)
    return Provenance(
        weights=weights,
        recipe=_portable(_read_recipe(run / RECIPE)),
        data=_counted(_read_json(run / DATA)),
        environment=_read_json(run / ENVIRONMENT),
        epochs=len(epochs),
        train_seconds=round(sum(row.get("train_seconds", 0.0) for row in epochs), 1) if epochs else None,
    )


def measured_table(
    run: Path, task: Task, results: dict[str, Any] | None = None, *, own: Collection[str] = ("honest",)
) -> ResultTable | None:
    """Return what a run measured on its test part as a table; None where there was no test part.

    Parameters
    ----------
    run
        The run folder.
    task
        What is predicted.
    results
        What ``results.json`` holds; None to read it.
    own
        The protocols by which the model's very weights were chosen: the first that was measured is its headline. The
        numbers of the run's other weights stand in the table, and are no headline.
    """
    measured = _read_json(run / RESULTS) if results is None else results
    numbers = task_numbers(task)
    if not measured or numbers.primary is None:
        return None
    rows: list[tuple[Cell, ...]] = []
    for protocol, one in measured.items():
        view = one["evaluation"]["views"][0]
        values = view if numbers.primary in view else _part_with(numbers.primary, view)
        shown = [values.get(key) for key in numbers.titles]
        rows.append((protocol, one["epoch"], view["items"], view[numbers.unit], *shown))
    recipe = _read_recipe(run / RECIPE)
    data = recipe.get("data", {})
    part = f"{data.get('dataset')}, test part of split {data.get('split')}"
    fold = f", fold {data.get('fold')} of {data.get('folds')}" if "fold" in str(data.get("split")) else ""
    return ResultTable(
        title="The run's own test part",
        command="resp evaluate RUN --root FOLDER_OF_THE_DATA",
        data=part + fold,
        seeds=(int(recipe.get("seed", 0)),),
        columns=("protocol", "epoch", "items", numbers.unit, *numbers.titles.values()),
        rows=tuple(rows),
        notes=tuple(f"{protocol}: {one['protocol']}" for protocol, one in measured.items()),
        headline=next((protocol for protocol in own if protocol in measured), None),
    )


def _part_with(key: str, view: dict[str, Any]) -> dict[str, Any]:
    return next((part for part in view.values() if isinstance(part, dict) and key in part), {})


def _read_recipe(path: Path) -> dict[str, Any]:
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TrainError(f"{path}: no readable recipe ({error}); expected a run folder of `resp train`") from error
    if not isinstance(recipe, dict):
        raise TrainError(f"{path}: no recipe; expected a run folder of `resp train`")
    return recipe


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TrainError(f"{path}: damaged ({error}); train anew in another folder") from error
    return values if isinstance(values, dict) else {}


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines; a last one that was broken off is left out."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    rows = []
    for line in lines:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def _counted(data: dict[str, Any]) -> dict[str, Any]:
    """Return a run's data without the keys of single patients: a card counts them and names none."""
    parts = {
        name: {**part, "patients": len(part["patients"])} if isinstance(part.get("patients"), list) else part
        for name, part in data.get("parts", {}).items()
    }
    shared = data.get("shared_patients", [])
    return {**data, "parts": parts, "shared_patients": len(shared)} if data else {}


def _portable(value: Any) -> Any:
    """Return plain values in which a path of this machine is only its last part."""
    if isinstance(value, dict):
        return {key: _portable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_portable(one) for one in value]
    return PurePath(value).name if isinstance(value, str) and PurePath(value).is_absolute() else value
