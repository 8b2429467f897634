"""Distillation against its formulas, and as a run: what is saved, resumed, refused, and started from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from made_datasets import write_sounds
from resp.datasets import WaveformCache
from resp.models.folder import load_model, read_weights
from resp.models.network import Network
from resp.score import ScoreError, Scorer
from resp.train import Recipe, RunInterruptedError, TrainError, train
from resp.train.augmentation import Augmentation
from resp.train.objectives import create_objective
from resp.train.objectives.standardise import RunningStandardise
from resp.train.run import _Run
from resp.train.starting import build_network

Make = Callable[..., Recipe]

# A tiny network of random weights teaches as well as any: the formulas are the same.
TEACHER = {"name": "mlp", "settings": {"width": 8, "front_end": {"rate_hz": 4000}}, "classes": 5, "weights": None}
OBJECTIVE: dict[str, Any] = {"name": "distil", "teacher": TEACHER}


def objective_of(recipe: Recipe) -> Any:
    torch.manual_seed(0)
    network = build_network(recipe, ("sound",))
    return create_objective(recipe.objective, network, Augmentation(recipe.augment, network))


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen KAUH patients and four sounds of no known naming."""
    codes = ("N,N", "N,N", "Asthma,E W", "COPD,I C")
    names = [f"BP{patient}_{codes[patient % 4]},P L L,70,M.wav" for patient in range(1, 17)]
    return write_sounds(tmp_path_factory.mktemp("sounds"), [*names, *(f"own{i}.wav" for i in range(4))], 1.2)


@pytest.fixture
def unlabelled(recipe_with: Make, sounds: Path) -> Make:
    def make(**changes: Any) -> Recipe:
        data = {"dataset": "unlabelled", "root": str(sounds), "split": "all", "validation_share": 0.25}
        return recipe_with(**{"data": data, "objective": OBJECTIVE, "training": {"epochs": 2}, **changes})

    return make


def waveform(count: int = 6) -> Tensor:
    return 0.1 * torch.randn(count, 4000, generator=torch.Generator().manual_seed(3))


def test_running_statistics_are_those_of_all_batches_together() -> None:
    values = torch.randn(11, 3, generator=torch.Generator().manual_seed(0)) * 3 + 5
    scale = RunningStandardise(3)
    scale(values[:4])
    scale(values[4:5])
    standardised = scale(values[5:])
    expected = (values[5:] - values.mean(0)) / values.std(0, correction=0)
    torch.testing.assert_close(standardised, expected)
    scale.eval()
    scale(values * 100)
    torch.testing.assert_close(scale.undo(scale(values)), values)
    torch.testing.assert_close(scale.mean, values.mean(0))


