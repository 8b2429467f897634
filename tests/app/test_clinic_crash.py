"""The machine loses power in the middle of scoring: no upload and no correction is lost."""

import os
import subprocess
import time

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import expect

from clinic_server import COMMAND, clinic_server, kill_everything
from page_server import chromium_browser, free_port
from resp.records import CorrectedCycle, User, open_records

pytestmark = [pytest.mark.browser, pytest.mark.data]

PATIENCE_MS = 60_000
FIRST, *REST = (
    "BP101_Asthma,E W,P L M,12,F.wav",
    "BP12_Asthma,E W,P L L,50,F.wav",
    "BP103_N,N,P R U,81,F.wav",
    "BP15_Asthma,E W,P R U,49,F.wav",
)


def test_kill_9_in_the_middle_of_scoring_loses_nothing(tmp_path, data_dir):
    kauh, home, port = data_dir / "kauh", tmp_path, free_port()
    folder = home / "resp"
    environment = {
        **os.environ,
        "HOME": str(home),
        "RESP_HOME": str(home),
        "RESP_FOLDER": str(folder),
        "RESP_WORKER_LEASE_S": "3",
    }
    with chromium_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        with (home / "first.log").open("w") as log:
            server = subprocess.Popen([*COMMAND, f"--port={port}"], env=environment, stdout=log, stderr=log)
        try:
            _open(page, f"http://127.0.0.1:{port}/")
            page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files([str(kauh / FIRST)])
            page.wait_for_url("**/recording?id=1*")
            page.locator(".resp-verdict").wait_for()
            with open_records(folder=folder) as records:
                desk = records.desk(User("local", "Test", "admin"))
                cycles = [CorrectedCycle(0.0, 3.0, "crackle")]
                desk.correct(1, cycles, "mine", report_id=desk.recording(1).report.id)
            page.goto(f"http://127.0.0.1:{port}/")
            page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(
                [str(kauh / name) for name in REST]
            )
            page.get_by_text("of 3 recordings judged").wait_for()
        finally:
            kill_everything(server.pid)
            server.wait()
        with open_records(folder=folder) as records:
            desk = records.desk(User("local", "Test", "admin"))
            kept = {row.file_name: row for row in desk.recordings()}
            assert set(kept) == {FIRST, *REST}, "no upload is lost"
            for name, row in kept.items():
                assert desk.content(row.id) == (kauh / name).read_bytes()
            assert desk.recording(1).correction.comment == "mine", "no correction is lost"
        with clinic_server(home, port=port) as again:
            again.wait(*(row.id for row in kept.values()))
            assert {row.state for row in again.desk.recordings()} <= {"scored", "abstained"}
            _open(page, f"{again.url}/recording?id=1")
            expect(page.locator(".resp-verdict")).to_contain_text("Corrected by", timeout=PATIENCE_MS)


def _open(page, url):
    """Open a page of a server that is just starting."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while True:
        try:
            page.goto(url)
            return page.locator("h1").first.wait_for()
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)
