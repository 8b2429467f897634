"""The package builds, holds everything, and works outside the checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from resp.models.folder import DEFAULT_MODEL

MOST_BYTES_OF_MODELS = 30_000_000
ROOT = Path(__file__).resolve().parents[2]


def pip(command: str, *words: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", command, "--quiet", "--no-deps", *map(str, words)], check=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--wheel-dir", folder, ROOT)
    return next(folder.glob("resp-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--target", folder, wheel)
    return folder


def run_installed(installed: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", "import sys; from resp.cli import main; main(sys.argv[1:])", *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_wheel_holds_every_file_of_the_checkout(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "resp", "app", "configs"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    moved = {"app/": "resp_app/", "configs/": "resp/configs/", "resp/": "resp/"}
    expected = {new + name.removeprefix(old) for name in tracked for old, new in moved.items() if name.startswith(old)}
    assert expected
    assert expected - names == set()


def test_models_that_ship_are_small_together(wheel: Path) -> None:
    holds = zipfile.ZipFile(wheel).infolist()
    models = {Path(entry.filename).parent.name for entry in holds if entry.filename.endswith("/model.safetensors")}
    assert DEFAULT_MODEL in models
    for model in models:
        for name in ("config.json", "README.md"):
            assert any(entry.filename.endswith(f"shipped/{model}/{name}") for entry in holds), f"{model}: no {name}"
    assert sum(entry.file_size for entry in holds if "/models/shipped/" in entry.filename) <= MOST_BYTES_OF_MODELS


def test_installed_package_scores_a_recording(installed: Path, tmp_path: Path) -> None:
    sound = tmp_path / "breath.wav"
    assert run_installed(installed, "synth", "--out", str(sound), "--crackles", "coarse", cwd=tmp_path).returncode == 0
    done = run_installed(installed, "score", str(sound), "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)
    assert report["status"] in ("scored", "abstained")
    assert len(report["model_sha256"]) == 64


def test_installed_package_knows_its_recipes_and_its_page(installed: Path, tmp_path: Path) -> None:
    done = run_installed(installed, "train", "icbhi/none", "--out", "run", cwd=tmp_path)
    assert done.returncode == 2
    assert "icbhi/ast_patchmix_cl" in done.stderr
    assert (installed / "resp_app" / "main.py").is_file()
