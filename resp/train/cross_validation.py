"""A recipe on every fold of its data, with one or several seeds: runs that stop, resume and are checked together."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from resp.datasets import DataSet, Split, WaveformCache, open_dataset, split_dataset
from resp.evaluate import Predictions, Protocol
from resp.train.cross_validation_summary import Row, Summary, summarise
from resp.train.errors import TrainError
from resp.train.folder import CROSS_VALIDATION, write_text
from resp.train.recipe import Recipe, load_recipe
from resp.train.run import RunResult
from resp.train.series import (
    check_same_fingerprints,
    is_main_process,
    run_fingerprint,
    run_member,
    run_predictions,
)

# What the runs of a cross-validation do not have in common.
_VARIED = ("data.fold", "seed")


@dataclass(frozen=True, slots=True)
class _Member:
    """One run: its fold and seed, its recipe, and the items of its test part as (name, patient)."""

    fold: int
    seed: int
    recipe: Recipe
    folder: Path
    test: frozenset[tuple[str, str]]


def cross_validate(
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    folds: Sequence[int] | None = None,
    seeds: Sequence[int] | None = None,
    cache: WaveformCache | None = None,
    progress: bool = False,
    told: Callable[[str], None] | None = None,
) -> Summary:
    """Train a recipe on folds, with seeds, and measure the runs one by one and together.

    Called again with the same folder it goes on with the first run that is not finished, in the middle of it; with
    more folds or seeds it adds them.

    Parameters
    ----------
    recipe
        What to do; its own fold is of no account, and its seed only where ``seeds`` are not given.
    out
        The folder, with a run folder ``fold0-seed0`` for every run.
    folds
        Which folds; None for all.
    seeds
        Seeds of the runs; the folds stay the same, as the recipe's ``data.seed`` draws them. None for the recipe's.
    cache
        Where decoded waveforms are kept; None for the default folder.
    progress
        Show progress bars on standard error.
    told
        Called with a line of text for every run that is begun.

    Returns
    -------
    Summary
        Tables and pooled evaluation, which stand in ``out`` too (``summary.json``, ``summary.csv``, ``pooled_…``).

    Raises
    ------
    TrainError
        The folder holds something else, the data have no such folds, or test parts overlap, leave items out, or are
        not what the runs there were measured on.
    RunInterruptedError
        A signal stopped it; the same call goes on.
    RespError
        What `resp.train.train` raises.
    """
    folder = Path(out)
    chosen = _chosen_folds(recipe, folds)
    drawn = _chosen_seeds(recipe, seeds)
    _check_folder(folder, recipe)
    members = _members(recipe, folder, chosen, drawn)
    if is_main_process() and not (folder / CROSS_VALIDATION).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / CROSS_VALIDATION, recipe.to_yaml())
    results = []
    fingerprints: dict[str, str] = {}
    for number, member in enumerate(members, start=1):
        if told:
            told(f"run {number} of {len(members)}: fold {member.fold}, seed {member.seed}")
        result = run_member(member.recipe, member.folder, cache, progress=progress)
        _check_measured(member, result)
        fingerprints[member.folder.name] = run_fingerprint(member.folder)
        if recipe.max_items is None:  # of limited data, each fold has other items
            check_same_fingerprints(fingerprints)
        results.append(result)
    protocols: tuple[Protocol, ...] = recipe.evaluation.protocols
    rows = {
        protocol: [
            Row(member.fold, member.seed, result.results[protocol]["epoch"], result.results[protocol]["test"])
            for member, result in zip(members, results, strict=True)
        ]
        for protocol in protocols
    }
    pooled = {
        protocol: Predictions.pool([run_predictions(result, protocol) for result in results]) for protocol in protocols
    }
    summary = summarise(recipe, rows, pooled)
    if is_main_process():
        summary.write(folder)
    return summary


def _chosen_folds(recipe: Recipe, folds: Sequence[int] | None) -> list[int]:
    data = recipe.data
    if data.split not in ("folds", "published_folds"):
        raise TrainError(
            f"data.split is {data.split}, which has no folds; take data.split=folds, or published_folds where the "
            "data set came with some"
        )
    chosen = list(range(data.folds)) if folds is None else list(folds)
    if not chosen or len(set(chosen)) != len(chosen) or not set(chosen) <= set(range(data.folds)):
        raise TrainError(f"folds {chosen}; expected some of 0 to {data.folds - 1}, each once")
    return chosen


def _chosen_seeds(recipe: Recipe, seeds: Sequence[int] | None) -> list[int]:
    drawn = [recipe.seed] if seeds is None else list(seeds)
    if not drawn or len(set(drawn)) != len(drawn) or min(drawn) < 0:
        raise TrainError(f"seeds {drawn}; expected at least one, from 0, each once")
    return drawn


def _check_folder(folder: Path, recipe: Recipe) -> None:
    if folder.exists() and not folder.is_dir():
        raise TrainError(f"{folder}: is a file; expected a folder for the runs")
    if not folder.is_dir() or not any(not path.name.startswith(".") for path in folder.iterdir()):
        return
    if not (folder / CROSS_VALIDATION).is_file():
        raise TrainError(f"{folder}: holds something that is no cross-validation; give a new or empty folder")
    differing = [key for key in load_recipe(folder / CROSS_VALIDATION).differences(recipe) if key not in _VARIED]
    if differing:
        raise TrainError(
            f"{folder}: the cross-validation there has another recipe ({', '.join(differing[:8])}); give it the same "
            f"recipe, settings and preset, or {folder / CROSS_VALIDATION}, or take another folder"
        )


def _members(recipe: Recipe, folder: Path, folds: list[int], seeds: list[int]) -> list[_Member]:
    """Return all runs, fold by fold, after making sure that no test item is in two folds or in none."""
    dataset = open_dataset(recipe.data)
    settings = {fold: recipe.data.model_copy(update={"fold": fold}) for fold in folds}
    splits = {fold: split_dataset(dataset, own) for fold, own in settings.items()}
    check_folds(dataset, splits, whole=len(folds) == recipe.data.folds)
    tests = {fold: frozenset(_keys(dataset, split.test)) for fold, split in splits.items()}
    return [
        _Member(
            fold,
            seed,
            recipe.model_copy(update={"seed": seed, "data": settings[fold]}),
            folder / f"fold{fold}-seed{seed}",
            tests[fold],
        )
        for seed in seeds
        for fold in folds
    ]


def check_folds(dataset: DataSet, splits: dict[int, Split], *, whole: bool) -> None:
    """Refuse folds whose test parts overlap, or of which together do not cover the data.

    Parameters
    ----------
    dataset
        What was divided.
    splits
        Fold → its split.
    whole
        These are all folds, so that each item has to be tested on once, but for those in no published fold.

    Raises
    ------
    TrainError
        They do; the message names items.
    """
    tested: dict[int, int] = {}
    for fold, split in splits.items():
        if twice := [index for index in split.test if index in tested]:
            item = dataset.items[twice[0]].name
            raise TrainError(
                f"{dataset.name}: {len(twice)} test items of fold {fold} are in fold {tested[twice[0]]} too, such as "
                f"{item}; correct the folds of the data set"
            )
        tested |= dict.fromkeys(split.test, fold)
    nowhere = {index for split in splits.values() for index in split.unassigned}
    missed = [index for index in range(len(dataset)) if index not in tested and index not in nowhere]
    if whole and missed:
        raise TrainError(
            f"{dataset.name}: {len(missed)} items are in the test part of no fold, such as "
            f"{dataset.items[missed[0]].name}; correct the folds of the data set"
        )


def _keys(dataset: DataSet, indices: Sequence[int]) -> list[tuple[str, str]]:
    return [(dataset.items[index].name, dataset.items[index].patient) for index in indices]


def _check_measured(member: _Member, result: RunResult) -> None:
    """Refuse a run that was measured on other items than its fold's: the data may have changed since."""
    for protocol in result.results:
        predictions = run_predictions(result, protocol)
        measured = set(zip(predictions.items.tolist(), predictions.patients.tolist(), strict=True))
        limited = member.recipe.max_items is not None
        if measured <= member.test if limited else measured == member.test:
            continue
        raise TrainError(
            f"{member.folder}: was measured on other items than fold {member.fold} has now "
            f"({len(measured - member.test)} more, {len(member.test - measured)} fewer); give it the data it had, or "
            "train anew in another folder"
        )
