"""All runs of a plan, one after another: stopped and taken up anywhere, and put into tables."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resp.datasets import DataSet, WaveformCache, open_dataset, split_dataset
from resp.evaluate import Predictions
from resp.models.results import ResultTable, write_tables
from resp.train.errors import TrainError
from resp.train.folder import ENVIRONMENT, RESULTS, write_json, write_text
from resp.train.reproduction.plan import Changes, Plan, PlanRow
from resp.train.reproduction.table import RowResult, make_tables, pool_row, to_markdown
from resp.train.run import RunResult
from resp.train.series import (
    check_same_fingerprints,
    is_main_process,
    run_fingerprint,
    run_member,
    run_predictions,
)

MARK, TABLE_JSON, TABLE_TEXT, ROWS = "reproduction.json", "table.json", "table.md", "rows"


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What the runs gave: the tables, by name, and why they are no reproduction (nothing for one that is)."""

    tables: dict[str, ResultTable]
    markdown: str
    partial: tuple[str, ...]


def reproduce(
    plan: Plan,
    out: str | os.PathLike[str],
    changes: Changes,
    *,
    rows: Sequence[PlanRow] | None = None,
    seeds: int = 5,
    allow_partial: bool = False,
    command: str = "",
    cache: WaveformCache | None = None,
    progress: bool = False,
    told: Callable[[str], None] | None = None,
) -> Reproduction:
    """Train and measure the rows of a plan with several seeds.

    Called again with the same folder it goes on with the first run that is not finished, in the middle of it; with
    more rows or seeds it adds them. The tables are written anew behind each run.

    Parameters
    ----------
    plan
        What to make.
    out
        The folder: a run folder ``ROW-seed0`` for every run, ``table.md``, ``table.json``, and ``rows`` with the
        pooled evaluation of every row.
    changes
        Where the data are, and what is changed of the recipes.
    rows
        Which of the plan's rows; None for all.
    seeds
        Runs of a row, with the seeds 0, 1, ….
    allow_partial
        Run with data that are not whole, random weights or the smoke preset, and say so over every table.
    command
        How the tables say that they were made.
    cache, progress
        See `resp.train.train`.
    told
        Called with a line of text for every run that is begun.

    Raises
    ------
    TrainError
        Data that are not whole or weights that are none, without ``allow_partial``; or the folder holds something
        else, or runs with other data or settings.
    RunInterruptedError
        A signal stopped it; the same call goes on.
    RespError
        What `resp.train.train` raises.
    """
    if seeds < 1:
        raise TrainError(f"{seeds} seeds; expected 1 or more")
    folder = Path(out)
    chosen = plan.rows if rows is None else tuple(rows)
    # All of them, so that a wrong setting is known before anything is trained.
    data, *_ = [changes.recipe(row).data for row in chosen]
    dataset = open_dataset(data)
    partial = check_whole(dataset, changes, allow_partial=allow_partial)
    _check_folder(folder, plan)
    if is_main_process():
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / MARK, {"plan": plan.name})
    shared = split_dataset(dataset, data).shared_patients
    members = [
        (row, seed)
        for seed in range(seeds)
        for row in plan.rows
        # Those that an earlier call finished stand in the tables too.
        if row in chosen or (_run_folder(folder, row, seed) / RESULTS).is_file()
    ]
    found: dict[str, dict[int, Predictions]] = {}
    pooled: dict[str, RowResult] = {}
    fingerprints: dict[str, str] = {}
    devices: list[str] = []
    tables: dict[str, ResultTable] = {}
    for number, (row, seed) in enumerate(members, start=1):
        own = _run_folder(folder, row, seed)
        if told:
            told(f"run {number} of {len(members)}: {own.name}")
        trained = not (own / RESULTS).is_file()
        recipe = changes.recipe(row, seed)
        result = run_member(recipe, own, cache, progress=progress)
        if recipe.max_items is None:  # limited parts differ between protocols
            fingerprints[own.name] = run_fingerprint(own)
            check_same_fingerprints(fingerprints)
        found.setdefault(row.name, {})[seed] = _predictions(result, row)
        pooled.pop(row.name, None)
        devices = list(dict.fromkeys([*devices, _device(own)]))
        if not trained and number < len(members):
            continue
        for other in plan.rows:
            if other.name in found and other.name not in pooled:
                pooled[other.name] = pool_row(other, found[other.name], shared, recipe.evaluation.resamples)
                if is_main_process():
                    pooled[other.name].pooled.write(folder / ROWS, other.name)
        tables = make_tables(
            plan,
            pooled,
            seeds=range(seeds),
            command=command,
            data=f"{plan.dataset}: {dataset.describe()}",
            partial=partial,
            notes=_notes(changes, devices),
        )
        if is_main_process():
            write_tables(folder / TABLE_JSON, tables)
            write_text(folder / TABLE_TEXT, to_markdown(plan, tables))
    return Reproduction(tables, to_markdown(plan, tables), partial)


