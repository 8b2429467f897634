"""A whole clinic for tests: ``resp app`` with its worker on a folder of its own, and the same records at hand."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from page_server import free_port, served
from resp.records import Desk, Records, User, open_records
from resp.report.chest_map import guess_site

PATIENCE_S = 90.0
COMMAND = (sys.executable, "-c", "from resp.cli import main; main()", "app", "--no-browser")


@dataclass
class ClinicServer:
    """Where it answers, and its records, which a test may fill by itself."""

    url: str
    folder: Path
    records: Records
    desk: Desk

    def add(self, *files: Path, patient: str | None = None, wait: bool = True, **given: object) -> list[int]:
        """Keep files, of a patient, and wait until each has its result; returns the recordings' numbers."""
        whose = None if patient is None else (self.desk.find_patient(patient) or self.desk.add_patient(patient)).id
        rows = [
            self.desk.add_recording(file.read_bytes(), file.name, patient_id=whose, site=guess_site(file.name), **given)
            for file in files
        ]
        if wait:
            self.wait(*(row.id for row in rows))
        return [row.id for row in rows]

    def wait(self, *numbers: int) -> None:
        """Wait until recordings have their result."""
        end = time.monotonic() + PATIENCE_S
        while any(row.state in ("waiting", "working") for row in self.desk.states(numbers)):
            assert time.monotonic() < end, "the worker gave no result"
            time.sleep(0.1)


@contextmanager
def clinic_server(home: Path, *options: str, port: int | None = None) -> Iterator[ClinicServer]:
    """Serve a clinic's page in a new folder below ``home``."""
    folder, port = home / "resp", port or free_port()
    environment = {"RESP_HOME": str(home), "RESP_FOLDER": str(folder), "RESP_WORKER_LEASE_S": "3"}
    with served([*COMMAND, f"--port={port}", *options], port, home, **environment) as url:
        records = open_records(folder=folder)
        try:
            yield ClinicServer(url, folder, records, records.desk(User("local", "Test", "admin")))
        finally:
            records.close()


def kill_everything(root: int) -> None:
    """Kill a process and all that it has started, at once and without a word (SIGKILL)."""
    told = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in told.splitlines()[1:]]
    family = [root]
    for parent in family:
        family += [pid for pid, ppid in pairs if ppid == parent]
    for pid in family:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
