"""Where first weights come from, and what learns at which rate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from resp.datasets import WaveformCache
from resp.errors import RespError
from resp.models.folder import load_model
from resp.train import Recipe, TrainError, train
from resp.train.augmentation import Augmentation
from resp.train.objectives import create_objective
from resp.train.seeds import Purpose, derived_seed
from resp.train.starting import build_network, create_optimiser, load_weights

CLASSES = ("normal", "crackle", "wheeze", "both")


def test_the_head_and_the_projector_learn_faster(recipe_with: Callable[..., Recipe]) -> None:
    recipe = recipe_with(
        objective={"name": "patch_mix_cl"}, optimiser={"lr": 0.1, "head_lr_factor": 5.0, "name": "adamw"}
    )
    network = build_network(recipe, CLASSES)
    objective = create_objective(recipe.objective, network, Augmentation(recipe.augment, network))
    optimiser = create_optimiser(objective, recipe.optimiser)
    assert isinstance(optimiser, torch.optim.AdamW)
    body, head = optimiser.param_groups
    assert (body["lr"], head["lr"]) == (0.1, 0.5)
    fast = {id(parameter) for parameter in head["params"]}
    for name, parameter in objective.named_parameters():
        assert (id(parameter) in fast) == (name.startswith(("projector.", "network.stages.logits."))), name
    assert isinstance(create_optimiser(objective, recipe_with().optimiser), torch.optim.Adam)


def test_frozen_weights_are_not_optimised(recipe_with: Callable[..., Recipe]) -> None:
    recipe = recipe_with()
    network = build_network(recipe, CLASSES)
    network.stages["patches"].requires_grad_(False)
    objective = create_objective(recipe.objective, network, Augmentation(recipe.augment, network))
    listed = [p for group in create_optimiser(objective, recipe.optimiser).param_groups for p in group["params"]]
    assert len(listed) == sum(parameter.requires_grad for parameter in objective.parameters())


@pytest.mark.parametrize("averaging", ["none", "live", "ema"])
def test_frozen_stages_stay_as_they_were(
    averaging: str, recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path
) -> None:
    """Weights and batch statistics of a convolutional trunk, against what the same seed starts from."""
    settings = {"width": 16, "depth": 1, "heads": 2, "window_s": 1.0, "rate_hz": 4000}
    recipe = recipe_with(
        network={"name": "ast_conv", "settings": settings, "frozen": ["map"]},
        objective={"name": "patch_mix_cl"},
        optimiser={"name": "adamw", "lr": 1e-2, "weight_decay": 0.1},
        averaging={"name": averaging},
        training={"epochs": 1},
        max_items=8,
    )
    torch.manual_seed(derived_seed(recipe.seed, Purpose.WEIGHTS))
    before = build_network(recipe, CLASSES).state_dict()
    after = load_model(train(recipe, tmp_path / "run", cache=cache).folder / "last").network.state_dict()
    frozen = {name for name in before if name.startswith("stages.map.")}
    assert any(name.endswith("running_mean") for name in frozen)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert not changed & frozen
    others = {name for name, _ in build_network(recipe, CLASSES).named_parameters()} - frozen
    assert others <= changed


def test_what_cannot_be_frozen(recipe_with: Callable[..., Recipe]) -> None:
    with pytest.raises(RespError, match=r"no stage 'block_9' in Audio.*; it has .*block_1, feature"):
        build_network(recipe_with(network={"frozen": ["block_9"]}), CLASSES)
    with pytest.raises(RespError, match="'waveform' cannot be frozen"):
        build_network(recipe_with(network={"frozen": ["waveform"]}), CLASSES)
    with pytest.raises(TrainError, match=r"network\.settings .*window_s"):
        build_network(recipe_with(network={"settings": {"window_s": "long"}}), CLASSES)
    stages = build_network(recipe_with(), CLASSES).stages
    recipe = recipe_with(network={"frozen": list(stages)})
    network = build_network(recipe, CLASSES)
    objective = create_objective(recipe.objective, network, Augmentation(recipe.augment, network))
    with pytest.raises(TrainError, match="leave at least one to learn"):
        create_optimiser(objective, recipe.optimiser)


@pytest.mark.parametrize(
    ("name", "source", "loader"),
    [
        ("ast", "hub:somebody/ast", "resp.models.ast_weights.load_ast_weights"),
        ("ast_tiny", "folder", "resp.models.ast_weights.load_ast_weights"),
        ("mn04", "mn04_as.pt", "resp.models.mobilenet.load_mn04_weights"),
    ],
)
def test_each_network_has_its_loader(
    name: str, source: str, loader: str, recipe_with: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(loader, lambda network, given: seen.append((network, str(given))))
    network = build_network(recipe_with(), CLASSES)
    load_weights(network, name, source)
    assert seen == [(network, source)]


def test_weights_that_cannot_be_loaded(recipe_with: Callable[..., Recipe], tmp_path: Path) -> None:
    network = build_network(recipe_with(), CLASSES)
    with pytest.raises(TrainError, match="other can start only from a resp model folder"):
        load_weights(network, "other", str(tmp_path))
    with pytest.raises(RespError):
        load_weights(network, "ast", str(tmp_path / "nowhere"))
    # A folder with another program's config.json is no model folder of ours.
    (tmp_path / "config.json").write_text('{"model_type": "wav2vec2"}')
    with pytest.raises(RespError):
        load_weights(network, "ast", str(tmp_path))


def test_any_registered_network_trains(
    recipe_with: Callable[..., Recipe], values: dict[str, Any], cache: WaveformCache, tmp_path: Path
) -> None:
    recipe = recipe_with(
        network={"name": "mn04"}, training={"epochs": 1, "precision": "auto"}, max_items=8, averaging={"name": "ema"}
    )
    result = train(recipe, tmp_path / "run", cache=cache)
    assert result.results["honest"]["epoch"] == 1
    with pytest.raises(RespError, match="no network 'ats'; did you mean 'ast'"):
        train(recipe_with(network={"name": "ats"}), tmp_path / "no", cache=cache)
