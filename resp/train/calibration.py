"""A model's calibration: on the validation part of its run, or on tables of predictions afterwards."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resp.datasets.census import name_some
from resp.evaluate import Predictions
from resp.evaluate.bootstrap import RESAMPLES
from resp.evaluate.confidence import (
    FEWEST_PATIENTS,
    ConfidenceResults,
    Targets,
    cross_fitted,
    fit_calibration,
    measure_confidence,
)
from resp.evaluate.confidence.plots import save_pictures
from resp.evaluate.tasks import task_numbers
from resp.evaluate.weights import RECIPE, find_weights, run_folder
from resp.models.config import Calibration, ModelConfig
from resp.models.folder import WEIGHTS, find_model, read_config, write_config
from resp.train.card import write_model_card
from resp.train.errors import TrainError
from resp.train.folder import CROSS_VALIDATION, DATA

RESULT = "calibration"
"""Name of the table of a calibration among a model's results."""


@dataclass(frozen=True, slots=True)
class CalibratedModel:
    """A model folder with a new calibration.

    Parameters
    ----------
    folder
        Where it is.
    calibration
        What was fitted on all predictions.
    results
        What it is worth, measured on patients that it was not fitted on.
    notes
        What a reader must know besides.
    """

    folder: Path
    calibration: Calibration
    results: ConfidenceResults
    notes: tuple[str, ...]

    def text(self) -> str:
        """Return what was fitted, and its table before and after."""
        fitted = self.calibration
        own = "".join(f", {value:g} on {name}" for name, value in fitted.device_temperatures.items())
        return "\n".join(
            [
                f"temperature {fitted.temperature:g}{own}",
                f"a class is in the prediction set from a probability of {fitted.set_threshold:g} on",
                f"no label below a probability of {fitted.abstain_below:g}: {fitted.abstention}",
                "",
                self.results.text(),
            ]
        )


def fit_on_validation(predictions: Predictions) -> Calibration:
    """Return the calibration of a run's validation part; one that is not fitted where that cannot be.

    Parameters
    ----------
    predictions
        Of the validation part. Of several labels an item, or of fewer than ten patients (or sources), nothing is
        fitted.
    """
    patients = len(set(predictions.patients.tolist()))
    if predictions.task == "multi_label" or patients < FEWEST_PATIENTS:
        return Calibration()
    unit = task_numbers(predictions.task).unit
    words = (
        f"the validation part of the run, {len(predictions)} items of {patients} {unit}, by which the epoch was "
        "chosen too"
    )
    return fit_calibration(predictions, fitted_on=words)


def calibrate_model(
    model: str | os.PathLike[str],
    tables: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    targets: Targets | None = None,
    out_of_fold: bool = False,
    fitted_on: str = "",
    command: str = "",
    folds: int | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> CalibratedModel:
    """Fit a model's calibration on predictions of patients that it did not train on; write a new model folder.

    Parameters
    ----------
    model
        A run folder (its weights of the honest protocol), a model folder, or the name of an installed model.
    tables
        Predictions that `resp train`, `resp cross-validate` or `resp evaluate` wrote.
    out
        The new model folder: the same weights, the configuration with the calibration and its measured results,
        the card made anew, ``reliability.png`` and ``risk_coverage.png``.
    targets
        What the calibration is meant to do.
    out_of_fold
        The tables were predicted by other models of the same recipe, each on patients that it had not seen; patients
        that this model did train on are then no reason to refuse them.
    fitted_on
        On what data, in words; empty for the tables' names.
    command
        What was called, for the results.
    folds, seed
        Of the cross-fitting by which the calibration is measured; see `resp.evaluate.cross_fitted`.
    resamples
        Of the patient bootstrap.

    Returns
    -------
    CalibratedModel
        What was written, and what it is worth.

    Raises
    ------
    TrainError
        Tables of other classes, of too few patients, with a prediction twice, or of patients that the network that
        predicted them trained on; or a folder that is not empty.
    RespError
        What cannot be read, or a risk that cannot be kept.
    """
    source = find_model(find_weights(model).model)
    config = read_config(source)
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise TrainError(f"{target}: is there already; give a new or empty folder for the calibrated model")
    predictions, notes = _read_tables(tables, run_folder(model), out_of_fold=out_of_fold)
    _check(predictions, config)
    calibration = fit_calibration(predictions, targets, fitted_on or _words(predictions, tables))
    results = measure_confidence(
        cross_fitted(predictions, targets, folds=folds, seed=seed), resamples=resamples, seed=seed
    )
    parts = f"one of {folds} parts of the {results.unit}" if folds else f"each of the {results.unit}"
    data = f"{calibration.fitted_on}; measured on {parts} with a calibration that was fitted on the others"
    table = results.to_table(command=command, data=data, seeds=(seed,))
    known = {**config.results, RESULT: table.model_dump(mode="json")}
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / WEIGHTS, target / WEIGHTS)
    write_config(target, config.model_copy(update={"calibration": calibration, "results": known}))
    write_model_card(target)
    save_pictures(results, target)
    return CalibratedModel(target, calibration, results, tuple(notes))


