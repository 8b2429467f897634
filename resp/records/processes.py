"""The processes of ``resp app``: started together, a dead one started anew, all ended together."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_TICK_S = 0.1
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
# Whoever ran that long did not fail as it began.
_RAN_WELL_S = 60.0
# More than a worker needs to give back what it has at hand, less than the ten seconds that a container is given.
_END_S = 8.0


@dataclass(frozen=True, slots=True)
class Part:
    """One process.

    Parameters
    ----------
    name
        For messages.
    command
        Program and its words.
    environment
        Variables besides this process's own.
    essential
        Whether everything ends where it ends soon after its start; all others are started anew for ever.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    essential: bool = False


@dataclass(slots=True)
class _Running:
    part: Part
    pause_s: float
    process: "subprocess.Popen[bytes] | None" = None
    began: float = 0.0
    again_at: float = 0.0


def keep_running(parts: Sequence[Part], stop: threading.Event, tell: Callable[[str], object]) -> int:
    """Run processes until told to stop; one that dies is started anew, after pauses that grow to half a minute.

    A process ends with this one, even where this one is killed: its standard input closes (`end_with_parent`).

    Parameters
    ----------
    parts
        What to run.
    stop
        Ends them all.
    tell
        Takes a sentence when a process died.

    Returns
    -------
    int
        0 when told to stop, else the status of the essential process that failed.
    """
    running = [_Running(part, _FIRST_PAUSE_S) for part in parts]
    try:
        while not stop.is_set():
            for one in running:
                status = _tend(one, tell)
                if status is not None:
                    return status
            stop.wait(_TICK_S)
        return 0
    finally:
        _end([one.process for one in running if one.process is not None])


def _tend(one: _Running, tell: Callable[[str], object]) -> int | None:
    """Start what does not run; return a status where everything has to end."""
    now = time.monotonic()
    if one.process is None:
        if now >= one.again_at:
            one.process, one.began = _start(one.part), now
        return None
    status = one.process.poll()
    if status is None:
        return None
    if now - one.began > _RAN_WELL_S:
        one.pause_s = _FIRST_PAUSE_S
    elif one.part.essential:
        return status or 1
    tell(f"{one.part.name} ended with status {status}; started again in {one.pause_s:g} s")
    _close(one.process)
    one.process, one.again_at = None, now + one.pause_s
    one.pause_s = min(2 * one.pause_s, _LONGEST_PAUSE_S)
    return None


def _start(part: Part) -> "subprocess.Popen[bytes]":
    # A session of its own: Ctrl-C comes to this process alone, which ends the others in good order.
    return subprocess.Popen(
        list(part.command), stdin=subprocess.PIPE, env={**os.environ, **part.environment}, start_new_session=True
    )


def _end(processes: "Sequence[subprocess.Popen[bytes]]") -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    until = time.monotonic() + _END_S
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _close(process)


def _close(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        process.stdin.close()


def end_with_parent(end: Callable[[], object]) -> None:
    """Call ``end`` when the process that started this one is gone, however it went: standard input closes then."""

    def watch() -> None:
        # Not through sys.stdin: its lock, held by this thread, would be in the way when the interpreter ends.
        while os.read(0, 1):
            pass
        end()

    threading.Thread(target=watch, name="resp-parent", daemon=True).start()


def serve_page(words: Sequence[str]) -> None:
    """Run Streamlit in this process, which ends with the one that started it."""
    import signal

    def end() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_END_S)
        os._exit(1)

    end_with_parent(end)
    from streamlit import net_util
    from streamlit.web.cli import main

    # Asked for by a name that it does not know, Streamlit would ask a machine on the internet for its own address.
    net_util.get_external_ip = lambda: None
    main(["run", *words], prog_name="streamlit")
