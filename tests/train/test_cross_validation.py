"""A recipe on every fold: what it leaves, that it resumes, and that nothing leaks."""

import csv
import json
import math
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from resp.cli import cli, main
from resp.datasets import DataSet, Split, WaveformCache, open_dataset, split_dataset
from resp.evaluate import Predictions, icbhi_score
from resp.train import Recipe, RunInterruptedError, TrainError, cross_validate
from resp.train.cross_validation import check_folds
from resp.train.cross_validation_summary import Row, Summary, over_folds
from resp.train.loop import Trainer
from resp.train.recipe_file import merge

Make = Callable[..., Recipe]

QUICK: dict[str, Any] = {"data": {"folds": 2, "validation_share": 0.0}, "training": {"epochs": 1}}


@pytest.fixture
def quick(recipe_with: Make) -> Make:
    return lambda **changes: recipe_with(**merge(QUICK, changes))


@pytest.fixture(scope="module")
def done(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any], cache: WaveformCache
) -> tuple[Recipe, Path, Summary]:
    """Two folds with two seeds each."""
    from resp.train import make_recipe

    recipe = make_recipe(merge(values, QUICK))
    out = tmp_path_factory.mktemp("crossed") / "out"
    return recipe, out, cross_validate(recipe, out, seeds=[0, 3], cache=cache)


