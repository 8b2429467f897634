"""``resp records …``: what each command prints, and that it works on the records that the settings name."""

import io
import json

import numpy as np
import pytest
import soundfile

pytest.importorskip("sqlmodel")
from click.testing import CliRunner

from resp.cli import cli, main
from resp.records import CorrectedCycle, User, open_records
from resp.records.access import ROLES
from resp.score.schema import RecordingIdentity, Report


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    import os

    for name in list(os.environ):
        if name.startswith("RESP_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("RESP_HOME", str(folder))
    return folder


def run(*words: str, status: int = 0):
    result = CliRunner().invoke(cli, ["records", *words])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def breath() -> bytes:
    out = io.BytesIO()
    soundfile.write(out, 0.1 * np.random.default_rng(0).standard_normal(8000), 4000, format="WAV")
    return out.getvalue()


def test_help_lists_the_commands():
    text = run("--help").output
    for name in ("settings", "users", "backup", "restore", "upgrade", "export", "audit", "worker"):
        assert f"\n  {name} " in text
        assert name in run(name, "--help").output


def test_settings_are_shown_with_their_source(home, monkeypatch):
    home.mkdir()
    (home / "settings.toml").write_text('database = "postgresql://a:deep@h/b"')
    monkeypatch.setenv("RESP_PAGE_PORT", "9000")
    lines = {line.split()[0]: line for line in run("settings").stdout.splitlines()}
    assert lines["page.port"].split(maxsplit=2)[1:] == ["9000", "environment RESP_PAGE_PORT"]
    assert "deep" not in lines["database"]
    assert lines["database"].endswith(f"file {home / 'settings.toml'}")
    assert lines["page.host"].endswith("default (or RESP_PAGE_HOST)")
    rows = json.loads(run("settings", "--json").stdout)
    assert {row["name"]: row["value"] for row in rows}["page.port"] == "9000"


def test_what_the_settings_refuse_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("RESP_PAGE_PROT", "1")
    with pytest.raises(SystemExit, match="2"):
        main(["records", "settings"])
    assert capsys.readouterr().err == (
        "resp: environment variable RESP_PAGE_PROT: no such setting; did you mean RESP_PAGE_PORT?\n"
    )


def test_users_come_and_go(home):
    run("users", "add", "Ada@Example.org", "--role", "clinician", "--clinic", "west", "--name", "Dr Ada")
    run("users", "add", "bob@example.org", "--role", "reader")
    run("users", "add", "bob@example.org", "--role", "admin")
    listed = run("users", "list")
    assert listed.stdout.splitlines() == [
        "default           admin      bob@example.org",
        "west              clinician  ada@example.org  Dr Ada",
    ]
    assert json.loads(run("users", "list", "--json").stdout)[1]["clinic"] == "west"
    run("users", "remove", "ADA@example.org")
    assert "1 users" in run("users", "list").output
    assert run("users", "add", "x@example.org", "--role", "king", status=2)
    with open_records(folder=home) as records:
        assert records.users.find("bob@example.org") == User("bob@example.org", "bob@example.org", "admin")


def test_every_role_can_be_given():
    from resp.cli.records_commands.users import add

    assert tuple(next(option for option in add.params if option.name == "role").type.choices) == ROLES


def test_removing_somebody_whom_the_settings_let_in_is_told(home, monkeypatch):
    run("users", "add", "ada@example.org", "--role", "reader")
    monkeypatch.setenv("RESP_SIGN_IN_OTHERS_ROLE", "reader")
    assert "still let them in" in run("users", "remove", "ada@example.org").stderr


def test_removing_nobody(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["records", "users", "remove", "nobody@example.org"])
    assert "no user 'nobody@example.org'" in capsys.readouterr().err


def test_upgrade_tells_the_step(home):
    assert "the newest" in run("upgrade").output
    assert (home / "records.sqlite3").is_file()


def test_audit_tells_who_did_what(home):
    with open_records(folder=home) as records:
        desk = records.desk(User("ada", "Ada", "clinician"))
        patient = desk.add_patient("P1")
        desk.add_recording(breath(), "breath.wav", patient_id=patient.id)
    text = run("audit").output
    assert "ada (clinician)  recording added" in text
    assert "P1" not in text
    found = json.loads(run("audit", "--json", "--action", "patient added").stdout)
    assert [row["who"] for row in found["rows"]] == ["ada"]
    assert found["rows"][0]["at"].endswith("+00:00")
    assert run("audit", "--clinic", "west").stdout.count("ada") == 0


def test_back_up_and_restore(home, tmp_path, monkeypatch):
    with open_records(folder=home) as records:
        records.desk(User("ada", "Ada", "clinician")).add_recording(breath(), "breath.wav")
    file = tmp_path / "backup.zip"
    assert run("backup", str(file)).stdout == f"{file}: 0 patients, 1 recordings, 1 sounds\n"
    other = tmp_path / "other"
    monkeypatch.setenv("RESP_FOLDER", str(other))
    run("restore", str(file))
    with open_records(folder=other) as records:
        (row,) = records.desk(User("ada", "Ada", "clinician")).recordings()
    assert row.file_name == "breath.wav"


def test_a_backup_without_a_damaged_sound_says_so(home, tmp_path):
    with open_records(folder=home) as records:
        records.desk(User("ada", "Ada", "clinician")).add_recording(breath(), "breath.wav")
    (sound,) = (path for path in (home / "sounds").rglob("*") if path.is_file())
    sound.unlink()
    assert "damaged or missing" in run("backup", str(tmp_path / "backup.zip"), status=1).stderr


def test_export_tells_what_was_written(home, tmp_path):
    with open_records(folder=home) as records:
        desk = records.desk(User("ada", "Ada", "clinician"))
        row = desk.add_recording(breath(), "breath.wav", patient_id=desk.add_patient("P1").id, site="Al")
        said = Report(status="abstained", reason="x", recording=RecordingIdentity(file="breath.wav"))
        records.queue.finish(records.queue.claim("w", 30), said)
        (stored,) = desk.recording(row.id).reports
        desk.correct(row.id, [CorrectedCycle(0.0, 1.0, "crackle")], report_id=stored.id)
    result = run("export", str(tmp_path / "set"))
    assert "1 recordings of 1 patients, 1 cycles" in result.stdout
    assert "1 crackle" in result.stdout


def test_the_worker_works_on_these_records(home, monkeypatch):
    from resp.records import worker

    chosen = []
    monkeypatch.setattr(worker, "work", lambda settings: chosen.append(settings.folder))
    run("worker")
    assert chosen == [home]
