"""A Streamlit page and a browser for tests: started once, stopped for certain."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(command: Sequence[str], port: int, home: Path, **environment: str) -> Iterator[str]:
    """Run a command that serves a page at ``port``; gives the page's address once it answers."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "app")))
    log = (home / "log").open("w+")
    server = subprocess.Popen(
        command,
        env={**os.environ, "HOME": str(home), "PYTHONPATH": path, **environment},
        cwd=home,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(address, server, log)
        yield address
    finally:
        server.terminate()
        server.wait(20)
        log.close()


@contextmanager
def served_script(script: Path, home: Path) -> Iterator[str]:
    """Serve a Streamlit script of its own, with the page's look."""
    shutil.copytree(ROOT / "app" / ".streamlit", home / ".streamlit")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    with served([*command, "--server.headless=true"], port, home) as address:
        yield address


@contextmanager
def chromium_browser() -> Iterator[object]:
    """Start Chromium; skips where it is not installed, fails where it has to be."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        missing = "chromium was not found (Debian: apt-get install chromium)"
        if "chromium" in os.environ.get("RESP_REQUIRE", "").split(","):
            pytest.fail(missing)
        pytest.skip(missing)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def _wait_until_healthy(address, server, log, patience_s=60.0):
    end = time.monotonic() + patience_s
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    log.seek(0)
    pytest.fail(f"the page did not start: {log.read()}")
