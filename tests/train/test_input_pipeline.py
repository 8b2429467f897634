"""Batches that are made ahead: the run is the same, what goes wrong comes through, waiting is measured."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from interrupted_runs import interrupt_after
from resp.datasets import DataError, WaveformCache, Waveforms
from resp.evaluate import Predictions, evaluate_model
from resp.models.folder import load_model
from resp.train import Recipe, RunInterruptedError, TrainError, train
from resp.train.loop import Trainer
from resp.train.recipe_file import merge

Make = Callable[..., Recipe]

# As BC learning does it: trimmed, scaled in time, padded by half a window, cropped; ten windows to judge by.
BC: dict[str, Any] = {
    "clip": {"trim_db": 60.0, "pad_share": 0.5, "crops": 10, "fit": "zero", "fade_samples": 0},
    "training": {"crop": "random", "time_scale": [0.8, 1.25], "accumulate": 2, "epochs": 2},
    "max_items": 16,
}


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_model(folder / "last").network.state_dict()


def assert_same_run(one: Path, two: Path) -> None:
    for left, right in zip(rows(one), rows(two), strict=True):
        assert left["train"] == right["train"]
        assert left["validation"] == right["validation"]
    for key, value in weights(one).items():
        assert torch.equal(value, weights(two)[key]), key
    assert json.loads((one / "results.json").read_text()) == json.loads((two / "results.json").read_text())


def no_thread_left() -> bool:
    return not any(thread.name.startswith("ahead") for thread in threading.enumerate())


def test_neither_batches_ahead_nor_an_interruption_change_anything(
    recipe_with: Make, cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(recipe_with(**merge(BC, {"training": {"ahead": 0}})), tmp_path / "one by one", cache=cache)
    for row in rows(tmp_path / "one by one"):
        assert 0 < row["waiting_share"] < 1
        assert 0 < row["train_seconds"] < row["seconds"]
    recipe = recipe_with(**merge(BC, {"training": {"ahead": 3}}))
    interrupt_after(monkeypatch, 2)
    with pytest.raises(RunInterruptedError, match="stopped in epoch 1 after step 2"):
        train(recipe, tmp_path / "ahead", cache=cache)
    assert no_thread_left()
    train(recipe, tmp_path / "ahead", resume=True, cache=cache)
    assert_same_run(tmp_path / "one by one", tmp_path / "ahead")


def test_the_model_is_judged_by_the_windows_it_was_trained_on(
    recipe_with: Make, cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = WaveformCache.open
    trimmed = []

    def spy(self: WaveformCache, *arguments: Any, **options: Any) -> Waveforms:
        trimmed.append(options["trim_db"])
        return own(self, *arguments, **options)

    monkeypatch.setattr(WaveformCache, "open", spy)
    result = train(recipe_with(**merge(BC, {"training": {"epochs": 1}, "max_items": None})), tmp_path, cache=cache)
    measured = evaluate_model(result.folder, cache=cache, resamples=20).predictions
    written = Predictions.load(result.folder / "predictions_honest.csv")
    assert measured.items.tolist() == written.items.tolist()
    np.testing.assert_allclose(measured.probabilities, written.probabilities, atol=1e-5)
    assert trimmed == [60.0, 60.0]


def test_a_sound_that_goes_in_the_middle_ends_the_run_with_its_own_error(
    recipe_with: Make, cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Waveforms.read
    asked = 0

    def read(self: Waveforms, *arguments: Any) -> None:
        nonlocal asked
        asked += 1
        if asked == 10:
            raise DataError("the sound is gone")
        own(self, *arguments)

    monkeypatch.setattr(Waveforms, "read", read)
    with pytest.raises(DataError, match="the sound is gone"):
        train(recipe_with(), tmp_path / "run", cache=cache)
    assert no_thread_left()


def test_a_network_that_fails_leaves_no_thread(
    recipe_with: Make, cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(self: Trainer, *arguments: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(Trainer, "_step", step)
    with pytest.raises(MemoryError):
        train(recipe_with(), tmp_path / "run", cache=cache)
    assert no_thread_left()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": {"time_scale": [1.2, 0.8]}}, "training.time_scale: .*lower bound first"),
        ({"training": {"time_scale": [0.0, 0.8]}}, "training.time_scale"),
        ({"training": {"time_scale": [0.8]}}, "training.time_scale"),
        ({"training": {"ahead": -1}}, "training.ahead"),
        ({"clip": {"pad_share": 0.5}}, "take training.crop=random"),
    ],
)
def test_recipes_that_are_refused(changes: dict[str, Any], message: str, recipe_with: Make) -> None:
    with pytest.raises(TrainError, match=message):
        recipe_with(**changes)
