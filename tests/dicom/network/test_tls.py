"""Encrypted associations, with dcmtk and among ourselves; who has no certificate stays out."""

import socket
import subprocess

import pytest

import judges
import peers
from resp.dicom import DicomError
from resp.dicom.network import Caller, PeerError, TlsSettings, echo, parse_peer, send_files


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return peers.make_certificates(tmp_path_factory.mktemp("certificates"))


def tls(folder, name, **more):
    return TlsSettings(
        certificate=folder / f"{name}.pem", key=folder / f"{name}.key", authority=folder / "ca.pem", **more
    )


@pytest.fixture
def service(serve, certificates):
    return serve(tls=tls(certificates, "server").model_dump(), idle_s=3)


def test_storescu_with_a_certificate_is_taken(service, certificates, sound):
    words = ["+tls", certificates / "client.key", certificates / "client.pem", "+cf", certificates / "ca.pem"]
    said = judges.run("storescu", "-R", *words, "-aec", "RESP", "127.0.0.1", str(service.port), sound)
    assert service.spool.find(peers.uid_of(sound)) is not None, said


def test_our_own_client_is_taken_too(service, certificates, sound):
    caller = Caller(tls=tls(certificates, "client"))
    assert [one.sent for one in send_files([sound], parse_peer(service.address), caller)] == [True]


@pytest.mark.parametrize("who", ["nobody", "stranger", "plain"])
def test_without_a_certificate_of_the_authority_nobody_gets_in(service, certificates, who):
    caller = Caller(
        tls={
            "nobody": TlsSettings(authority=certificates / "ca.pem"),
            "stranger": tls(certificates, "stranger"),
            "plain": None,
        }[who],
        timeout_s=5,
    )
    with pytest.raises(PeerError):
        echo(parse_peer(service.address), caller)
    echo(parse_peer(service.address), Caller(tls=tls(certificates, "client")))


def test_a_server_that_is_not_who_it_says_is_not_talked_to(serve, certificates):
    service = serve(tls={"certificate": certificates / "stranger.pem", "key": certificates / "stranger.key"})
    with pytest.raises(PeerError, match="certificate"):
        echo(parse_peer(service.address), Caller(tls=TlsSettings(authority=certificates / "ca.pem")))


def test_a_caller_that_never_shakes_hands_does_not_hold_up_others(service, certificates):
    with socket.create_connection(("127.0.0.1", service.port)):
        echo(parse_peer(service.address), Caller(tls=tls(certificates, "client"), timeout_s=2))


def test_old_protocols_are_refused(service, certificates):
    done = subprocess.run(
        ["openssl", "s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-connect", f"127.0.0.1:{service.port}"],
        input="", capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "alert" in done.stderr
    assert done.returncode != 0


@pytest.mark.parametrize("broken", ["missing", "text", "other key"])
def test_certificates_that_cannot_be_used_are_named(serve, certificates, tmp_path, broken):
    (tmp_path / "text.pem").write_text("no certificate")
    given = {
        "missing": (tmp_path / "none.pem", certificates / "server.key"),
        "text": (tmp_path / "text.pem", certificates / "server.key"),
        "other key": (certificates / "server.pem", certificates / "client.key"),
    }[broken]
    with pytest.raises(DicomError) as told:
        serve(tls={"certificate": given[0], "key": given[1]})
    assert str(given[0]) in str(told.value)
