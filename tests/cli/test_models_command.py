import json
import shutil

from click.testing import CliRunner

from resp.cli.models import models
from resp.models import REGISTRY, create, folder
from resp.models.config import ModelConfig
from resp.models.folder import save_model


def run(*arguments):
    result = CliRunner().invoke(models, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def install(place, name):
    network = create("mn04", classes=("normal", "abnormal"))
    measured = {"title": "Folds", "columns": ["", "AUROC"], "rows": [["it", 0.8]], "headline": "it"}
    written = ModelConfig(
        name=name,
        network="mn04",
        classes=network.classes,
        description="tells two apart",
        results={"folds": measured},
    )
    save_model(place / name, network, written)


def test_networks_and_installed_models_as_json(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "SHIPPED", tmp_path)
    install(tmp_path, folder.DEFAULT_MODEL)
    listed = json.loads(run("--json", "--classes", "527"))
    networks = {entry["name"]: entry for entry in listed if entry["kind"] == "network"}
    assert list(networks) == [record.name for record in REGISTRY]
    assert networks["mn04"]["parameters"] == 983_599
    assert (networks["mn04"]["rate_hz"], networks["mn04"]["input_samples"]) == (32_000, None)
    assert (networks["eat_s"]["rate_hz"], networks["eat_s"]["input_samples"]) == (22_050, 114_688)
    assert networks["ast"]["defaults"] == {"size": "base"}
    (installed,) = (entry for entry in listed if entry["kind"] == "installed")
    assert installed["name"] == folder.DEFAULT_MODEL
    assert installed["network"] == "mn04"
    assert installed["classes"] == ["normal", "abnormal"]
    assert installed["default"] is True
    assert installed["size_bytes"] == (tmp_path / folder.DEFAULT_MODEL / folder.WEIGHTS).stat().st_size
    assert installed["headline"] == "Folds: AUROC 0.80"


def test_the_model_that_ships_says_what_was_measured():
    (shipped,) = (entry for entry in json.loads(run("--json")) if entry["name"] == folder.DEFAULT_MODEL)
    assert "Score 0." in shipped["headline"]
    assert "AUROC 0." in shipped["headline"]


def test_as_text(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "SHIPPED", tmp_path)
    install(tmp_path, "two")
    text = run()
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert any(line.startswith("ast_tiny 5,572,036 16 kHz, 8.00 s AST tiny") for line in lines)
    assert any(line.startswith("m18 3,676,804 8 kHz, any ") for line in lines)
    size_mb = (tmp_path / "two" / folder.WEIGHTS).stat().st_size / 1e6
    assert any(line.startswith(f"two version 1 {size_mb:.1f} MB mn04 tells two apart") for line in lines)
    assert "measured: Folds: AUROC 0.80" in lines
    shutil.rmtree(tmp_path / "two")
    assert run().rstrip().endswith("none")
