"""Recipes that came with resp are found by name from any folder."""

from pathlib import Path

import pytest

from resp.train import TrainError, load_recipe
from resp.train.shipped import find_overlay, find_recipe, shipped_overlays, shipped_recipes


def test_every_shipped_recipe_is_valid():
    names = shipped_recipes()
    assert {"icbhi/ast_ce", "icbhi/ast_patchmix_ce", "icbhi/ast_patchmix_cl"} <= set(names)
    for path in names.values():
        assert load_recipe(path).name


@pytest.mark.parametrize("given", ["icbhi/ast_ce", "icbhi/ast_ce.yaml", "configs/icbhi/ast_ce.yaml"])
def test_name_finds_the_shipped_recipe_elsewhere(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_recipe(Path(given)) == shipped_recipes()["icbhi/ast_ce"]


def test_own_file_goes_before_the_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "icbhi" / "ast_ce.yaml"
    own.parent.mkdir()
    own.write_text("name: mine\n")
    assert find_recipe(Path("icbhi/ast_ce.yaml")).resolve() == own


def test_unknown_recipe_names_the_known_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrainError, match=r"no such file.*icbhi/ast_ce"):
        find_recipe(Path("icbhi/ast_cee.yaml"))


def test_unknown_overlay_names_the_close_one():
    known = r"intermx: no such file; intermix.* is meant\?.*one of augmentation, balanced, bc"
    with pytest.raises(TrainError, match=known):
        find_overlay(Path("intermx"))


def test_every_overlay_changes_a_recipe_and_a_setting_changes_that():
    for name in shipped_overlays():
        plain = load_recipe("esc10/m18_short")
        changed = load_recipe("esc10/m18_short", overlays=[name])
        # That one mixes as BC learning already.
        assert bool(plain.differences(changed)) == (name != "bc")
    recipe = load_recipe("esc10/m18", ["training.time_scale=[0.9, 1.1]"], overlays=["augmentation", "intermix"])
    assert recipe.training.time_scale == (0.9, 1.1)
    assert (recipe.objective.mix.name, recipe.augment.waveform[0].name) == ("intermix", "gain")


@pytest.mark.parametrize("given", ["bc", "with/bc", "configs/with/bc.yaml"])
def test_overlay_is_no_recipe(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrainError, match=f"{given}: an overlay, .*--with {given}"):
        load_recipe(given)


def test_whole_recipe_is_no_overlay():
    with pytest.raises(TrainError, match=r"a whole recipe .*expected an overlay"):
        load_recipe("esc10/m18_short", overlays=[shipped_recipes()["esc10/envnet"]])
