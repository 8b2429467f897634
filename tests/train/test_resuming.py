"""Runs repeat, an interruption changes nothing, and what a run goes on from is checked."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from finished_runs import metrics, weights
from interrupted_runs import interrupt_after
from resp.datasets import WaveformCache
from resp.train import Recipe, RunInterruptedError, TrainError, train
from resp.train.loop import Trainer
from resp.train.recipe_file import merge

Make = Callable[..., Recipe]
HARD: dict[str, Any] = {
    # Everything that is random or has a state at once.
    "network": {"settings": {"dropout": 0.2}},
    "objective": {"name": "patch_mix_cl", "class_weights": "inverse_frequency"},
    "augment": {
        "waveform": [{"name": name} for name in ("shift", "tilt", "any_noise", "low_pass", "gain", "polarity")],
        "spectrogram": [{"name": "spec_augment", "settings": {"frequency_width": 8, "time_width": 20}}],
    },
    "optimiser": {"name": "adamw", "clip_norm": 1.0, "head_lr_factor": 3.0},
    "schedule": {"name": "warmup_cosine"},
    "training": {"crop": "random", "balanced": True, "repeats": 2, "accumulate": 2},
}
# The teacher is the average, and both mixing and teaching begin in the middle of the run.
MIXED: dict[str, Any] = {
    "name": "mixed",
    "mix": {"name": "patch", "site": "patches"},
    "loss": "bce",
    "unmixed_loss": "cross_entropy",
    "targets": "union",
    "label_smoothing": 0.1,
    "from_epoch": 2,
    "probability": 0.5,
    "distillation": {"from_epoch": 2, "temperature": 2.0},
    "class_weights": "inverse_frequency",
}


def assert_same_run(one: Path, two: Path) -> None:
    assert metrics(one) == metrics(two)
    for name in ("last", "best"):
        for key, value in weights(one, name).items():
            assert torch.equal(value, weights(two, name)[key]), key
    assert json.loads((one / "results.json").read_text()) == json.loads((two / "results.json").read_text())


@pytest.mark.parametrize(
    ("averaging", "changes"),
    [
        ("none", {"optimiser": {"name": "sgd"}, "schedule": {"name": "step", "warmup_epochs": 1}}),
        ("live", {}),
        ("ema", {}),
        ("ema", {"objective": MIXED, "schedule": {"name": "one_cycle"}}),
        ("live", {"optimiser": {"sam_rho": 0.05}}),
        ("none", {"objective": {"name": "supervised_contrastive", "class_share": 0.5}}),
        ("none", {"objective": {"name": "domain_adversarial"}}),
    ],
)
def test_an_interruption_in_the_middle_changes_nothing(
    averaging: str,
    changes: dict[str, Any],
    recipe_with: Make,
    cache: WaveformCache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = recipe_with(**merge(HARD, changes), averaging={"name": averaging, "decay": 0.8})
    train(recipe, tmp_path / "whole", cache=cache)

    interrupt_after(monkeypatch, 3, 7)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(RunInterruptedError, match=r"stopped in epoch 1 after step 3 of .*--resume"):
        train(recipe, tmp_path / "broken", cache=cache)
    assert signal.getsignal(signal.SIGINT) is before
    torch.manual_seed(99)  # a new process has another global state
    with pytest.raises(RunInterruptedError):
        train(recipe, tmp_path / "broken", resume=True, cache=cache)
    train(recipe, tmp_path / "broken", resume=True, cache=cache)
    assert_same_run(tmp_path / "whole", tmp_path / "broken")


def test_a_killed_run_goes_on_from_its_last_epoch(
    recipe_with: Make, cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_with(objective={"name": "patch_mix_ce"}, averaging={"name": "live"})
    train(recipe, tmp_path / "whole", cache=cache)
    own_epoch = Trainer.run_epoch

    def run_epoch(self: Trainer, epoch: int, *arguments: Any) -> None:
        own_epoch(self, epoch, *arguments)
        if epoch == 2:
            raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run_epoch", run_epoch)
        with pytest.raises(MemoryError):
            train(recipe, tmp_path / "killed", cache=cache)
    # What was written behind the last state is forgotten.
    with (tmp_path / "killed" / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 2, "half": ')
    train(recipe, tmp_path / "killed", resume=True, cache=cache)
    assert_same_run(tmp_path / "whole", tmp_path / "killed")


def test_the_same_seed_gives_the_same_run_and_leaves_torchs_state(
    recipe_with: Make, cache: WaveformCache, tmp_path: Path
) -> None:
    recipe = recipe_with(**HARD)
    torch.manual_seed(1)
    train(recipe, tmp_path / "one", cache=cache)
    torch.manual_seed(2)
    state = torch.get_rng_state()
    train(recipe, tmp_path / "two", cache=cache)
    assert torch.equal(torch.get_rng_state(), state)
    assert_same_run(tmp_path / "one", tmp_path / "two")
    train(recipe.model_copy(update={"seed": 1}), tmp_path / "three", cache=cache)
    assert metrics(tmp_path / "three") != metrics(tmp_path / "one")


def test_other_data_cannot_be_slipped_under_a_run(
    recipe_with: Make, manifest: Path, cache: WaveformCache, tmp_path: Path
) -> None:
    recipe = recipe_with(training={"epochs": 1})
    train(recipe, tmp_path / "run", cache=cache)
    (tmp_path / "run" / "results.json").unlink()
    moved = Path(shutil.copytree(manifest.parent, tmp_path / "moved")) / manifest.name
    elsewhere = recipe.model_copy(update={"data": recipe.data.model_copy(update={"root": moved})})
    train(elsewhere, tmp_path / "run", resume=True, cache=cache)
    (tmp_path / "run" / "results.json").unlink()
    moved.write_text("\n".join(moved.read_text().splitlines()[:-2]))
    with pytest.raises(TrainError, match=r"began with other data .fingerprint and parts differ"):
        train(elsewhere, tmp_path / "run", resume=True, cache=cache)
    (tmp_path / "run" / "data.json").unlink()
    with pytest.raises(TrainError, match=r"data.json: cannot be read"):
        train(recipe, tmp_path / "run", resume=True, cache=cache)


def test_a_damaged_state(recipe_with: Make, cache: WaveformCache, tmp_path: Path) -> None:
    recipe = recipe_with(training={"epochs": 1})
    train(recipe, tmp_path / "run", cache=cache)
    (tmp_path / "run" / "results.json").unlink()
    state = tmp_path / "run" / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(TrainError, match="not the state of a run"):
        train(recipe, tmp_path / "run", resume=True, cache=cache)
