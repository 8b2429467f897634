"""Whole runs: what is in the folder, what is measured, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from finished_runs import metrics, weights
from resp.datasets import WaveformCache
from resp.evaluate import Predictions, icbhi_score
from resp.models.folder import load_model
from resp.train import Recipe, RunResult, TrainError, make_recipe, train
from resp.train.loop import Trainer
from resp.train.objectives import CrossEntropy
from resp.train.recipe_file import merge

Make = Callable[..., Recipe]


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any], cache: WaveformCache
) -> tuple[Recipe, RunResult]:
    """One run that several tests look at."""
    changes = {
        "name": "looked-at",
        "optimiser": {"lr": 1e-2},
        "training": {"epochs": 6},
        "evaluation": {"protocols": ["honest", "literature"]},
        "card": {"licence": "CC0", "description": "For a test."},
    }
    recipe = make_recipe(merge(values, changes))
    return recipe, train(recipe, tmp_path_factory.mktemp("runs") / "run", cache=cache, progress=True)


def test_the_folder_holds_all_that_is_promised(finished: tuple[Recipe, RunResult]) -> None:
    recipe, result = finished
    names = {path.name for path in result.folder.iterdir()}
    assert {
        "recipe.yaml",
        "environment.json",
        "data.json",
        "metrics.jsonl",
        "curves.png",
        "state.pt",
        "results.json",
        "last",
        "best",
        "best_test",
        "predictions_honest.csv",
        "predictions_literature.csv",
    } <= names
    assert make_recipe(yaml.safe_load((result.folder / "recipe.yaml").read_text())) == recipe
    environment = json.loads((result.folder / "environment.json").read_text())
    assert (environment["seed"], environment["processes"], environment["device"]) == (0, 1, "cpu")
    assert (result.folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((result.folder / "data.json").read_text())["parts"]["test"]["items"] == 10
    assert [row["epoch"] for row in metrics(result.folder)] == list(range(1, 7))


def test_it_learns(finished: tuple[Recipe, RunResult]) -> None:
    rows = metrics(finished[1].folder)
    assert rows[-1]["train"]["loss"] < 0.8 * rows[0]["train"]["loss"]


def test_both_protocols_choose_by_their_own_part(finished: tuple[Recipe, RunResult]) -> None:
    _, result = finished
    rows = metrics(result.folder)
    for protocol, part in (("honest", "validation"), ("literature", "test")):
        keys = [(row[part]["score"], -row[part]["loss"]) for row in rows]
        assert result.results[protocol]["epoch"] == 1 + keys.index(max(keys))
    chosen = rows[result.results["honest"]["epoch"] - 1]
    for name in ("sp", "se", "score", "loss"):
        assert result.score()[name] == pytest.approx(chosen["test"][name], abs=1e-6)
    assert "optimistic" in result.results["literature"]["protocol"]


def test_the_best_folder_scores_what_the_results_say(finished: tuple[Recipe, RunResult]) -> None:
    _, result = finished
    model = load_model(result.model)
    assert model.config.results["honest"]["test"] == result.score()
    assert (model.config.licence, model.config.trained_devices) == ("CC0", ("A", "B"))
    assert "For a test." in model.card
    assert "not a medical device" in model.card
    predictions = Predictions.load(result.folder / "predictions_honest.csv")
    score = icbhi_score(predictions.truth, predictions.prediction)
    assert score.score == pytest.approx(result.score()["score"])
    evaluation = result.results["honest"]["evaluation"]
    assert evaluation["protocol"] == "honest" or "honest" in json.dumps(evaluation["protocol"])


def test_evaluating_the_run_gives_the_same_numbers(finished: tuple[Recipe, RunResult], cache: WaveformCache) -> None:
    from resp.evaluate import evaluate_model

    _, result = finished
    measured = evaluate_model(result.folder, cache=cache, resamples=20)
    own = Predictions.load(result.folder / "predictions_honest.csv")
    assert measured.predictions.items.tolist() == own.items.tolist()
    np.testing.assert_allclose(measured.predictions.probabilities, own.probabilities, atol=1e-5)


def test_a_finished_run_gives_its_results_again(
    finished: tuple[Recipe, RunResult], cache: WaveformCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, result = finished
    monkeypatch.setattr(Trainer, "run_epoch", None)
    assert train(recipe, result.folder, resume=True, cache=cache).results == result.results


def test_accumulation_is_one_large_batch(recipe_with: Make, cache: WaveformCache, tmp_path: Path) -> None:
    large = recipe_with(max_items=16, training={"batch_size": 8})
    small = recipe_with(max_items=16, training={"batch_size": 4, "accumulate": 2})
    train(large, tmp_path / "large", cache=cache)
    train(small, tmp_path / "small", cache=cache)
    for one, two in zip(metrics(tmp_path / "large"), metrics(tmp_path / "small"), strict=True):
        for part in ("train", "validation"):
            assert one[part] == pytest.approx(two[part], abs=1e-4)


def test_without_validation_the_last_epoch_is_kept(recipe_with: Make, cache: WaveformCache, tmp_path: Path) -> None:
    recipe = recipe_with(data={"validation_share": 0.0}, training={"drop_last": False, "epochs": 2})
    result = train(recipe, tmp_path / "run", cache=cache)
    assert result.results["honest"]["epoch"] == 2
    last, best = weights(result.folder), weights(result.folder, "best")
    assert all(torch.equal(last[key], best[key]) for key in last)
    assert "validation" not in metrics(result.folder)[0]


def test_without_a_test_part_there_are_models_and_no_results(
    recipe_with: Make, cache: WaveformCache, tmp_path: Path
) -> None:
    protocols = {"protocols": ["honest", "literature"]}
    recipe = recipe_with(data={"split": "all"}, evaluation=protocols, training={"epochs": 2})
    result = train(recipe, tmp_path / "run", cache=cache)
    assert result.results == json.loads((result.folder / "results.json").read_text()) == {}
    assert json.loads((result.folder / "data.json").read_text())["parts"]["test"]["items"] == 0
    assert load_model(result.model).config.results == {}
    assert "Not measured." in load_model(result.folder / "last").card
    assert not (result.folder / "best_test").exists()
    assert "validation" in metrics(result.folder)[0]
    with pytest.raises(TrainError, match="there was no such test"):
        result.score()
    assert train(recipe, result.folder, resume=True, cache=cache).results == {}


def test_a_run_starts_from_another_ones_backbone(
    finished: tuple[Recipe, RunResult], recipe_with: Make, cache: WaveformCache, tmp_path: Path
) -> None:
    from resp.train.starting import build_network

    source = str(finished[1].model)
    # On the same patients, so that none may be left to test on.
    recipe = recipe_with(network={"weights": source}, data={"labels": "two_class", "split": "all"})
    network = build_network(recipe, ("normal", "abnormal"))
    given = weights(finished[1].folder, "best")
    for key, value in network.state_dict().items():
        if key.startswith("stages.logits."):
            assert value.shape != given[key].shape or not torch.equal(value, given[key]) or value.ndim == 1
        else:
            assert torch.equal(value, given[key]), key
    result = train(recipe, tmp_path / "run", cache=cache)
    assert load_model(result.model).config.classes == ("normal", "abnormal")
    other = recipe_with(network={"weights": source, "settings": {"depth": 2}})
    with pytest.raises(Exception, match=r"network.weights .*missing stages.block_2"):
        build_network(other, ("normal", "abnormal"))


def test_bfloat16_trains(recipe_with: Make, cache: WaveformCache, tmp_path: Path) -> None:
    recipe = recipe_with(training={"precision": "bf16", "epochs": 1}, objective={"name": "patch_mix_cl"})
    result = train(recipe, tmp_path / "run", cache=cache)
    assert metrics(result.folder)[0]["train"]["loss"] > 0


def test_runs_that_are_refused(
    finished: tuple[Recipe, RunResult], recipe_with: Make, cache: WaveformCache, tmp_path: Path
) -> None:
    recipe, result = finished
    with pytest.raises(TrainError, match="holds a run already; go on with it"):
        train(recipe, result.folder, cache=cache)
    with pytest.raises(TrainError, match=r"another recipe \(name, .*with .*recipe.yaml as the recipe"):
        train(recipe_with(), result.folder, resume=True, cache=cache)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TrainError, match="something that is no run"):
        train(recipe, tmp_path, cache=cache)
    with pytest.raises(TrainError, match="is a file"):
        train(recipe, tmp_path / "notes.txt", cache=cache)
    with pytest.raises(TrainError, match=r"clip\.window_s is 2 s .*network takes 4000"):
        train(recipe_with(clip={"window_s": 2.0}), tmp_path / "a", cache=cache)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("training", [{"batch_size": 1}, {"batch_size": 4, "drop_last": False}])
def test_batches_too_small_for_a_projector_are_known_at_once(
    training: dict[str, Any], recipe_with: Make, cache: WaveformCache, tmp_path: Path
) -> None:
    # 21 training clips: batches of four leave one over.
    recipe = recipe_with(objective={"name": "patch_mix_cl"}, training={"epochs": 1, **training}, max_items=21)
    with pytest.raises(TrainError, match="fewer than 2 clips, which patch_mix_cl cannot learn from"):
        train(recipe, tmp_path / "run", cache=cache)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_what_needs_cuda_says_so(recipe_with: Make, cache: WaveformCache, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="there is no CUDA device"):
        train(recipe_with(training={"device": "cuda"}), tmp_path / "a", cache=cache)
    with pytest.raises(TrainError, match="fp16, which needs CUDA"):
        train(recipe_with(training={"precision": "fp16"}), tmp_path / "a", cache=cache)


def test_a_loss_that_is_not_finite_ends_the_run(
    recipe_with: Make, cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = CrossEntropy.forward
    monkeypatch.setattr(
        CrossEntropy,
        "forward",
        lambda self, *given: own(self, *given)._replace(loss=own(self, *given).loss * float("nan")),
    )
    with pytest.raises(TrainError, match="the loss is not finite in epoch 1"):
        train(recipe_with(), tmp_path / "run", cache=cache)


def test_without_tensorboard(
    values: dict[str, Any], cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    recipe = make_recipe(merge(values, {"training": {"epochs": 1}}))
    train(recipe, tmp_path / "run", cache=cache)
    assert not (tmp_path / "run" / "tensorboard").exists()
