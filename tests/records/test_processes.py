"""The processes of `resp app`: a dead one is started anew, all end together, none outlives its parent."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from resp.records import processes
from resp.records.processes import Part, keep_running

# Without the site packages a Python starts in no time.
QUICK = (sys.executable, "-I", "-S", "-c")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(processes, "_TICK_S", 0.01)
    monkeypatch.setattr(processes, "_FIRST_PAUSE_S", 0.02)


def note(file, then: str = "") -> tuple[str, ...]:
    """A program that writes down its process and goes on as it is told."""
    return (*QUICK, f"import os, sys, time; open({str(file)!r}, 'a').write(str(os.getpid()) + chr(10)); {then}")


def lines(file) -> list[str]:
    return file.read_text().split() if file.exists() else []


def wait(until, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.01)


def gone(number: str) -> bool:
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    # A child of a process that is no more may stay as a zombie where nobody waits for it.
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def in_thread(parts, stop, told):
    statuses = []
    thread = threading.Thread(target=lambda: statuses.append(keep_running(parts, stop, told.append)), daemon=True)
    thread.start()
    return thread, statuses


def test_a_dead_process_is_started_anew_and_all_end_together(tmp_path):
    stop, told = threading.Event(), []
    page, worker = tmp_path / "page", tmp_path / "worker"
    parts = [
        Part("the page", note(page, "time.sleep(60)"), essential=True),
        Part("the worker", note(worker, "sys.exit(3)")),
    ]
    thread, statuses = in_thread(parts, stop, told)
    wait(lambda: len(lines(worker)) >= 3)
    stop.set()
    thread.join(20)
    assert statuses == [0]
    assert told[:2] == [
        "the worker ended with status 3; started again in 0.02 s",
        "the worker ended with status 3; started again in 0.04 s",
    ]
    assert all(gone(number) for number in lines(page) + lines(worker))


def test_a_page_that_cannot_begin_ends_everything(tmp_path):
    worker = tmp_path / "worker"
    parts = [
        Part("the worker", note(worker, "time.sleep(60)")),
        Part("the page", (*QUICK, "import sys; sys.exit(4)"), essential=True),
    ]
    assert keep_running(parts, threading.Event(), lambda told: None) == 4
    assert all(gone(number) for number in lines(worker))


def test_a_page_that_ran_well_is_started_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_RAN_WELL_S", 0.0)
    stop, told, page = threading.Event(), [], tmp_path / "page"
    thread, _ = in_thread([Part("the page", note(page, "sys.exit(1)"), essential=True)], stop, told)
    wait(lambda: len(lines(page)) >= 2)
    stop.set()
    thread.join(20)


def test_one_that_does_not_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_END_S", 0.3)
    stop, file = threading.Event(), tmp_path / "deaf"
    deaf = (
        *QUICK,
        f"import os, signal, time; signal.signal(15, signal.SIG_IGN); "
        f"open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(60)",
    )
    thread, statuses = in_thread([Part("deaf", deaf)], stop, [])
    wait(lambda: lines(file))
    stop.set()
    thread.join(20)
    assert statuses == [0]
    assert gone(lines(file)[0])


def test_variables_reach_the_child(tmp_path):
    file = tmp_path / "said"
    command = (*QUICK, f"import os; open({str(file)!r}, 'w').write(os.environ['RESP_LANGUAGE'])")
    stop = threading.Event()
    thread, _ = in_thread([Part("x", command, {"RESP_LANGUAGE": "de"})], stop, [])
    wait(lambda: lines(file))
    stop.set()
    thread.join(20)
    assert lines(file)[0].startswith("de")


def test_a_child_ends_with_its_parent_however_that_went(tmp_path):
    file = tmp_path / "child"
    watches = (
        "import os, sys, time; from resp.records.processes import end_with_parent; "
        f"end_with_parent(lambda: os._exit(0)); open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    parent = (
        "import sys, threading; from resp.records.processes import Part, keep_running; "
        f"keep_running([Part('child', (sys.executable, '-c', {watches!r}))], threading.Event(), print)"
    )
    with subprocess.Popen([sys.executable, "-c", parent]) as process:
        wait(lambda: lines(file))
        process.kill()
    wait(lambda: gone(lines(file)[0]))


def test_the_page_asks_nobody_on_the_internet_for_its_address(monkeypatch):
    net_util = pytest.importorskip("streamlit.net_util")
    from streamlit.web import cli

    asked, words = [], []
    monkeypatch.setattr(net_util, "get_external_ip", lambda: asked.append("internet"))
    monkeypatch.setattr(processes, "end_with_parent", lambda end: None)
    monkeypatch.setattr(cli, "main", lambda given, **_: words.append(given))
    processes.serve_page(["page.py"])
    from streamlit import config
    from streamlit.web.server.server_util import is_url_from_allowed_origins

    assert config.get_option("server.enableCORS")
    assert not is_url_from_allowed_origins("http://elsewhere.example.org")
    assert asked == []
    assert words == [["run", "page.py"]]
