"""Where first weights come from, and what learns at which rate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from resp.datasets import WaveformCache
from resp.errors import RespError
from resp.models import create
from resp.models.config import ClipSettings, ModelConfig
from resp.models.folder import load_model, save_model
from resp.models.network import Network
from resp.train import Recipe, TrainError, train
from resp.train.augmentation import Augmentation
from resp.train.data import open_parts
from resp.train.first_weights import load_weights
from resp.train.objectives import create_objective
from resp.train.seeds import Purpose, derived_seed
from resp.train.starting import build_network, create_optimiser
from resp.train.unseen import check_unseen

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


@pytest.mark.parametrize("momentum", [0.9, 0.0])
def test_gradient_descent_has_nesterovs_momentum(momentum: float, recipe_with: Callable[..., Recipe]) -> None:
    recipe = recipe_with(optimiser={"name": "sgd", "lr": 0.1, "momentum": momentum, "weight_decay": 0.01})
    network = build_network(recipe, CLASSES)
    objective = create_objective(recipe.objective, network, Augmentation(recipe.augment, network))
    optimiser = create_optimiser(objective, recipe.optimiser)
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    velocity = torch.zeros(())
    expected = first = weights[0].detach().flatten()[0].clone()
    for gradient in (1.0, -0.5):
        for weight in weights:
            weight.grad = torch.full_like(weight, gradient)
        optimiser.step()
        slope = gradient + 0.01 * expected
        velocity = momentum * velocity + slope
        expected = expected - 0.1 * (slope + momentum * velocity)
    assert float(weights[0].detach().flatten()[0]) == pytest.approx(float(expected), rel=1e-5)
    assert float(first) != pytest.approx(float(expected))


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
    with pytest.raises(RespError, match="window_s='long'; expected a positive number"):
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


EAT = {"rate_hz": 4000, "factors": [4], "channels": 2, "embedding": 8, "depth": 1, "heads": 2, "feed_forward": 8}


def _saved(folder: Path, name: str, settings: dict[str, Any], samples: int) -> tuple[Network, str]:
    """Make a model folder of three classes."""
    torch.manual_seed(1)
    classes = ("a", "b", "c")
    network = create(name, classes=classes, **settings)
    clip = ClipSettings(window_s=samples / network.rate_hz)
    save_model(folder, network, ModelConfig(name="given", network=name, settings=settings, classes=classes, clip=clip))
    return network, str(folder)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("eat_s", {**EAT, "input_samples": 2000}),
        ("m18", {}),
        ("soundnet5", {}),
        ("envnet", {"hidden": 8}),
        ("envnet_v2", {"hidden": 8}),
        ("piczak_cnn", {"hidden": 8}),
        ("mlp", {}),
    ],
)
def test_every_network_starts_from_its_own_folder(name: str, settings: dict[str, Any], tmp_path: Path) -> None:
    given, folder = _saved(tmp_path / "given", name, settings, 4000)
    network = create(name, classes=("other", "task"), **settings)
    load_weights(network, name, folder)
    theirs = given.state_dict()
    for key, value in network.state_dict().items():
        assert key.startswith("stages.logits.") or torch.equal(value, theirs[key]), key


@pytest.mark.parametrize("samples", [4000, 1200])
def test_positions_of_eat_are_stretched_to_another_length(samples: int, tmp_path: Path) -> None:
    given, folder = _saved(tmp_path / "given", "eat_s", {**EAT, "input_samples": 2000}, 2000)
    network = create("eat_s", classes=("a", "b"), **{**EAT, "input_samples": samples})
    load_weights(network, "eat_s", folder)
    theirs, own = (one.state_dict()["stages.tokens.positions"][0] for one in (given, network))
    assert torch.equal(own[0], theirs[0])
    # A step lies in the middle of its stretch of the clip.
    old, new = ((np.arange(len(one) - 1) + 0.5) / (len(one) - 1) for one in (theirs, own))
    for channel in range(8):
        expected = np.interp(new, old, theirs[1:, channel].numpy())
        np.testing.assert_allclose(own[1:, channel].numpy(), expected, atol=1e-5)


def test_a_folder_of_another_network_or_of_other_settings_names_both(tmp_path: Path) -> None:
    _, folder = _saved(tmp_path / "given", "soundnet5", {}, 4000)
    with pytest.raises(TrainError, match=r"another network.*holds network soundnet5 .*, and network\.name is m18"):
        load_weights(create("m18", classes=("a", "b")), "m18", folder)
    _, folder = _saved(tmp_path / "eat", "eat_s", {**EAT, "input_samples": 2000}, 2000)
    wider = create("eat_s", classes=("a", "b"), **{**EAT, "input_samples": 2000, "channels": 4})
    with pytest.raises(TrainError, match=r"wrong shape.*holds network eat_s with settings .*'channels': 2"):
        load_weights(wider, "eat_s", folder)


def test_any_registered_network_trains(
    recipe_with: Callable[..., Recipe], values: dict[str, Any], cache: WaveformCache, tmp_path: Path
) -> None:
    recipe = recipe_with(
        network={"name": "mn04"}, training={"epochs": 1, "precision": "auto"}, max_items=8, averaging={"name": "ema"}
    )
    result = train(recipe, tmp_path / "run", cache=cache)
    assert result.results["honest"]["epoch"] == 1
    with pytest.raises(RespError, match="no network 'asst'; did you mean 'ast'"):
        train(recipe_with(network={"name": "asst"}), tmp_path / "no", cache=cache)


def test_weights_that_learned_from_the_test_part_are_refused(
    recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path
) -> None:
    train(recipe_with(training={"epochs": 1}), tmp_path / "first", cache=cache)
    for weights in (tmp_path / "first", tmp_path / "first" / "best"):
        other = recipe_with(data={"fold": 1}, network={"weights": str(weights)})
        with pytest.raises(TrainError, match=r"learned from 5 of the 5 patients that this run is tested on \("):
            train(other, tmp_path / "second", cache=cache)
    assert not (tmp_path / "second").exists()
    same = recipe_with(network={"weights": str(tmp_path / "first" / "best")})
    check_unseen(same, open_parts(same))
    # Another manifest may call other people by the same keys.
    (tmp_path / "first" / "recipe.yaml").write_text(recipe_with(data={"root": "elsewhere.csv"}).to_yaml())
    check_unseen(other, open_parts(other))
