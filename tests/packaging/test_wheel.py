"""The package builds, holds everything, and works outside the checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def pip(command: str, option: str, folder: Path, what: Path) -> None:
    words = [sys.executable, "-m", "pip", command, "--quiet", "--no-deps", option, str(folder), str(what)]
    subprocess.run(words, check=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    return next(folder.glob("resp-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(folder),
        str(wheel),
    ]
    subprocess.run(command, check=True)
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


def test_installed_package_scores_a_recording(installed: Path, tmp_path: Path) -> None:
    sound = tmp_path / "breath.wav"
    assert run_installed(installed, "synth", "--out", str(sound), "--crackles", "coarse", cwd=tmp_path).returncode == 0
    done = run_installed(installed, "score", str(sound), "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)
    assert report["status"] in ("scored", "abstained")
    assert report["model"]["sha256"]


def test_installed_package_knows_its_recipes(installed: Path, tmp_path: Path) -> None:
    done = run_installed(installed, "train", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (installed / "resp" / "configs" / "icbhi" / "ast_patchmix_cl.yaml").is_file()
    assert (installed / "resp_app" / "main.py").is_file()
