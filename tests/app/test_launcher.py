"""``resp app``: what Streamlit is started with."""

from pathlib import Path

import pytest

pytest.importorskip("streamlit")
import importlib
import os

from click.testing import CliRunner

from resp.errors import RespError

launcher = importlib.import_module("resp.cli.app")


@pytest.fixture
def started(monkeypatch):
    import streamlit.web.cli

    monkeypatch.setenv("RESP_MODEL", "before")
    calls = []
    monkeypatch.setattr(streamlit.web.cli, "main", lambda arguments, **_: calls.append(arguments))
    return calls


def test_defaults_listen_to_this_machine_only(started):
    assert CliRunner().invoke(launcher.app, []).exit_code == 0
    (arguments,) = started
    assert arguments[0] == "run"
    assert Path(arguments[1]) == Path(__file__).parents[2] / "app" / "main.py"
    assert arguments[2:] == ["--server.port=8501", "--server.address=127.0.0.1"]


def test_options(started, tmp_path):
    (tmp_path / "config.json").touch()
    options = ["--port", "9000", "--model", str(tmp_path), "--no-browser"]
    result = CliRunner().invoke(launcher.app, options)
    assert result.exit_code == 0
    assert started[0][2:] == ["--server.port=9000", "--server.address=127.0.0.1", "--server.headless=true"]
    assert os.environ["RESP_MODEL"] == str(tmp_path)


def test_a_model_that_is_none(started, tmp_path):
    result = CliRunner().invoke(launcher.app, ["--model", str(tmp_path / "nowhere")])
    assert isinstance(result.exception, RespError)
    assert "nowhere" in str(result.exception)
    assert not started


def test_a_port_that_is_none(started):
    assert CliRunner().invoke(launcher.app, ["--port", "70000"]).exit_code == 2
    assert not started


def test_without_streamlit(started, monkeypatch):
    monkeypatch.setattr(launcher, "find_spec", lambda name: None)
    result = CliRunner().invoke(launcher.app, [])
    assert isinstance(result.exception, RespError)
    assert "resp[app]" in str(result.exception)


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