@pytest.mark.parametrize("kind", ["cosine", "mse"])
def test_the_loss_is_that_of_feature_and_tags(kind: str, unlabelled: Make) -> None:
    settings = {"feature_loss": kind, "feature_weight": 0.7, "tag_weight": 0.3, "temperature": 2.0, "mixing": None}
    objective = objective_of(unlabelled(objective={**OBJECTIVE, **settings}))
    objective.train()
    sound, (teacher,) = waveform(), objective._teacher
    outcome = objective(sound, torch.zeros(6, dtype=torch.int64), torch.Generator().manual_seed(0))
    theirs = teacher.run(sound, stop="feature")
    tags = teacher.run(theirs, start="feature")
    standardised = (theirs - theirs.mean(0)) / theirs.var(0, correction=0).clamp(min=1e-6).sqrt()
    feature = objective.network.run(sound, stop="feature")
    own = objective.to_feature(feature)
    if kind == "cosine":
        distance = 1 - ((own * standardised).sum(1) / (own.norm(dim=1) * standardised.norm(dim=1))).mean()
    else:
        distance = ((own - standardised) ** 2).mean()
    deviation = tags.var(0, correction=0).clamp(min=1e-6).sqrt()
    ours, wanted = (objective.to_tags(feature) * deviation + tags.mean(0)) / 2, tags / 2
    entropy = F.binary_cross_entropy_with_logits(ours, wanted.sigmoid(), reduction="none")
    least = F.binary_cross_entropy_with_logits(wanted, wanted.sigmoid(), reduction="none")
    divergence = 4 * (entropy - least).sum(1).mean()
    torch.testing.assert_close(outcome.parts["feature"], distance)
    torch.testing.assert_close(outcome.parts["tags"], divergence, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(outcome.loss, 0.7 * distance + 0.3 * divergence, rtol=1e-4, atol=1e-5)


def test_a_student_that_is_its_teacher_has_nothing_to_learn(unlabelled: Make) -> None:
    objective = objective_of(unlabelled(objective={**OBJECTIVE, "mixing": None}))
    objective.train()
    labels, generator = torch.zeros(6, dtype=torch.int64), torch.Generator()
    objective(waveform(), labels, generator)
    objective.eval()
    feature, tags = objective._taught(waveform())
    objective.to_feature = torch.nn.Identity()
    objective.to_tags = torch.nn.Identity()
    objective.network.run = lambda value, **asked: (  # type: ignore[method-assign]
        objective.teacher_feature(feature) if asked["stop"] == "feature" else value
    )
    objective.teacher_tags.undo = lambda value: tags  # type: ignore[method-assign]
    assert float(objective(waveform(), labels, generator).loss) == pytest.approx(0, abs=1e-5)


def test_the_teacher_hears_the_augmented_and_mixed_sound(unlabelled: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    mixing = {"mix": {"name": "mixup", "site": "waveform"}, "probability": 1}
    augment = {"waveform": [{"name": "gain", "probability": 1, "settings": {"gain_db": [-6, 0]}}]}
    objective = objective_of(unlabelled(objective={**OBJECTIVE, "mixing": mixing}, augment=augment))
    heard: dict[str, Tensor] = {}
    run = Network.run

    def listening(network: Network, value: Tensor, **asked: str) -> Tensor:
        if asked.get("start", "waveform") == "waveform" and asked.get("stop") != "waveform":
            heard["teacher" if network is objective._teacher[0] else "student"] = value
        return run(network, value, **asked)

    monkeypatch.setattr(Network, "run", listening)
    sound = waveform()
    objective(sound, torch.zeros(6, dtype=torch.int64), torch.Generator().manual_seed(1))
    assert torch.equal(heard["teacher"], heard["student"])
    assert not torch.allclose(heard["student"], sound)
    # A sum of two of the six sounds, each with a factor of its own.
    factors = torch.linalg.lstsq(sound.T, heard["student"].T).solution.T
    assert ((factors.abs() > 1e-4).sum(dim=1) <= 2).all()
    assert ((factors.abs() > 1e-4).sum(dim=1) == 2).any()


def test_what_cannot_teach_is_refused(unlabelled: Make, recipe_with: Make, tmp_path: Path) -> None:
    faster = {**TEACHER, "name": "mn04", "settings": {"rate_hz": 8000}}
    with pytest.raises(TrainError, match="8000 Hz and the network 4000 Hz"):
        objective_of(unlabelled(objective={**OBJECTIVE, "teacher": faster}))
    longer = {**TEACHER, "name": "ast_conv", "settings": {"window_s": 2.0, "rate_hz": 4000}}
    with pytest.raises(TrainError, match="takes 8000 samples, and the network 4000"):
        objective_of(unlabelled(objective={**OBJECTIVE, "teacher": longer}))
    with pytest.raises(TrainError, match="the teacher has to hear the mix"):
        unlabelled(objective={**OBJECTIVE, "mixing": {"mix": {"name": "patch", "site": "patches"}}})
    with pytest.raises(TrainError, match="nothing is learned"):
        unlabelled(objective={**OBJECTIVE, "feature_weight": 0, "tag_weight": 0})
    with pytest.raises(TrainError, match="learns no labels"):
        train(recipe_with(objective=OBJECTIVE), tmp_path / "labelled")
    with pytest.raises(TrainError, match="take distil or masked_patches"):
        train(unlabelled(objective={"name": "cross_entropy"}), tmp_path / "unlabelled")


def test_a_run_is_measured_by_its_loss_and_taken_up_exactly(
    unlabelled: Make, cache: WaveformCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = unlabelled(averaging={"name": "ema", "decay": 0.5}, training={"epochs": 3, "batch_size": 4})
    whole = train(recipe, tmp_path / "whole", cache=cache)
    rows = [json.loads(line) for line in (whole.folder / "metrics.jsonl").read_text().splitlines()]
    losses = [row["validation"]["loss"] for row in rows]
    best = whole.results["honest"]
    assert best["epoch"] == 1 + int(np.argmin(losses))
    assert best["validation"]["loss"] == min(losses)
    assert set(rows[0]["train"]) == set(rows[0]["validation"]) == {"loss", "feature", "tags"}
    with pytest.raises(TrainError, match="no such test"):
        whole.score()
    # Nothing of the teacher or of the heads is kept; the network's own classes know nothing, and say so.
    model = load_model(whole.model)
    assert set(read_weights(whole.model)) == set(model.network.state_dict())
    assert model.config.task == "unlabelled"
    with pytest.raises(ScoreError, match="without labels"):
        Scorer.load(whole.model)
    after_step = _Run._after_step

    def stopping(run: _Run, bar: Any, stop: Any) -> Callable[[int], None]:
        inner = after_step(run, bar, stop)

        def step(done: int) -> None:
            stop.requested = (run._epoch, done) == (2, 1)
            inner(done)

        return step

    monkeypatch.setattr(_Run, "_after_step", stopping)
    with pytest.raises(RunInterruptedError):
        train(recipe, tmp_path / "broken", cache=cache)
    monkeypatch.undo()
    again = train(recipe, tmp_path / "broken", resume=True, cache=cache)
    assert again.results == whole.results
    ours, theirs = read_weights(whole.folder / "last"), read_weights(again.folder / "last")
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_teacher_of_every_fold_is_named_by_the_fold(recipe_with: Make) -> None:
    teacher = {**TEACHER, "weights": "teachers/fold{fold}/best"}
    recipe = recipe_with(data={"fold": 3}, objective={**OBJECTIVE, "teacher": teacher})
    assert recipe.fold_objective.teacher.weights == "teachers/fold3/best"
    assert recipe.objective.teacher.weights == teacher["weights"]


def test_a_distilled_model_starts_another_run_unless_it_has_heard_the_test_part(
    unlabelled: Make, recipe_with: Make, cache: WaveformCache, sounds: Path, tmp_path: Path
) -> None:
    once = {"epochs": 1, "batch_size": 4}
    kauh = {"dataset": "kauh", "root": str(sounds), "folds": 4, "fold": 1, "validation_share": 0}
    for fold in (0, 1):
        data = {"without_test_of": {**kauh, "fold": fold}}
        recipe = unlabelled(training=once)
        recipe = type(recipe).model_validate({**recipe.to_dict(), "data": {**recipe.to_dict()["data"], **data}})
        train(recipe, tmp_path / f"distilled{fold}", cache=cache)

    def started(weights: str, **changes: Any) -> Recipe:
        network = {"weights": f"{tmp_path}/{weights}"}
        return recipe_with(data={**kauh, "validation_share": 0.25, **changes}, network=network, training=once)

    with pytest.raises(TrainError, match=r"distilled0.*learned from \d of the \d patients"):
        train(started("distilled0/best"), tmp_path / "leaking", cache=cache)
    recipe = started("distilled{fold}/best")
    torch.manual_seed(0)
    network = build_network(recipe, ("normal", "crackle", "wheeze", "both"))
    held = read_weights(tmp_path / "distilled1" / "best")
    own = network.state_dict()
    assert all(torch.equal(own[name], held[name]) for name in own if not name.startswith("stages.logits."))
    result = train(recipe, tmp_path / "fine", cache=cache)
    assert result.score()["loss"] is not None
    # What it goes back to counts too: the fine-tuned run has not learned from fold 1, but from all others.
    with pytest.raises(TrainError, match="learned from"):
        train(started("fine/best", fold=0), tmp_path / "grandchild", cache=cache)
    other = {"dataset": "manifest", "root": str(_listed(sounds, tmp_path)), "split": "official", "validation_share": 0}
    with pytest.raises(TrainError, match="distilled1"):
        train(
            recipe_with(data=other, network={"weights": f"{tmp_path}/fine/best"}, training=once),
            tmp_path / "of_other_name",
            cache=cache,
        )


def _listed(sounds: Path, folder: Path) -> Path:
    """Write a manifest whose test part is a sound of unknown naming that was heard without a label."""
    lines = ["path,label,patient,split"]
    for number, (label, part) in enumerate(
        [("normal", "train"), ("crackle", "train"), ("wheeze", "train"), ("both", "train")] * 2 + [("normal", "test")]
    ):
        name = "own3.wav" if part == "test" else f"BP{number + 1}_{_code(number + 1)},P L L,70,M.wav"
        lines.append(f'"{sounds / name}",{label},p{number},{part}')
    path = folder / "manifest.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def _code(patient: int) -> str:
    return ("N,N", "N,N", "Asthma,E W", "COPD,I C")[patient % 4]