def check_whole(dataset: DataSet, changes: Changes, *, allow_partial: bool) -> tuple[str, ...]:
    """Return why a run cannot be a reproduction: data that are not whole, weights that are none, or the preset.

    Raises
    ------
    TrainError
        There is a reason, and it is not allowed.
    """
    reasons = [f"{count.name}: {count.found} of {count.expected}" for count in dataset.census.differences()]
    reasons = [f"the data set is not whole ({', '.join(reasons)})"] if reasons else []
    if changes.smoke:
        reasons.append("the smoke preset (a tiny network with random weights, few items, two epochs)")
    elif changes.random:
        reasons.append("random weights instead of AudioSet's")
    if reasons and not allow_partial:
        raise TrainError(
            f"this is no reproduction: {'; '.join(reasons)}. Give what is missing, or --allow-partial to run "
            "nevertheless and have every table say so"
        )
    return tuple(reasons)


def _check_folder(folder: Path, plan: Plan) -> None:
    if folder.exists() and not folder.is_dir():
        raise TrainError(f"{folder}: is a file; expected a folder for the runs")
    if not folder.is_dir() or not any(not path.name.startswith(".") for path in folder.iterdir()):
        return
    try:
        mark: dict[str, Any] = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        mark = {}
    if mark.get("plan") != plan.name:
        held = f"the runs of {mark['plan']}" if mark.get("plan") else "something that is no reproduction"
        raise TrainError(f"{folder}: holds {held}; give a new or empty folder")


def _run_folder(folder: Path, row: PlanRow, seed: int) -> Path:
    return folder / f"{row.name}-seed{seed}"


def _predictions(result: RunResult, row: PlanRow) -> Predictions:
    if row.protocol not in result.results:
        raise TrainError(
            f"{result.folder}: was not measured by the {row.protocol} protocol; its split has no test part"
        )
    return run_predictions(result, row.protocol)


def _device(folder: Path) -> str:
    environment: dict[str, Any] = json.loads((folder / ENVIRONMENT).read_text(encoding="utf-8"))
    named = environment["device"] if environment["device"] != "cpu" else environment["processor"]
    return f"{named} (precision {environment['precision']})"


def _notes(changes: Changes, devices: Sequence[str]) -> tuple[str, ...]:
    started = "those of the recipes"
    if changes.random or changes.smoke:
        started = "random"
    elif changes.weights is not None:
        started = changes.weights if changes.weights.startswith("hub:") else Path(changes.weights).name
    notes = [
        "In percent. Over seeds: mean ± standard deviation. All predictions: those of all seeds together, with a 95 % "
        "interval over patients. Per device and site, and confusion: in the folder `rows`.",
        f"First weights: {started}. Trained on {'; '.join(devices)}.",
    ]
    if changes.settings:
        notes.append(f"Settings that were changed: {', '.join(changes.settings)}.")
    return tuple(notes)
