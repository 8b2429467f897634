import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from resp.cli.card import card
from resp.errors import RespError
from resp.models import create, folder
from resp.models.config import ModelConfig
from resp.models.folder import load_model, model_checksum, save_model
from resp.models.provenance import Provenance

TABLE = {"title": "Measured", "columns": ["", "Score"], "rows": [["ours", 0.5]]}


def run(*arguments):
    result = CliRunner().invoke(card, [str(one) for one in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def model(tmp_path):
    network = create("mn04", classes=("normal", "abnormal"))
    recipe = {"name": "by hand", "objective": {"name": "cross_entropy"}}
    config = ModelConfig(
        name="two", network="mn04", classes=network.classes, provenance=Provenance(recipe=recipe, epochs=1)
    )
    save_model(tmp_path / "two", network, config)
    return tmp_path / "two"


def test_it_prints_or_writes_where_it_is_told(model, tmp_path):
    printed = run(model)
    assert "# two\n" in printed
    assert not (model / "README.md").exists()
    run(model, "--out", tmp_path / "card.md")
    assert (tmp_path / "card.md").read_text() == printed


def test_it_writes_card_and_tables_into_the_folder_and_tells_the_checksum(model, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(TABLE))
    (tmp_path / "b.json").write_text(json.dumps({"more": {**TABLE, "title": "More"}}))
    before = model_checksum(model)
    said = run(model, "--results", tmp_path / "a.json", "--results", tmp_path / "b.json", "--write")
    loaded = load_model(model)
    assert loaded.sha256 != before
    assert f"checksum is now {loaded.sha256}" in said
    assert list(loaded.config.results) == ["a", "more"]
    assert "### More" in loaded.card
    assert "checksum" not in run(model, "--write"), "nothing changed"


def test_installed_models_have_cards_by_name(model, tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "SHIPPED", tmp_path)
    assert run("two") == run(model)


def test_the_recipe_can_be_taken_out(model):
    assert yaml.safe_load(run(model, "--recipe"))["name"] == "by hand"


def test_what_does_not_go_together_is_refused(model, tmp_path):
    for more in (["--write", "--out", tmp_path / "x"], ["--write", "--recipe"]):
        with pytest.raises(RespError, match="--write"):
            run(model, *more)
    with pytest.raises(RespError, match="cannot be written"):
        run(model, "--out", tmp_path / "missing" / "x.md")
    with pytest.raises(RespError, match="no such model"):
        run("nothing")


def test_an_exported_model_has_its_card_beside_it(model, tmp_path):
    exported = shutil.copytree(model, tmp_path / "exported")
    (exported / "engine.json").write_text("{}")
    with pytest.raises(RespError, match=r"an exported model; its card came with it \(.*README\.md\)"):
        run(exported)


def test_cards_in_the_package_are_those_that_the_command_makes():
    if not any(load_model(name).config.provenance for name in folder.installed_models()):
        pytest.skip("no installed model says how it was trained")
    for name in folder.installed_models():
        assert run(name) == (Path(folder.SHIPPED) / name / "README.md").read_text(encoding="utf-8"), name


def test_copies_have_the_same_card(model, tmp_path):
    shutil.copytree(model, tmp_path / "copy")
    assert run(tmp_path / "copy") == run(model)
