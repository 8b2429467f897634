"""start.py: what it installs, and what it does with what it is told."""

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def calls(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Record what would be run; pip and venv are not run for real."""
    seen: list[list[str]] = []

    def run(*words: object) -> int:
        seen.append([str(word) for word in words])
        return 0

    monkeypatch.setattr(start, "run", run)
    monkeypatch.setattr(start.venv, "create", lambda folder, **_: Path(folder).mkdir(parents=True, exist_ok=True))
    return seen


def main(start: ModuleType, *words: str) -> Any:
    return start.main(list(words))


def test_first_call_installs_by_the_lock_and_the_second_does_not(
    start: ModuleType, calls: list[list[str]], tmp_path: Path
) -> None:
    place = tmp_path / "venv"
    assert main(start, "--venv", str(place), "score", "--out", "x.csv", "my.wav") == 0
    assert any("--require-hashes" in call and call[-1].endswith("requirements.lock") for call in calls)
    assert calls[-1][1:] == ["score", "--out", "x.csv", "my.wav"]
    calls.clear()
    main(start, "--venv", str(place), "app")
    assert [call[1:] for call in calls] == [["app"]]


def test_tests_bring_their_tools_although_the_page_was_set_up_before(
    start: ModuleType, calls: list[list[str]], tmp_path: Path
) -> None:
    place = tmp_path / "venv"
    main(start, "--venv", str(place), "setup")
    calls.clear()
    main(start, "--venv", str(place), "test", "-k", "mix")
    assert any(call[-1].endswith("requirements-dev.lock") for call in calls)
    assert calls[-1][1:] == ["-m", "pytest", "--numprocesses=2", "--dist=loadfile", "-k", "mix"]


def test_cpu_build_keeps_the_locked_version_and_leaves_cuda_out(
    start: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = ""

    def must(*words: object) -> None:
        nonlocal kept
        calls.append([str(word) for word in words])
        if "--no-deps" in words:
            kept = Path(str(words[-1])).read_text() if str(words[-1]).endswith(".txt") else kept

    monkeypatch.setattr(start, "must", must)
    start.set_up(tmp_path / "venv", dev=False, torch_index="https://example.org/cpu")
    (torch_call,) = [call for call in calls if "--index-url" in call]
    locked = (ROOT / "requirements.lock").read_text()
    assert all(f"\n{pinned} " in locked for pinned in torch_call[-2:])
    assert "transformers==" in kept
    assert not any(line.startswith(("torch==", "nvidia-", "triton==")) for line in kept.splitlines())


def test_unknown_options_are_refused(start: ModuleType) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(start, "setup", "--nonsense")


def test_health_says_no_where_nothing_listens(start: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(start, "health", "--port", "9") == 1
    assert "port 9" in capsys.readouterr().err


def test_health_asks_where_the_settings_of_a_container_serve(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESP_PAGE_PORT", "9100")
    monkeypatch.setenv("RESP_PAGE_PUBLIC_URL", "https://lungs.example.org/ward/")
    asked: list[str] = []

    def refuse(address: str, **_: object) -> None:
        asked.append(address)
        raise OSError("nobody there")

    monkeypatch.setattr(start.urllib.request, "urlopen", refuse)
    assert main(start, "health") == 1
    assert asked == ["http://127.0.0.1:9100/ward/_stcore/health"]


def test_a_failed_step_stops_with_its_command(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "run", lambda *_: 3)
    with pytest.raises(SystemExit, match="status 3"):
        start.must("pip", "install")


def test_closing_the_page_leaves_no_traceback(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(start.subprocess, "run", interrupted)
    assert start.run("resp", "app") == 130


def test_an_old_python_is_named(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start.sys, "version_info", (3, 10, 4))
    assert main(start, "app") == 2
    assert "this is Python 3.10; call it with Python 3.11 or newer" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_carry_hashes_and_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(pinned) > 50
    assert all("==" in line and line.endswith("\\") for line in pinned)
    assert "index-url" not in text
    assert "http://" not in text
    assert "https://" not in text


def test_every_step_of_the_dockerfile_is_a_command_of_start(start: ModuleType) -> None:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").replace('"${TORCH_INDEX}"', "URL")
    steps = [shlex.split(step) for step in re.findall(r"start\.py (--venv [^&\n]+)", text)]
    assert [start.parse(step)[0].command for step in steps] == ["setup", "setup"]
    assert start.parse(["health"])[0].command == "health"
    assert '"/srv/resp/start.py", "health"' in text
    assert "\nUSER resp" in text
