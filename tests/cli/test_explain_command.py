import json

import numpy as np
import pytest
from click.testing import CliRunner

from resp.audio import synthesise_breathing, write_wav
from resp.cli import main
from resp.cli.explain import explain
from resp.score.explain import METHODS


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    """A model that learned nothing, small enough to answer at once."""
    import torch

    from resp.models import create
    from resp.models.config import ClipSettings, ModelConfig
    from resp.models.folder import save_model

    settings = {"width": 24, "depth": 1, "heads": 2, "window_s": 2.0}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = create("ast_tiny", classes=("normal", "wheeze"), **settings)
    clip = ClipSettings(window_s=2.0, hop_s=2.0, segments="windows")
    config = ModelConfig(
        name="untrained", network="ast_tiny", settings=settings, classes=("normal", "wheeze"), clip=clip
    )
    folder = tmp_path_factory.mktemp("model") / "untrained"
    save_model(folder, network, config, card="# untrained\n")
    return folder


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "breath.wav"
    write_wav(synthesise_breathing(duration_s=4.0, wheeze=True).recording, path)
    return path


def run(*arguments):
    return CliRunner().invoke(explain, [str(argument) for argument in arguments])


def test_the_command_offers_every_method():
    told = run("--help").output
    assert all(method in told for method in METHODS)


@pytest.mark.parametrize("method", [None, "attention_rollout"])
def test_from_a_file_to_pictures_and_words(sound, model_folder, tmp_path, method):
    extra = ["--method", method] if method else []
    result = run(sound, "--out", tmp_path, "--model", model_folder, *extra)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("segment-1.png: ")
    told = json.loads((tmp_path / "explanations.json").read_text("utf-8"))
    assert told["file"] == str(sound)
    assert told["explanations"][0]["words"] in lines[0]
    assert (tmp_path / "segment-2.png").is_file()
    assert np.isfinite(told["explanations"][0]["regions"][0]["share"])


def test_what_cannot_be_explained_is_one_line(sound, model_folder, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["explain", str(sound), "--out", str(tmp_path), "--model", str(model_folder), "--label", "rub"])
    assert stopped.value.code == 2
    assert "no class 'rub' to explain; the model has normal, wheeze" in capsys.readouterr().err
    assert run(sound, "--out", tmp_path, "--method", "tea_leaves").exit_code == 2
