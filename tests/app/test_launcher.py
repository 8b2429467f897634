"""``resp app``: what it starts, with what, and what it refuses before it does."""

import importlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("sqlmodel")
from click.testing import CliRunner

from resp.errors import RespError

launcher = importlib.import_module("resp.cli.app")
serving = importlib.import_module("resp.records.serve")

SIGN_IN = """
[page]
public_url = "https://lungs.example.org/ward"
[sign_in]
metadata_url = "https://id.example.org/.well-known/openid-configuration"
client_id = "resp"
client_secret = "quiet"
"""


@pytest.fixture
def home(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("RESP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RESP_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def started(home, monkeypatch):
    """What would be started; nothing is."""
    calls = []
    monkeypatch.setattr(serving, "keep_running", lambda parts, stop, tell: calls.append(parts) or 0)
    monkeypatch.setattr(serving, "_check_port", lambda host, port: None)
    monkeypatch.setattr(serving.signal, "signal", lambda *_: None)
    return calls


def invoke(*words: str):
    return CliRunner().invoke(launcher.app, list(words))


def page_words(parts) -> list[str]:
    return list(parts[0].command[3:])


def test_defaults_listen_to_this_machine_only(started, home):
    result = invoke()
    assert result.exit_code == 0, result.exception
    ((page, worker),) = started
    assert page.command[0] == sys.executable
    script, *options = page_words([page])
    assert Path(script) == Path(__file__).parents[2] / "app" / "main.py"
    assert options == ["--server.port=8501", "--server.address=127.0.0.1", "--server.maxUploadSize=400"]
    assert page.essential
    assert not worker.essential
    assert (home / "records.sqlite3").is_file(), "made before page and worker open it at the same time"
    assert f"records in {home}" in result.output


def test_options_reach_page_and_worker(started, home, tmp_path):
    from resp.models.folder import DEFAULT_MODEL

    folder = tmp_path / "other"
    options = ["--port", "9000", "--model", DEFAULT_MODEL, "--no-browser", "--folder", str(folder), "--language", "de"]
    assert invoke(*options).exit_code == 0
    ((page, worker),) = started
    assert "--server.port=9000" in page.command
    assert "--server.headless=true" in page.command
    assert page.environment == worker.environment
    assert page.environment["RESP_FOLDER"] == str(folder)
    assert page.environment["RESP_LANGUAGE"] == "de"
    assert Path(page.environment["RESP_MODEL"]).name == DEFAULT_MODEL
    assert (folder / "records.sqlite3").is_file()


def test_several_workers_or_none(started, home):
    (home / "settings.toml").write_text("[worker]\nprocesses = 3")
    invoke()
    (home / "settings.toml").write_text("[worker]\nprocesses = 0")
    invoke()
    assert [len(parts) for parts in started] == [4, 1]


def test_a_settings_file_reaches_the_children(started, tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text("[page]\nport = 9100")
    assert invoke("--settings", str(file)).exit_code == 0
    ((page, _),) = started
    assert "--server.port=9100" in page.command
    assert page.environment == {"RESP_SETTINGS": str(file)}


def test_behind_a_proxy_with_sign_in(started, home):
    (home / "settings.toml").write_text(SIGN_IN)
    result = invoke("--host", "0.0.0.0", "--no-browser")
    assert result.exit_code == 0, result.exception
    words = page_words(started[0])
    assert "--browser.serverAddress=lungs.example.org" in words
    assert "--browser.serverPort=443" in words
    assert "--server.baseUrlPath=ward" in words
    assert f"--secrets.files={home / 'page' / 'secrets.toml'}" in words
    assert "quiet" not in " ".join(words)


def test_beyond_this_machine_without_sign_in_is_refused_unless_told_twice(started):
    both = ["--without-sign-in", "--i-understand-that-anyone-can-read-it"]
    for words in ([], both[:1], both[1:]):
        result = invoke("--host", "0.0.0.0", *words)
        assert isinstance(result.exception, RespError)
        assert "beyond this machine" in str(result.exception)
        assert "--host 127.0.0.1" in str(result.exception)
    assert not started
    result = invoke("--host", "0.0.0.0", *both)
    assert result.exit_code == 0
    assert "warning: nobody has to sign in" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--model", "nowhere"], "nowhere"),
        (["--language", "xx"], "expected one of en, de"),
        (["--settings", "/nowhere.toml"], "no such file"),
    ],
)
def test_what_is_wrong_is_told_here_and_not_in_the_browser(started, words, told):
    result = invoke(*words)
    assert isinstance(result.exception, RespError)
    assert told in str(result.exception)
    assert not started


def test_a_port_that_is_none(started):
    assert invoke("--port", "70000").exit_code == 2
    assert not started


def test_a_port_that_is_taken(home):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        result = invoke("--port", str(taken.getsockname()[1]))
    assert isinstance(result.exception, RespError)
    assert "is the page running already?" in str(result.exception)


def test_without_what_the_page_needs(started, monkeypatch):
    monkeypatch.setattr(launcher, "find_spec", lambda name: None)
    result = invoke()
    assert isinstance(result.exception, RespError)
    assert "resp[app]" in str(result.exception)
    assert invoke("--help").exit_code == 0


def test_help_tells_every_setting(home):
    text = " ".join(invoke("--help").output.split())
    for words in ("page.port", "RESP_PAGE_PORT", "sign_in.metadata_url", "RESP_WORKER_LEASE_S", "settings.toml"):
        assert words in text


def test_the_installed_page_comes_first(monkeypatch, tmp_path):
    monkeypatch.setattr(launcher, "__file__", str(tmp_path / "resp" / "cli" / "app.py"))
    with pytest.raises(RespError, match="not found"):
        launcher.page_path()
    for folder in ("app", "resp_app"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "main.py").touch()
        assert launcher.page_path() == tmp_path / folder / "main.py"


def test_settings_keep_to_this_machine():
    import tomllib

    settings = tomllib.loads((launcher.page_path().parent / ".streamlit" / "config.toml").read_text("utf-8"))
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["client"]["showErrorDetails"] == "none"
    assert settings["server"]["showEmailPrompt"] is False


def test_it_serves_and_ends(home):
    """The whole of it, with real processes: a healthy page, a worker, and nothing left behind after SIGTERM."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    program = f"from resp.cli import main; main(['app', '--no-browser', '--port', '{port}'])"
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
                        assert answer.read() == b"ok"
                        break
                except OSError:
                    assert time.monotonic() < deadline, "the page never came"
                    assert process.poll() is None, process.stderr.read()
                    time.sleep(0.2)
            children = _children(process.pid)
            assert len(children) == 2
            process.terminate()
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert all(not Path(f"/proc/{child}").exists() for child in children)


def _children(parent: int) -> list[str]:
    return Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
