"""A tiny network that can be held still, sounds for it, the service around it and keys to that."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from starlette.testclient import TestClient
from torch import nn

from resp.audio import Recording, to_wav_bytes
from resp.models.config import ClipSettings, ModelConfig
from resp.models.network import Network
from resp.score import Scorer
from resp.service import Keys, ServiceSettings, create_app, make_key

CLASSES = ("normal", "crackle", "wheeze", "both")
RATE_HZ = 4000


class Gate(nn.Module):
    """Logits of loudness, given once the gate is open; remembers how large its batches were."""

    def __init__(self):
        super().__init__()
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.batches = []

    def forward(self, waveform):
        self.batches.append(len(waveform))
        self.entered.set()
        assert self.open.wait(20)
        loud = 10 * waveform.square().mean(-1).sqrt()
        return torch.stack([loud, waveform.abs().amax(-1), -loud, 0 * loud], dim=-1)


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.open.set()


@pytest.fixture
def make_scorer():
    def make(gate, name="loudness", **config):
        network = Network(
            {"logits": gate}, sites=[], classes=CLASSES, rate_hz=RATE_HZ, input_samples=RATE_HZ, feature_size=1
        )
        clip = ClipSettings(window_s=1.0, hop_s=0.5, fade_samples=20, segments="windows")
        settings = ModelConfig(name=name, network="mlp", classes=CLASSES, clip=clip, **config)
        return Scorer(SimpleNamespace(network=network, config=settings, sha256="ab" * 32, card="A card.", folder=None))

    return make


@pytest.fixture
def scorer(gate, make_scorer):
    return make_scorer(gate)


@pytest.fixture
def sound():
    """Noise as a WAV file's bytes."""

    def make(seconds=1.0, seed=0):
        samples = np.random.default_rng(seed).normal(scale=0.05, size=round(seconds * RATE_HZ))
        return to_wav_bytes(Recording(samples, RATE_HZ))

    return make


@pytest.fixture
def until():
    """Wait for a condition."""

    def wait(condition, seconds=10):
        end = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < end, "it did not come true in time"
            time.sleep(0.005)
        return value

    return wait


@pytest.fixture
def serve(scorer, gate, until):
    """Start a service that is ready, and return a client of it."""
    running = []

    def start(keys=None, scorers=None, ready=True, **settings):
        app = create_app(ServiceSettings(**settings), keys or Keys(), scorers=scorers or [scorer])
        client = TestClient(app)
        client.service = app.state.service
        running.append(client.__enter__())
        if ready:
            until(lambda: client.get("/readyz").status_code == 200)
        return client

    yield start
    gate.open.set()
    for client in running:
        client.__exit__(None, None, None)


@pytest.fixture
def two_keys():
    """The keys of two clinics as the service knows them, and the two as they are shown."""
    made = [make_key(name) for name in ("clinic-a", "clinic-b")]
    return Keys.load(None, " ".join(line for _, line in made)), *(key for key, _ in made)


@pytest.fixture
def post():
    """Send a sound."""

    def send(client, content, name="breath.wav", wait=None, key=None, **fields):
        params = {} if wait is None else {"wait": wait}
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        files = {"file": (name, content)}
        return client.post("/v1/reports", files=files, data=fields, params=params, headers=headers)

    return send
