"""Settings: typed, from TOML, YAML and the command line; what is wrong is told with what was given."""

import pytest

from resp.dicom import DicomError
from resp.dicom.network import Peer, load_settings, parse_peer


@pytest.mark.parametrize(
    ("text", "peer"),
    [
        ("PACS@10.0.0.5:104", Peer("PACS", "10.0.0.5", 104)),
        ("MY PACS@pacs.example:11112", Peer("MY PACS", "pacs.example", 11112)),
        ("PACS@[::1]:104", Peer("PACS", "::1", 104)),
        ("A@B@host:1", Peer("A@B", "host", 1)),
    ],
)
def test_peers_are_read_and_written_alike(text, peer):
    assert parse_peer(text) == peer
    assert str(peer) == text


@pytest.mark.parametrize(
    "text", ["PACS", "PACS@host", "@host:104", "PACS@host:0", "PACS@host:70000", "SEVENTEENLETTERSX@h:1"]
)
def test_what_is_no_peer_is_told_as_it_was_given(text):
    with pytest.raises(DicomError) as told:
        parse_peer(text)
    assert text.split("@")[0] in str(told.value) or "port" in str(told.value)


TOML = """
spool = "queue"
allowed_addresses = ["10.1.0.0/16"]
[destination]
peer = "PACS@10.0.0.5:104"
attempts = 3
"""
YAML = """
spool: queue
allowed_addresses: [10.1.0.0/16]
destination:
  peer: PACS@10.0.0.5:104
  attempts: 3
"""


@pytest.mark.parametrize(("name", "text"), [("a.toml", TOML), ("a.yaml", YAML)])
def test_toml_and_yaml_say_the_same_and_options_go_before(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    settings = load_settings(tmp_path / name, {"port": 104, "destination": {"attempts": 5}})
    assert settings.spool == tmp_path / "queue"
    assert settings.destination.peer == Peer("PACS", "10.0.0.5", 104)
    assert (settings.port, settings.destination.attempts) == (104, 5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prot": 104}, ["prot", "no such setting"]),
        ({"port": 70000}, ["port", "70000"]),
        ({"ae_title": "SEVENTEEN LETTERS"}, ["ae_title", "SEVENTEEN LETTERS", "1 to 16"]),
        ({"allowed_addresses": ["10.1.0.0/99"]}, ["allowed_addresses", "10.1.0.0/99"]),
        ({"destination": {"peer": "PACS"}}, ["destination.peer", "'PACS'", "AET@HOST:PORT"]),
        ({"destination": {}}, ["destination", "either peer"]),
        ({"destination": {"stow": "pacs"}}, ["destination", "'pacs'", "https://"]),
        ({"tls": {"authority": "ca.pem"}}, ["tls without certificate"]),
        ({"tls": {"certificate": "c.pem"}}, ["tls", "belong together"]),
        ({"max_pdu_bytes": 1}, ["max_pdu_bytes", "4096"]),
    ],
)
def test_each_wrong_setting_is_named_with_what_was_given(changes, words):
    with pytest.raises(DicomError) as told:
        load_settings(None, {"spool": "x", **changes})
    assert all(word in str(told.value) for word in words), told.value


@pytest.mark.parametrize(("name", "text"), [("a.toml", "spool = "), ("a.yaml", "[1"), ("a.yaml", "- 1"), ("a.ini", "")])
def test_files_that_are_no_settings_are_refused_by_name(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(DicomError, match=name):
        load_settings(tmp_path / name)
