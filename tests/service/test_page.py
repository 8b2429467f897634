"""The commands on the page for developers are run as they stand there."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from resp.service.problems import Kind

PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")


def commands():
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)
    return [block for block in blocks if not block.startswith("pip install")]


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_commands_do_what_the_page_says(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shim = tmp_path / "bin" / "resp"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from resp.cli import main; main()" "$@"\n')
    shim.chmod(0o755)
    script = "set -e -o pipefail\n" + "\n".join(commands()).replace("8000", str(port))
    # Files, and a group of its own: a command that fails would leave a service behind that holds on to pipes.
    with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}"},
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            status = shell.wait(300)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    told = (tmp_path / "out").read_text()
    assert status == 0, (tmp_path / "err").read_text() + told
    assert told.count('"schema_version":"1"') == 3
    assert '"patient_key":"p-0417"' in told
    assert '"schema_version": "1"' in told
    assert "resp_reports_total" in told
    assert "urn:resp:key" in told
    assert (tmp_path / "openapi.json").stat().st_size > 1000
    assert (tmp_path / "keys").read_text().startswith("clinic-a:")


def test_every_kind_of_problem_is_on_the_page():
    kinds = set(re.findall(r"`urn:resp:([a-z-]+)`", PAGE))
    assert kinds == set(Kind.__args__)