def test_every_fold_and_seed_is_a_run_and_they_are_put_together(done: tuple[Recipe, Path, Summary]) -> None:
    _, out, summary = done
    runs = {"fold0-seed0", "fold1-seed0", "fold0-seed3", "fold1-seed3"}
    assert runs | {"cross_validation.yaml", "summary.json", "summary.csv", "pooled_honest.json"} <= {
        path.name for path in out.iterdir()
    }
    plain = json.loads((out / "summary.json").read_text())
    assert plain == summary.to_dict()
    assert (plain["folds"], plain["seeds"], plain["task"]) == ([0, 1], [0, 3], "respiratory")
    rows = plain["protocols"]["honest"]["runs"]
    for row in rows:
        results = json.loads((out / f"fold{row['fold']}-seed{row['seed']}" / "results.json").read_text())
        assert row["score"] == results["honest"]["test"]["score"]
    with (out / "summary.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [(int(row["fold"]), int(row["seed"])) for row in table] == [(row["fold"], row["seed"]) for row in rows]
    assert float(table[0]["score"]) == rows[0]["score"]
    assert f"{100 * rows[0]['score']:.2f}" in summary.text()
    pooled = Predictions.load(out / "pooled_honest_predictions.csv")
    expected = icbhi_score(pooled.truth, pooled.prediction).score
    assert plain["protocols"]["honest"]["pooled"]["score"]["value"] == pytest.approx(expected)
    assert f"Score {100 * expected:.2f} [" in summary.text()


def test_each_item_is_tested_on_once_by_each_seed(done: tuple[Recipe, Path, Summary]) -> None:
    recipe, _, summary = done
    pooled = summary.protocols["honest"].pooled.predictions
    everything = sorted(item.name for item in open_dataset(recipe.data).items)
    assert set(pooled.runs) == {"tiny-seed0", "tiny-seed3"}
    for _, of_seed in pooled.by_run():
        assert sorted(of_seed.items) == everything


def test_called_again_it_trains_nothing(
    done: tuple[Recipe, Path, Summary], cache: WaveformCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, out, summary = done
    monkeypatch.setattr(Trainer, "run_epoch", None)
    assert cross_validate(recipe, out, seeds=[0, 3], cache=cache).to_dict() == summary.to_dict()
    # Which fold and seed the recipe itself has does not matter.
    other = recipe.model_copy(update={"seed": 9, "data": recipe.data.model_copy(update={"fold": 1})})
    assert cross_validate(other, out, seeds=[0, 3], cache=cache).to_dict() == summary.to_dict()


def test_a_folder_of_something_else_is_refused(
    done: tuple[Recipe, Path, Summary], quick: Make, cache: WaveformCache, tmp_path: Path
) -> None:
    _, out, _ = done
    with pytest.raises(TrainError, match=r"another recipe \(optimiser\.lr\)"):
        cross_validate(quick(optimiser={"lr": 0.5}), out, cache=cache)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TrainError, match="no cross-validation"):
        cross_validate(quick(), tmp_path, cache=cache)
    with pytest.raises(TrainError, match="is a file"):
        cross_validate(quick(), tmp_path / "notes.txt", cache=cache)


@pytest.mark.parametrize(
    ("changes", "given", "message"),
    [
        ({}, {"folds": [0, 2]}, r"folds \[0, 2\]; expected some of 0 to 1"),
        ({}, {"folds": [1, 1]}, "each once"),
        ({}, {"folds": []}, "expected some"),
        ({}, {"seeds": [-1]}, r"seeds \[-1\]"),
        ({"data": {"split": "all"}}, {}, "data.split is all, which has no folds"),
    ],
)
def test_folds_and_seeds_that_cannot_be_are_refused(
    changes: dict[str, Any], given: dict[str, Any], message: str, quick: Make, tmp_path: Path
) -> None:
    with pytest.raises(TrainError, match=message):
        cross_validate(quick(**changes), tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_an_interruption_in_the_middle_of_a_run_changes_nothing(
    done: tuple[Recipe, Path, Summary], cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, _, summary = done
    own_step = Trainer._step
    steps = of_run = 0

    def step(self: Trainer, *arguments: Any) -> None:
        nonlocal steps, of_run
        steps, of_run = steps + 1, self.steps_per_epoch
        own_step(self, *arguments)
        if steps == self.steps_per_epoch + 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Trainer, "_step", step)
    out = tmp_path / "out"
    with pytest.raises(
        RunInterruptedError, match=r"fold1-seed0: stopped in epoch 1 after step 2.*the same command"
    ) as at:
        cross_validate(recipe, out, seeds=[0, 3], cache=cache)
    assert "--resume" not in str(at.value)
    assert (out / "fold0-seed0" / "results.json").is_file()
    assert not (out / "fold1-seed0" / "results.json").exists()
    assert not (out / "summary.json").exists()
    told: list[str] = []
    again = cross_validate(recipe, out, seeds=[0, 3], cache=cache, told=told.append)
    assert again.to_dict() == summary.to_dict()
    assert told[1] == "run 2 of 4: fold 1, seed 0"
    # No step was done twice.
    assert steps == 4 * of_run


def test_more_seeds_are_added(
    quick: Make, cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = quick()
    cross_validate(recipe, tmp_path / "out", folds=[1], cache=cache)
    trained: list[tuple[int, int]] = []
    own = Trainer.run_epoch
    monkeypatch.setattr(
        Trainer,
        "run_epoch",
        lambda self, *given: (trained.append((self._recipe.data.fold, self._recipe.seed)), own(self, *given))[1],
    )
    summary = cross_validate(recipe, tmp_path / "out", seeds=[0, 1], cache=cache)
    assert trained == [(0, 0), (0, 1), (1, 1)]
    assert len(summary.protocols["honest"].rows) == 4


def test_runs_measured_on_other_items_are_refused(quick: Make, cache: WaveformCache, tmp_path: Path) -> None:
    recipe = quick()
    out = tmp_path / "out"
    cross_validate(recipe, out, folds=[0], cache=cache)
    path = out / "fold0-seed0" / "predictions_honest.csv"
    predictions = Predictions.load(path)
    predictions.keep(np.arange(len(predictions)) > 0).save(path)
    with pytest.raises(TrainError, match=r"other items than fold 0 has now \(0 more, 1 fewer\)"):
        cross_validate(recipe, out, folds=[0], cache=cache)
    predictions.save(path)
    data = out / "fold0-seed0" / "data.json"
    described = json.loads(data.read_text())
    described["fingerprint"]["sha256"] = "0" * 64
    data.write_text(json.dumps(described))
    with pytest.raises(TrainError, match="fold1-seed0: began with other data than fold0-seed0"):
        cross_validate(recipe, out, cache=cache)


def made_folds(recipe: Recipe) -> tuple[DataSet, dict[int, Split]]:
    dataset = open_dataset(recipe.data)
    return dataset, {
        fold: split_dataset(dataset, recipe.data.model_copy(update={"fold": fold})) for fold in range(recipe.data.folds)
    }


def test_folds_that_overlap_or_leave_items_out_are_refused(quick: Make) -> None:
    dataset, splits = made_folds(quick(data={"folds": 4}))
    check_folds(dataset, splits, whole=True)
    twice = {**splits, 3: replace(splits[3], test=(*splits[3].test, splits[1].test[0]))}
    with pytest.raises(TrainError, match="1 test items of fold 3 are in fold 1 too"):
        check_folds(dataset, twice, whole=True)
    fewer = {**splits, 2: replace(splits[2], test=splits[2].test[1:])}
    missed = dataset.items[splits[2].test[0]].name
    with pytest.raises(TrainError, match=f"1 items are in the test part of no fold, such as {missed}"):
        check_folds(dataset, fewer, whole=True)
    check_folds(dataset, fewer, whole=False)
    nowhere = {fold: replace(split, unassigned=splits[2].test[:1]) for fold, split in fewer.items()}
    check_folds(dataset, nowhere, whole=True)


def test_seeds_are_averaged_before_folds() -> None:
    values = {(0, 0): 0.2, (0, 1): 0.4, (1, 0): 0.5, (1, 1): None, (2, 0): 0.7, (2, 1): 0.9}
    rows = [Row(fold, seed, 1, {"score": value}) for (fold, seed), value in values.items()]
    of_folds = [0.3, 0.5, 0.8]
    over = over_folds(rows, "score")
    assert over.mean == pytest.approx(np.mean(of_folds))
    assert over.standard_error == pytest.approx(np.std(of_folds, ddof=1) / math.sqrt(3))
    assert over.folds == 3
    alone = over_folds(rows[:2], "score")
    assert (alone.mean, alone.folds) == (pytest.approx(0.3), 1)
    assert math.isnan(alone.standard_error)
    assert over_folds([Row(0, 0, 1, {"score": None})], "score").folds == 0


def test_the_command_runs_and_refuses(
    recipe_with: Make, cache: WaveformCache, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe_with().to_yaml())
    command = ["cross-validate", str(path), "--out", str(tmp_path / "out"), "--cache", str(cache.folder), "--smoke"]
    changes = ["--set", "training.epochs=1", "--set", "data.folds=2", "--set", "data.validation_share=0"]
    result = CliRunner().invoke(cli, [*command, *changes, "--seeds", "1"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "mean ± standard error over 2 folds" in result.output
    assert "run 2 of 2: fold 1, seed 1" in result.output
    assert (tmp_path / "out" / "fold1-seed1" / "results.json").is_file()
    again = CliRunner().invoke(cli, [*command, *changes, "--seeds", "1", "--quiet"], catch_exceptions=False)
    assert again.stdout.splitlines()[:4] == result.stdout.splitlines()[:4]
    for arguments, message in (
        (["--folds", "1,x"], "--folds 1,x: expected all, or numbers with commas"),
        (["--seeds", "-1"], "--seeds -1: expected numbers"),
        (["--folds", "7"], "folds [7]; expected some of 0 to"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main([*command, *changes, *arguments])
        assert stopped.value.code == 2
        assert message in capsys.readouterr().err


def test_the_command_says_how_to_go_on(
    quick: Make, cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(quick().to_yaml())
    own_step = Trainer._step

    def step(self: Trainer, *arguments: Any) -> None:
        own_step(self, *arguments)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Trainer, "_step", step)
    arguments = ["cross-validate", str(path), "--out", str(tmp_path / "out"), "--cache", str(cache.folder), "--quiet"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 130
    assert "give the same command again" in result.output
