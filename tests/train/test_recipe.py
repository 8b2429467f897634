"""Recipes: what is read, what is refused, and in which words."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from resp.models import create
from resp.train import TrainError, load_recipe, make_recipe
from resp.train.recipe_file import merge, parse_settings

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
# Without overlays and what several recipes extend.
ALL_CONFIGS = sorted(
    path for path in CONFIGS.rglob("*.yaml") if path.parent.name != "with" and not path.stem.startswith("_")
)


@pytest.mark.parametrize("path", ALL_CONFIGS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recipe_of_the_project_is_valid(path: Path) -> None:
    recipe = load_recipe(path)
    smoke = load_recipe(path, preset="smoke")
    assert smoke.training.epochs == 2
    assert smoke.network.weights is None
    assert {name for name in recipe.differences(smoke) if name.startswith(("objective.", "clip."))} <= {
        "objective.from_epoch",
        "objective.distillation.from_epoch",
        "objective.teacher.weights",
    }


def test_the_published_settings_of_patch_mix_stand_in_the_recipe() -> None:
    recipe = load_recipe(CONFIGS / "icbhi" / "ast_patchmix_cl.yaml")
    assert recipe.objective.name == "patch_mix_cl"
    assert (recipe.objective.temperature, recipe.objective.weight) == (0.06, 1.0)
    assert recipe.objective.target == "grad_block"
    assert recipe.objective.class_weights == "none"
    assert (recipe.optimiser.name, recipe.optimiser.lr, recipe.optimiser.weight_decay) == ("adam", 5e-5, 1e-6)
    assert (recipe.training.batch_size, recipe.training.epochs, recipe.training.drop_last) == (8, 50, True)
    assert (recipe.averaging.name, recipe.averaging.beta) == ("live", 0.5)
    assert recipe.schedule.name == "cosine"
    assert recipe.schedule.final_factor == pytest.approx(0.1**3)
    assert load_recipe(CONFIGS / "icbhi" / "ast_ce.yaml").objective.class_weights == "inverse_frequency"


def test_a_resolved_recipe_reads_back_as_itself(values: dict[str, Any], tmp_path: Path) -> None:
    recipe = make_recipe(values)
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe.to_yaml())
    assert load_recipe(path) == recipe
    assert load_recipe(path).differences(recipe) == ()


def test_differences_name_settings_but_not_where_the_data_lie(values: dict[str, Any]) -> None:
    one = make_recipe(values)
    moved = make_recipe(merge(values, {"data": {"root": "elsewhere"}}))
    other = make_recipe(merge(values, {"seed": 3, "optimiser": {"lr": 1.0}}))
    assert one.differences(moved) == ()
    assert one.differences(other) == ("seed", "optimiser.lr")


def test_all_problems_are_listed_at_once(values: dict[str, Any]) -> None:
    wrong = merge(
        values,
        {
            "sead": 1,
            "training": {"epoch": 3, "batch_size": 0},
            "objective": {"name": "patch_mix_cl", "temprature": 0.1},
            "augment": {"waveform": [{"name": "gain", "probabilty": 0.5}]},
        },
    )
    with pytest.raises(TrainError) as caught:
        make_recipe(wrong, source="mine.yaml")
    message = str(caught.value)
    assert "mine.yaml: 5 problems" in message
    assert "sead: no such setting; did you mean 'seed'?" in message
    assert "training.epoch: no such setting; did you mean 'epochs'?" in message
    assert "training.batch_size: input should be greater than or equal to 1 (given 0)" in message
    assert "objective.temprature: no such setting; did you mean 'temperature'?" in message
    assert "augment.waveform.0.probabilty: no such setting; did you mean 'probability'?" in message


def test_what_is_missing_and_what_contradicts_itself(values: dict[str, Any]) -> None:
    without = {key: value for key, value in values.items() if key not in ("network", "data")}
    with pytest.raises(TrainError, match=r"data: missing\n  network: missing"):
        make_recipe(without)
    with pytest.raises(TrainError, match="expected \\[honest\\] or"):
        make_recipe(merge(values, {"evaluation": {"protocols": ["literature"]}}))
    with pytest.raises(TrainError, match=r"objective: .*'destil"):
        make_recipe(merge(values, {"objective": {"name": "destil"}}))


def test_settings_are_yaml_and_win_over_preset_and_file(values: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**values, "preset": "smoke"}))
    recipe = load_recipe(path, ["training.epochs=7", "optimiser.lr=5e-5", "optimiser.clip_norm=null"])
    assert recipe.training.epochs == 7
    assert recipe.max_items == 12
    assert recipe.optimiser.lr == 5e-5
    assert recipe.network.settings["width"] == 32
    assert load_recipe(path, ["preset=smoke"]) == load_recipe(path)


def test_numbers_without_a_point_are_numbers() -> None:
    assert parse_settings(["a.b=5e-5", "a.c=[1e3, x]"]) == {"a": {"b": 5e-5, "c": [1000.0, "x"]}}


def test_another_name_replaces_a_section_and_the_same_merges() -> None:
    base = {"objective": {"name": "a", "x": 1}, "training": {"epochs": 1, "batch_size": 2}}
    assert merge(base, {"objective": {"name": "b"}})["objective"] == {"name": "b"}
    assert merge(base, {"objective": {"name": "a", "y": 2}})["objective"] == {"name": "a", "x": 1, "y": 2}
    assert merge(base, {"training": {"epochs": 5}})["training"] == {"epochs": 5, "batch_size": 2}
    assert base["training"]["epochs"] == 1


def test_a_recipe_extends_another(values: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(values))
    (tmp_path / "deep").mkdir()
    child = tmp_path / "deep" / "child.yaml"
    child.write_text("extends: ../base.yaml\nseed: 9\nobjective: {name: patch_mix_ce}\n")
    recipe = load_recipe(child)
    assert (recipe.seed, recipe.objective.name, recipe.training.epochs) == (9, "patch_mix_ce", 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: loop.yaml", "extends itself"),
        ("extends: nowhere.yaml", "nowhere.yaml: cannot be read"),
        ("a: 1\na: 2", "line 2: 'a' stands twice"),
        ("- a", "holds list; expected a mapping"),
        ("a: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("a: [", "expected YAML"),
    ],
)
def test_files_that_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text(text)
    with pytest.raises(TrainError, match=message):
        load_recipe(path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["training"], "expected SECTION.NAME=VALUE"),
        (["a..b=1"], "expected SECTION.NAME=VALUE"),
        (["a=1", "a.b=2"], "a was set to a plain value"),
        (["a=[1"], "--set a=\\[1.*expected YAML"),
    ],
)
def test_settings_that_are_refused(settings: list[str], message: str) -> None:
    with pytest.raises(TrainError, match=message):
        parse_settings(settings)


def test_smoke_freezes_what_its_tiny_network_has(values: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    network = {**values["network"], "frozen": ["patches", "block_1", "block_9"]}
    path.write_text(yaml.safe_dump({**values, "network": network}))
    assert load_recipe(path, preset="smoke").network.frozen == ("patches",)
    assert load_recipe(path).network.frozen == ("patches", "block_1", "block_9")


@pytest.mark.parametrize("name", ["eat_s", "eat_m", "envnet", "envnet_v2", "piczak_cnn", "m18"])
def test_smoke_makes_large_networks_small(values: dict[str, Any], tmp_path: Path, name: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**values, "network": {"name": name, "frozen": ["block_1", "feature"]}}))
    given = load_recipe(path, preset="smoke").network
    assert sum(weight.numel() for weight in create(name, classes=("a", "b"), **given.settings).parameters()) < 4e6
    assert given.frozen == (("feature",) if name.startswith("eat") else ("block_1", "feature"))


def test_smoke_reaches_what_begins_in_a_later_epoch(values: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    objective = {"name": "mixed", "from_epoch": 12, "distillation": {"from_epoch": 30}}
    path.write_text(yaml.safe_dump({**values, "objective": objective, "averaging": {"name": "ema"}}))
    smoke = load_recipe(path, preset="smoke").objective
    assert (smoke.from_epoch, smoke.distillation.from_epoch) == (2, 2)
    assert load_recipe(path, ["objective.from_epoch=1"], preset="smoke").objective.from_epoch == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": {"name": "patch_mix"}}, "objective: no such name 'patch_mix'; expected one of 'cross_entropy'"),
        ({"objective": {"weight": 1}}, "objective: a name is missing"),
        ({"network": {"name": "ast", "frozen": "map"}}, r"network.frozen: expected a list, such as \[one, two\]"),
        ({"training": 5}, r"training: expected a mapping of settings .*given 5"),
    ],
)
def test_problems_are_told_in_plain_words(values: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainError, match=message):
        make_recipe({**values, **changes})


def test_an_unknown_preset(values: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(TrainError, match="no preset 'smok'; did you mean 'smoke'"):
        load_recipe(path, preset="smok")
