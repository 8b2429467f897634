"""Settings: what wins, where it came from, and what is refused with the nearest name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pydantic_settings")
from resp.records import RecordsError
from resp.records.settings import Settings, default_folder, settings_file
from resp.records.settings_sources import (
    MASK,
    as_environment,
    describe_settings,
    explain_settings,
    load_settings,
    variable,
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A folder of its own, and an environment without settings."""
    for name in list(os.environ):
        if name.startswith("RESP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RESP_HOME", str(tmp_path))
    return tmp_path


SIGN_IN = """
[page]
public_url = "https://lungs.example.org/"
[sign_in]
metadata_url = "https://id.example.org/.well-known/openid-configuration"
client_id = "resp"
client_secret = "quiet"
[sign_in.people."a@example.org"]
role = "clinician"
clinic = "west"
"""


def test_defaults_keep_to_this_machine(home):
    settings = load_settings()
    assert settings.folder == home
    assert (settings.page.host, settings.page.port) == ("127.0.0.1", 8501)
    assert settings.database_url is None
    assert not settings.sign_in.configured
    assert not settings.page.without_sign_in


def test_file_then_environment_then_option(home, monkeypatch):
    (home / "settings.toml").write_text('language = "de"\n[page]\nport = 9000\nhost = "::1"\n')
    monkeypatch.setenv("RESP_PAGE_PORT", "9001")
    monkeypatch.setenv("RESP_MODEL", "")
    loaded = explain_settings(options={"page.host": "127.0.0.2", "model": None})
    page = loaded.settings.page
    assert (page.host, page.port, loaded.settings.language) == ("127.0.0.2", 9001, "de")
    shown = {row.name: row for row in loaded.shown()}
    assert shown["language"].source == f"file {home / 'settings.toml'}"
    assert shown["page.port"].source == "environment RESP_PAGE_PORT"
    assert shown["page.host"].source == "option"
    assert shown["model"].source == shown["worker.device"].source == "default"


def test_a_table_may_come_from_everywhere(home, monkeypatch):
    (home / "settings.toml").write_text(SIGN_IN.replace('client_secret = "quiet"', ""))
    monkeypatch.setenv("RESP_SIGN_IN_CLIENT_SECRET", "from outside")
    settings = load_settings()
    assert settings.sign_in.configured
    assert settings.sign_in.client_secret.get_secret_value() == "from outside"
    assert settings.sign_in.people["a@example.org"].clinic == "west"
    assert settings.page.public_url == "https://lungs.example.org"


def test_another_file(home, tmp_path, monkeypatch):
    other = tmp_path / "other.toml"
    other.write_text('model = "mine"')
    monkeypatch.setenv("RESP_SETTINGS", str(other))
    assert settings_file() == other
    assert load_settings().model == "mine"
    monkeypatch.setenv("RESP_SETTINGS", str(tmp_path / "nowhere.toml"))
    with pytest.raises(RecordsError, match=r"nowhere\.toml: no such file"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[page]\nprot = 1", "no setting 'page.prot'; did you mean 'page.port'?"),
        ("[pages]\nport = 1", "no setting 'pages'; did you mean 'page'?"),
        ("port = 1", "no setting 'port'; did you mean 'page.port'?"),
        ("zzz = 1", "no setting 'zzz'; `resp records settings` lists all"),
        ("[page]\nport = 0", "page.port: input should be greater than or equal to 1"),
        ("[page]\npublic_url = 'lungs'", "page.public_url: expected the page's whole address"),
        ("[sign_in]\nclient_id = 'x'", "missing: metadata_url, client_secret"),
        (SIGN_IN.replace("public_url", "#"), "signing in needs page.public_url"),
        ("[sign_in]\ncookie_secret = 'short'", "sign_in.cookie_secret: expected at least 32 characters"),
        (
            "[sign_in.people.a]\nrole = 'king'",
            "sign_in.people.a.role: input should be 'reader', 'clinician' or 'admin'",
        ),
        ("page = 3", "page: input should be a valid dictionary"),
        ("not toml", "not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_file(home, text, told):
    file = home / "settings.toml"
    file.write_text(text)
    with pytest.raises(RecordsError) as refused:
        load_settings()
    assert told in str(refused.value)
    assert "quiet" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("RESP_PAGE_PROT", "did you mean RESP_PAGE_PORT?"),
        ("RESP_DATABSE", "did you mean RESP_DATABASE?"),
        ("RESP_WORKER_ANYTHING", "RESP_WORKER_ANYTHING: no such setting"),
        ("RESP_PAGE_PORT", "environment RESP_PAGE_PORT: page.port: input should be a valid integer"),
        ("RESP_SIGN_IN_PEOPLE", "expected JSON"),
    ],
)
def test_what_is_wrong_in_the_environment_is_told(monkeypatch, name, told):
    monkeypatch.setenv(name, "{abc")
    with pytest.raises(RecordsError) as refused:
        load_settings()
    assert told in str(refused.value)


def test_variables_of_other_parts_are_left_alone(monkeypatch):
    for name in ("RESP_DATA", "RESP_CACHE", "RESP_VENV", "RESP_DICOMWEB_TOKEN", "RESP_SOMETHING"):
        monkeypatch.setenv(name, "x")
    assert load_settings() == Settings()


def test_secrets_are_masked(home, monkeypatch):
    (home / "settings.toml").write_text(SIGN_IN)
    monkeypatch.setenv("RESP_DATABASE", "postgresql://resp:deep@host/db?sslmode=require&password=deeper")
    loaded = explain_settings()
    text = " ".join(row.value for row in loaded.shown()) + repr(loaded)
    assert "quiet" not in text
    assert "deep" not in text
    shown = {row.name: row.value for row in loaded.shown()}
    assert shown["database"] == f"postgresql://resp:{MASK}@host/db?sslmode=require&password={MASK}"
    assert shown["sign_in.client_secret"] == MASK
    assert shown["sign_in.people"] == "a@example.org: clinician, west"
    assert loaded.settings.database_url.endswith("password=deeper")


def test_options_travel_as_environment(monkeypatch):
    asked = {"page.port": 9000, "page.browser": False, "folder": Path("/srv/resp"), "model": None}
    environment = as_environment(asked)
    assert environment == {"RESP_PAGE_PORT": "9000", "RESP_PAGE_BROWSER": "false", "RESP_FOLDER": "/srv/resp"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.page.port, settings.page.browser, settings.folder) == (9000, False, Path("/srv/resp"))


def test_every_setting_is_described_and_has_its_own_variable():
    rows = explain_settings().shown()
    assert all(row.description for row in rows)
    assert len({row.variable for row in rows}) == len(rows)
    assert all(row.variable == variable(row.name) for row in rows)


def test_help_shows_defaults_whatever_is_set(monkeypatch):
    monkeypatch.setenv("RESP_PAGE_PORT", "9000")
    described = {row.name: row for row in describe_settings()}
    assert described["page.port"].value == "8501"
    assert list(described) == [row.name for row in explain_settings().shown()]


def test_the_folder_follows_the_platform(monkeypatch, tmp_path):
    monkeypatch.delenv("RESP_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert default_folder() == tmp_path / "share" / "resp"


def test_settings_load_nothing_slow():
    code = (
        "import sys, resp.records.settings; print([n for n in ('torch', 'sqlmodel', 'streamlit') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
