"""Calibration at the end of a run, and of a model afterwards."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from resp.cli import cli
from resp.datasets import WaveformCache
from resp.evaluate import EvaluationError, Predictions, Targets, cross_fitted, evaluate_model, fit_calibration
from resp.evaluate.confidence import measure_confidence
from resp.models.config import Calibration
from resp.models.folder import load_model, read_config
from resp.models.results import ResultTable
from resp.train import Recipe, TrainError, calibrate_model, cross_validate, make_recipe, train
from resp.train.calibration import fit_on_validation
from resp.train.recipe_file import merge

Make = Callable[..., Recipe]

QUICK: dict[str, Any] = {"data": {"folds": 2, "validation_share": 0.0}, "training": {"epochs": 1}}


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any], cache: WaveformCache) -> Path:
    """Two folds: a model folder for each, and their pooled predictions of all twenty patients."""
    out = tmp_path_factory.mktemp("crossed") / "out"
    cross_validate(make_recipe(merge(values, QUICK)), out, cache=cache)
    return out


def test_a_run_calibrates_its_best_weights_on_the_validation_part(
    recipe_with: Make, cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resp.train.calibration.FEWEST_PATIENTS", 3)
    recipe = recipe_with(
        training={"epochs": 2}, optimiser={"lr": 1e-2}, evaluation={"protocols": ["honest", "literature"]}
    )
    result = train(recipe, tmp_path / "run", cache=cache)
    fitted = load_model(result.model).config.calibration
    validation = evaluate_model(result.folder, part="validation", cache=cache, resamples=2).predictions
    expected = fit_calibration(validation)
    assert fitted.temperature == pytest.approx(expected.temperature, abs=1e-3)
    assert fitted.set_threshold == pytest.approx(expected.set_threshold, abs=1e-3)
    assert fitted.abstain_below == pytest.approx(expected.abstain_below, abs=1e-3)
    assert "validation part" in fitted.fitted_on
    # For these the validation part decided nothing, or the test part did.
    for name in ("last", "best_test"):
        assert load_model(result.folder / name).config.calibration == Calibration()
    # What was measured is the calibrated model.
    own = Predictions.load(result.folder / "predictions_honest.csv")
    assert own.temperatures == pytest.approx(fitted.temperature)
    measured = evaluate_model(result.folder, cache=cache, resamples=2)
    np.testing.assert_allclose(measured.predictions.logits, own.logits, atol=1e-4)


def test_few_patients_and_several_labels_are_not_fitted(crossed: Path) -> None:
    table = Predictions.load(crossed / "pooled_honest_predictions.csv")
    assert fit_on_validation(table).fitted_on.startswith("the validation part")
    few = np.isin(table.patients, np.unique(table.patients)[:9])
    assert fit_on_validation(table.keep(few)) == Calibration()
    flags = np.eye(4, dtype=np.int8)[table.truth]
    assert fit_on_validation(replace(table, task="multi_label", truth=flags)) == Calibration()


def test_a_run_without_validation_part_is_not_fitted(crossed: Path) -> None:
    assert read_config(crossed / "fold0-seed0" / "best").calibration.fitted_on == "not fitted"


def test_a_model_is_calibrated_on_pooled_predictions(crossed: Path, tmp_path: Path) -> None:
    source, out, targets = crossed / "fold0-seed0", tmp_path / "out", Targets(coverage=0.8)
    table = crossed / "pooled_honest_predictions.csv"
    done = calibrate_model(source, [table], out, targets=targets, command="resp calibrate …", resamples=50)
    before, after = load_model(source / "best"), load_model(out)
    assert (out / "model.safetensors").read_bytes() == (source / "best" / "model.safetensors").read_bytes()
    predictions = Predictions.load(table)
    expected = fit_calibration(predictions, targets, after.config.calibration.fitted_on)
    assert after.config.calibration == done.calibration == expected
    assert "pooled_honest_predictions.csv" in expected.fitted_on
    same = {"calibration", "results", "provenance"}
    assert after.config.model_dump(exclude=same) == before.config.model_dump(exclude=same)
    written = ResultTable.model_validate(after.config.results["calibration"])
    measured = measure_confidence(cross_fitted(predictions, targets), resamples=50)
    assert written.rows == measured.to_table().rows
    assert written.command == "resp calibrate …"
    assert "measured on each of the patients with a calibration that was fitted on the others" in written.data
    assert f"{expected.temperature:g}" in after.card
    assert {"reliability.png", "risk_coverage.png"} <= {path.name for path in out.iterdir()}
    assert done.notes == ()


def test_training_patients_are_refused_where_they_can_be_told(crossed: Path, tmp_path: Path) -> None:
    # The test part of fold 1, which fold 0 learned from, in a place that says nothing.
    table = Path(shutil.copy(crossed / "fold1-seed0" / "predictions_honest.csv", tmp_path / "table.csv"))
    with pytest.raises(TrainError, match="10 of its patients are in the training part"):
        calibrate_model(crossed / "fold0-seed0", [table], tmp_path / "out", resamples=2)
    assert not (tmp_path / "out").exists()
    done = calibrate_model(crossed / "fold0-seed0", [table], tmp_path / "out", out_of_fold=True, resamples=2)
    assert done.notes == ()
    # Of a model that was taken out of its run nothing is known.
    alone = shutil.copytree(crossed / "fold0-seed0" / "best", tmp_path / "alone")
    done = calibrate_model(alone, [table], tmp_path / "second", resamples=2)
    assert "make sure" in done.notes[0]
    # The run that a table lies in is the one that made it: another than the one that is calibrated, which is said.
    there = shutil.copy(table, crossed / "fold1-seed0" / "again.csv")
    done = calibrate_model(crossed / "fold0-seed0", [there], tmp_path / "third", resamples=2)
    assert "of the run fold1-seed0, not of this model" in done.notes[0]
    own = crossed / "fold0-seed0" / "predictions_honest.csv"
    assert calibrate_model(crossed / "fold0-seed0", [own], tmp_path / "fourth", resamples=2).notes == ()


def test_patients_on_both_sides_of_a_published_split_are_left_out(crossed: Path, tmp_path: Path) -> None:
    run = shutil.copytree(crossed / "fold0-seed0", tmp_path / "run")
    data = json.loads((run / "data.json").read_text())
    shared = data["parts"]["train"]["patients"][:2]
    (run / "data.json").write_text(json.dumps({**data, "shared_patients": shared}))
    pooled = Predictions.load(crossed / "pooled_honest_predictions.csv")
    own = np.isin(pooled.patients, [*shared, *data["parts"]["test"]["patients"]])
    pooled.keep(own).save(run / "table.csv")
    done = calibrate_model(run, [run / "table.csv"], tmp_path / "out", resamples=2)
    assert done.results.patients == 10
    assert all(name in done.notes[0] for name in shared)


def test_what_does_not_fit_is_refused(crossed: Path, tmp_path: Path) -> None:
    run, table = crossed / "fold0-seed0", crossed / "pooled_honest_predictions.csv"
    predictions = Predictions.load(table)
    other = tmp_path / "other.csv"

    def refused(match: str, *tables: Path) -> None:
        with pytest.raises((TrainError, EvaluationError), match=match):
            calibrate_model(run, tables, tmp_path / "out", out_of_fold=True, resamples=2)

    refused("at least one")
    refused("predicted twice", table, table)
    replace(predictions, classes=("a", "b", "c", "d")).save(other)
    refused("classes a, b, c, d", other)
    replace(predictions, task="single_label").save(other)
    refused("single_label", other)
    predictions.keep(np.isin(predictions.patients, np.unique(predictions.patients)[:9])).save(other)
    refused("9 patients", other)
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "there").touch()
    refused("new or empty folder", table)


def test_the_command_prints_before_and_after(crossed: Path, tmp_path: Path) -> None:
    tables = [crossed / f"fold{fold}-seed0" / "predictions_honest.csv" for fold in (0, 1)]
    arguments = ["calibrate", str(crossed / "fold0-seed0"), "--out", str(tmp_path / "out"), "--resamples", "20"]
    for table in tables:
        arguments += ["--predictions", str(table)]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    for words in ("temperature", "before", "after", "Brier", "40 predictions of 20 patients", "accuracy of what is"):
        assert words in result.output
    command = read_config(tmp_path / "out").results["calibration"]["command"]
    assert command == (
        "resp calibrate fold0-seed0 --predictions predictions_honest.csv --predictions predictions_honest.csv "
        "--out out --resamples 20"
    )


def test_a_share_and_a_risk_are_not_both_asked_for(crossed: Path, tmp_path: Path) -> None:
    arguments = ["calibrate", str(crossed / "fold0-seed0"), "--out", str(tmp_path / "out"), "--labelled", "0.8"]
    arguments += ["--predictions", str(crossed / "pooled_honest_predictions.csv"), "--risk", "0.2"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert "one of them" in result.output
