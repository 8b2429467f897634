"""``resp serve``: its options become settings; the service itself is tested under tests/service."""

from pathlib import Path

import pytest

from resp import service
from resp.cli import main, serve
from resp.service import Keys, ServiceSettings, make_key


@pytest.fixture
def served(monkeypatch):
    """What would be served."""
    calls = []
    monkeypatch.setattr(service, "serve", lambda settings, keys, started: calls.append((settings, keys)))
    monkeypatch.delenv("RESP_API_KEYS", raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["serve", *map(str, arguments)])
        return ended.value.code, calls

    return run


def test_the_defaults_are_those_of_the_settings(served):
    code, [(settings, keys)] = served()
    assert code == 0
    assert settings == ServiceSettings()
    assert len(keys) == 0


def test_every_option_becomes_a_setting(served, tmp_path, monkeypatch):
    key, line = make_key("a")
    other, more = make_key("b")
    (tmp_path / "keys").write_text(line)
    monkeypatch.setenv("RESP_API_KEYS", more)
    options = "--host 0.0.0.0 --port 0 --model x --model y --device cuda --threads 3 --engine onnx --precision int8"
    options += " --max-mib 0.5 --max-seconds 60 --rate 30 --burst 4 --queue 5 --stop-s 6 --no-batching --without-keys"
    options += " --certificate c.pem --certificate-key k.pem --keep kept --keys"
    _, [(settings, keys)] = served(*options.split(), tmp_path / "keys")
    assert settings == ServiceSettings(
        host="0.0.0.0",
        port=0,
        models=("x", "y"),
        device="cuda",
        threads=3,
        engine="onnx",
        precision="int8",
        max_upload_bytes=1 << 19,
        max_duration_s=60,
        requests_per_min=30,
        burst=4,
        queue_length=5,
        stop_s=6,
        batching=False,
        without_keys=True,
        certificate=Path("c.pem"),
        certificate_key=Path("k.pem"),
        keep=Path("kept"),
    )
    assert (keys.owner(key), keys.owner(other)) == ("a", "b")


def test_a_new_key_is_shown_once_and_its_line_is_what_is_stored(served, capsys):
    code, calls = served("--new-key", "clinic")
    told = capsys.readouterr()
    assert (code, calls) == (0, [])
    assert Keys.load(None, told.out).owner(told.err.split()[-1]) == "clinic"
    assert told.err.split()[-1] not in told.out


def test_without_the_extra_it_says_what_to_install(served, monkeypatch, capsys):
    monkeypatch.setattr(serve, "find_spec", lambda name: None)
    code, calls = served()
    assert (code, calls) == (2, [])
    assert 'pip install "resp[serve]"' in capsys.readouterr().err
