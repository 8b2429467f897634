"""Recipes that came with resp are found by name from any folder."""

from pathlib import Path

import pytest

from resp.train import TrainError, load_recipe
from resp.train.shipped import find_recipe, shipped_recipes


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
