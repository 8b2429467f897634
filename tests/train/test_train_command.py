"""``resp train`` as a user calls it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from resp.cli import cli, main
from resp.datasets import WaveformCache
from resp.train import Recipe

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def test_train_and_resume(
    recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe_with().to_yaml())
    command = ["train", str(path), "--out", str(tmp_path / "run"), "--cache", str(cache.folder), "--smoke"]
    result = CliRunner().invoke(cli, [*command, "--set", "training.epochs=1"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "honest (epoch 1): Sp " in result.output
    again = CliRunner().invoke(cli, [*command, "--set", "training.epochs=1", "--resume", "--quiet"])
    assert again.output.splitlines()[0] in result.output
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 1
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--set", "training.epoch=1"])
    assert stopped.value.code == 2
    assert "did you mean 'epochs'" in capsys.readouterr().err


def test_a_run_without_a_test_part_says_so(
    recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe_with(data={"split": "all"}, training={"epochs": 1}).to_yaml())
    arguments = ["train", str(path), "--out", str(tmp_path / "run"), "--cache", str(cache.folder), "--quiet"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "there was no test part (data.split: all)" in result.output


def test_control_c_leaves_a_run_that_can_be_resumed(
    recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe_with(training={"epochs": 500}).to_yaml())
    arguments = ["train", str(path), "--out", str(tmp_path / "run"), "--cache", str(cache.folder)]
    started = subprocess.Popen(
        [sys.executable, "-c", "from resp.cli import main; main()", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    metrics = tmp_path / "run" / "metrics.jsonl"
    until = time.monotonic() + 100
    while time.monotonic() < until and not (metrics.is_file() and metrics.read_text().count("\n") >= 2):
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=100)
    assert started.returncode == 130
    assert "go on with --resume" in errors
    assert "loss=" in errors
    assert "Traceback" not in errors
    from resp.train.checkpoint import RunState

    state = RunState.load(tmp_path / "run" / "state.pt")
    assert state.epoch >= 2
    assert len(state.history) == state.epoch - 1


@pytest.mark.data
@pytest.mark.parametrize("name", ["icbhi/ast_ce", "icbhi/ast_patchmix_ce", "icbhi/ast_patchmix_cl"])
def test_icbhi_recipes_run_on_real_recordings(name: str, data_dir: Path, tmp_path: Path) -> None:
    run(name, data_dir / "icbhi", tmp_path)
    assert (tmp_path / "run" / "best_test" / "model.safetensors").is_file()


@pytest.mark.data
def test_kauh_recipes_run_on_real_recordings(data_dir: Path, tmp_path: Path) -> None:
    # Those that begin with an underscore are only extended.
    for path in sorted((CONFIGS / "kauh").glob("[!_]*.yaml")):
        run(f"kauh/{path.stem}", data_dir / "kauh", tmp_path / path.stem)


def run(name: str, root: Path, tmp_path: Path) -> None:
    cache = WaveformCache(tmp_path / "cache")
    arguments = [str(CONFIGS / f"{name}.yaml"), "--set", f"data.root={root}", "--set", "preset=smoke"]
    result = CliRunner().invoke(
        cli,
        ["train", *arguments, "--out", str(tmp_path / "run"), "--cache", str(cache.folder), "--quiet"],
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert 0 <= results["honest"]["test"]["score"] <= 1