def _read_tables(
    tables: Sequence[str | os.PathLike[str]], run: Path | None, *, out_of_fold: bool
) -> tuple[Predictions, list[str]]:
    """Read tables, leave out patients that a published split divides, and say what could not be made sure of."""
    if not tables:
        raise TrainError("no tables of predictions; give at least one, such as pooled_honest_predictions.csv")
    parts, notes = [], []
    for table in map(Path, tables):
        part = Predictions.load(table)
        learned_by = _who_learned(table, run, out_of_fold=out_of_fold)
        if learned_by is None:
            if not out_of_fold and not (table.parent / CROSS_VALIDATION).is_file():
                notes.append(f"{table}: nothing says which patients the network had trained on; make sure of it")
        else:
            part, left_out = _unseen(part, learned_by, table)
            notes += left_out
            if not out_of_fold and learned_by.resolve() != run:
                notes.append(f"{table}: of the run {learned_by.name}, not of this model; good where both learned alike")
        parts.append(part)
    return Predictions.pool(parts), notes


def _who_learned(table: Path, run: Path | None, *, out_of_fold: bool) -> Path | None:
    """Return the run whose training part a table must have nothing of; None where it is not known, or above doubt."""
    if (table.parent / RECIPE).is_file() and (table.parent / DATA).is_file():
        return table.parent
    # The pooled table of a cross-validation holds test parts alone.
    if out_of_fold or (table.parent / CROSS_VALIDATION).is_file():
        return None
    return run if run is not None and (run / DATA).is_file() else None


def _unseen(part: Predictions, run: Path, table: Path) -> tuple[Predictions, list[str]]:
    described = json.loads((run / DATA).read_text(encoding="utf-8"))
    unit = task_numbers(part.task).unit
    shared = np.isin(part.patients, described["shared_patients"])
    notes = []
    if shared.any():
        names = name_some(sorted(set(part.patients[shared].tolist())))
        notes.append(f"{table}: left out {unit} that the published split puts on both sides: {names}")
        part = part.keep(~shared)
    seen = sorted(set(part.patients.tolist()) & set(described["parts"]["train"]["patients"]))
    if seen:
        raise TrainError(
            f"{table}: {len(seen)} of its {unit} are in the training part of {run} ({name_some(seen)}), whose "
            "probabilities are too sure of them; give predictions of others, or say --out-of-fold where other models, "
            "which had not seen them, made these"
        )
    return part, notes


def _check(predictions: Predictions, config: ModelConfig) -> None:
    if predictions.task != config.task or set(predictions.classes) != set(config.classes):
        raise TrainError(
            f"predictions of {predictions.task} classes {', '.join(predictions.classes)}; the model {config.name!r} "
            f"has {config.task} classes {', '.join(config.classes)}"
        )
    unit = task_numbers(predictions.task).unit
    patients = len(set(predictions.patients.tolist()))
    if patients < FEWEST_PATIENTS:
        raise TrainError(f"predictions of {patients} {unit}; expected at least {FEWEST_PATIENTS}: give more tables")
    runs = predictions.runs if predictions.runs is not None else np.full(len(predictions), "")
    keys = list(zip(predictions.patients.tolist(), predictions.items.tolist(), runs.tolist(), strict=True))
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise TrainError(f"{twice[1]} is predicted twice by the run {twice[2]!r}; give each table once")


def _words(predictions: Predictions, tables: Sequence[str | os.PathLike[str]]) -> str:
    names = name_some([Path(table).name for table in tables])
    patients = len(set(predictions.patients.tolist()))
    return f"{len(predictions)} predictions of {patients} {task_numbers(predictions.task).unit} ({names})"
