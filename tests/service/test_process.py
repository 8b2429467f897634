"""A process of its own on loopback, with clients that come together, are slow, send too much or go away."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import httpx2
import numpy as np
import pytest
import torch

from resp.audio import Recording, load_recording, to_wav_bytes
from resp.cli import main
from resp.models import create
from resp.models.config import ClipSettings, ModelConfig
from resp.models.folder import save_model
from resp.score import Scorer
from resp.service import Keys, ServiceError, ServiceSettings, server

CLASSES = ("normal", "crackle", "wheeze", "both")
NETWORK = {"width": 24, "depth": 1, "heads": 2, "window_s": 2.0}
CODE = """
import sys
from resp.service import Keys, ServiceSettings, serve
settings = ServiceSettings.model_validate_json(sys.argv[1])
serve(settings, Keys(), lambda address: print("listening on", address, file=sys.stderr, flush=True))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small AST with random weights, as a model folder."""
    folder = tmp_path_factory.mktemp("model") / "small"
    torch.manual_seed(0)
    network = create("ast_tiny", classes=CLASSES, **NETWORK)
    clip = ClipSettings(window_s=2.0, hop_s=1.0, segments="windows")
    save_model(
        folder, network, ModelConfig(name="small", network="ast_tiny", settings=NETWORK, classes=CLASSES, clip=clip)
    )
    return folder


class Running:
    """A service in a process of its own, and what it logged."""

    def __init__(self, model, **settings):
        told = json.dumps({"port": 0, "models": [str(model)], "threads": 1, **settings})
        self.process = subprocess.Popen([sys.executable, "-c", CODE, told], stderr=subprocess.PIPE, text=True)
        self.log = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line)

    def _wait(self, condition):
        end = time.monotonic() + 60
        while not (value := condition()):
            assert self.process.poll() is None, "".join(self.log)
            assert time.monotonic() < end, "".join(self.log)
            time.sleep(0.02)
        return value

    def client(self):
        told = self._wait(lambda: [line.split()[-1] for line in self.log if line.startswith("listening on")])
        made = httpx2.Client(base_url=told[0], timeout=30)
        self._wait(lambda: made.get("/readyz").status_code == 200)
        return made

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(10)


@pytest.fixture(scope="module")
def running(model):
    made = Running(
        model, upload_s=1.0, max_upload_bytes=300_000, workers=1, queue_length=32, requests_per_min=1e6, burst=1000
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(running):
    made = running.client()
    yield made
    made.close()


def sound(seconds, seed=0):
    samples = np.random.default_rng(seed).normal(scale=0.05, size=round(seconds * 4000))
    return to_wav_bytes(Recording(samples, 4000))


def send(client, content, **settings):
    return client.post("/v1/reports", files={"file": ("breath.wav", content)}, **settings)


def gauge(client, name):
    (line,) = (line for line in client.get("/metrics").text.splitlines() if line.startswith(name + " "))
    return float(line.split()[1])


def idle(client):
    end = time.monotonic() + 20
    while gauge(client, "resp_accepted"):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_clients_that_come_together_each_get_their_own(client, model):
    scorer = Scorer.load(model)
    sounds = [sound(1 + seed % 5, seed) for seed in range(16)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda content: send(client, content), sounds))
    for answer, content in zip(answers, sounds, strict=True):
        report, expected = answer.json(), scorer.score(load_recording(content, name="breath.wav"))
        assert report["recording"]["sha256"] == expected.recording.sha256
        assert [part["start_s"] for part in report["segments"]] == [part.start_s for part in expected.segments]
        assert report["summary"]["probabilities"] == pytest.approx(expected.summary.probabilities, rel=1e-4)


def test_a_file_that_is_too_large_hears_why(client):
    for content in (bytes(310_000), bytes(500_000)):
        answer = send(client, content)
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:resp:too-large")
        assert answer.headers["connection"] == "close"
    assert send(client, sound(1)).status_code == 200


def raw(client):
    address = urlsplit(str(client.base_url))
    return socket.create_connection((address.hostname, address.port), timeout=10)


HEAD = b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'


def test_an_upload_without_end_is_cut_off(client):
    sent, piece = 0, bytes(50_000)
    with raw(client) as line:
        line.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        line.sendall(b"%x\r\n%s\r\n" % (len(PART), PART))
        with suppress(OSError):
            while sent < 100_000_000:
                line.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                sent += len(piece)
    # Twice the limit, and what the system's buffers hold.
    assert sent < 20_000_000
    idle(client)


def test_an_upload_that_announces_too_much_is_not_begun(client):
    with raw(client) as line:
        line.sendall(HEAD + b"Content-Length: 900000\r\nExpect: 100-continue\r\n\r\n")
        assert line.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_slow_sender_is_refused_and_holds_up_nobody(client):
    with raw(client) as line:
        line.sendall(HEAD + b"Content-Length: 5000\r\n\r\n" + PART)
        assert send(client, sound(1)).status_code == 200
        answer = b""
        while piece := line.recv(1000):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"urn:resp:too-slow" in answer
    idle(client)


def test_a_refused_request_does_not_break_its_connection(client):
    answer = client.post("/v1/reports", content=bytes(200_000), headers={"Content-Type": "audio/wav"})
    assert answer.status_code == 415
    assert send(client, sound(1)).status_code == 200


def test_sigterm_loses_no_answer_that_was_promised(model):
    running = Running(model, stop_s=30, workers=2)
    try:
        client = running.client()
        places = [send(client, sound(15, seed), params={"wait": 0}).headers["location"] for seed in range(4)]
        with ThreadPoolExecutor(6) as pool:
            waiting = [pool.submit(send, client, sound(15, seed)) for seed in range(6)]
            while gauge(client, "resp_accepted") < 5:
                time.sleep(0.002)
            running.end()
            while client.get("/readyz").status_code == 200:
                time.sleep(0.002)
            refused = send(client, sound(1))
            assert (refused.status_code, refused.json()["type"]) == (503, "urn:resp:stopping")
            assert [one.result().status_code for one in waiting] == [200] * 6
        # Finished long ago, perhaps; but it waits for who was promised.
        time.sleep(0.3)
        assert running.process.poll() is None
        assert [client.get(place, params={"wait": 20}).status_code for place in places] == [200] * 4
        assert running.process.wait(10) == 0
    finally:
        running.close()
    assert not any("Traceback" in line or "not fetched" in line for line in running.log)


def test_a_model_that_cannot_be_loaded_ends_the_service_with_the_reason(model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(server, "_log_json", lambda: None)
    (tmp_path / "config.json").write_bytes((model / "config.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", "0", "--model", str(tmp_path)])
    assert ended.value.code == 2
    assert "damaged or no safetensors file" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "resp.example"])
def test_beyond_this_machine_keys_are_needed(host):
    with pytest.raises(ServiceError, match="there are no keys"):
        server.serve(ServiceSettings(host=host), Keys())


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"certificate": "a.pem"}, "belong together"),
        ({"certificate": "a.pem", "certificate_key": "a.key"}, "expected PEM files"),
        ({"keep": os.devnull}, "cannot be kept there"),
        ({"host": "192.0.2.1", "without_keys": True}, "cannot be listened on"),
    ],
)
def test_what_cannot_be_served_is_refused(model, settings, reason):
    with pytest.raises(ServiceError, match=reason):
        server.serve(ServiceSettings(models=[str(model)], **settings), Keys())


def test_models_of_one_name_are_refused(model):
    with pytest.raises(ServiceError, match="models of one name: small, small"):
        server.serve(ServiceSettings(models=[str(model), str(model)]), Keys())


def test_an_address_that_is_taken_is_refused(model):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ServiceError, match="cannot be listened on"),
    ):
        server.serve(ServiceSettings(models=[str(model)], port=taken.getsockname()[1]), Keys())
