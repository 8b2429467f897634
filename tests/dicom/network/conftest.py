"""A service of ours on a free port, stopped at the end of the test."""

from contextlib import ExitStack
from pathlib import Path

import pytest

import peers

pytest.importorskip("pynetdicom")

from resp.dicom.network import Service, load_settings


@pytest.fixture
def serve(tmp_path):
    """Start a service with these settings (no answer leaves it by default); several may run at once."""
    with ExitStack() as running:

        def start(process=peers.stub_answer, deliver=None, **settings) -> Service:
            given = {"spool": tmp_path / "spool", "port": 0, "stop_s": 5, "min_free_bytes": 0, "idle_s": 10, **settings}
            service = Service(load_settings(None, given), process, deliver)
            service.start()
            running.callback(service.stop)
            return service

        yield start


@pytest.fixture
def sound(tmp_path) -> Path:
    return peers.small_sound(tmp_path / "sounds")
