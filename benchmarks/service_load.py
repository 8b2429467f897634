"""How long `resp serve` takes to answer, and how much it answers, at 1, 8 and 32 clients, in common batches and not.

Usage: ``python benchmarks/service_load.py [--data FOLDER] [--model NAME] [--threads 2] [--device cpu]
[--clients 1 8 32] [--requests 200] [--seconds 60] [--rounds 3] [--out FILE]``. Two services on loopback, one of which
puts the segments of several requests into one batch, get the same recordings from clients that each send the next one
as soon as the last one is answered. Rounds alternate between them; each ends after so many requests or seconds,
whichever comes first. The row before them scores the same files with `Scorer.score_paths`, without HTTP. Clients run on
the same machine: they take from the service what they need.
"""

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from tables import machine

from resp.audio import load_recording, synthesise_breathing, write_wav
from resp.models.results import markdown_table
from resp.score import Scorer, find_inputs

MODES = {"together": "--batching", "apart": "--no-batching"}
STARTS_S = 120
# One of the form's own, that no recording holds.
BOUNDARY = "resp-service-load-6b1f0c"
HEAD = ["clients", "batches", "requests", "p50 ms", "p95 ms", "p99 ms", "recordings/s", "audio s/s", "requests a batch"]


@dataclass
class Sound:
    """A recording as it is sent, and how long it is."""

    body: bytes
    duration_s: float


@dataclass
class Measured:
    """What clients saw in all rounds of one setting."""

    seconds: list[float] = field(default_factory=list)
    audio_s: float = 0.0
    wall_s: float = 0.0
    sharing: list[float] = field(default_factory=lambda: [0.0, 0.0])


def form(path: Path) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{path.stem[:8]}.wav"\r\n\r\n'
    return head.encode("ascii", "replace") + path.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()


@contextmanager
def service(mode: str, arguments: argparse.Namespace) -> Iterator[str]:
    """Start a service in a process of its own; yield its address once it is ready."""
    options = ["--port", "0", "--threads", str(arguments.threads), "--device", arguments.device, MODES[mode]]
    options += ["--rate", "1000000", "--burst", "1000000", "--queue", "256"]
    if arguments.model:
        options += ["--model", arguments.model]
    command = [sys.executable, "-c", "from resp.cli import main; main()", "serve", *options]
    with tempfile.TemporaryFile("w+") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield ready(process, log)
        finally:
            process.terminate()


def ready(process: "subprocess.Popen[bytes]", log: Any) -> str:
    end, address = time.monotonic() + STARTS_S, ""
    while time.monotonic() < end and process.poll() is None:
        log.seek(0)
        for line in log.read().splitlines():
            if line.startswith("listening on "):
                address = line.split()[2].rstrip(";")
        if address and ask(connect(address), "GET", "/readyz")[0] == 200:
            return address
        time.sleep(0.2)
    log.seek(0)
    raise SystemExit(f"the service did not start:\n{log.read()}")


def connect(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)


def ask(line: http.client.HTTPConnection, method: str, place: str, body: bytes | None = None) -> tuple[int, bytes]:
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} if body else {}
    line.request(method, place, body, kind)
    answer = line.getresponse()
    return answer.status, answer.read()


def sharing(address: str) -> np.ndarray:
    """Return how many requests were in all batches so far, and how many batches there were."""
    text = ask(connect(address), "GET", "/metrics")[1].decode()
    names = ("resp_batch_requests_sum ", "resp_batch_requests_count ")
    return np.array([float(line.split()[1]) for name in names for line in text.splitlines() if line.startswith(name)])


def load(
    address: str, clients: int, sounds: Sequence[Sound], requests: int, seconds: float, measured: Measured
) -> None:
    """Let clients ask until there were so many requests, or so many seconds have gone by."""
    numbers, lock = iter(range(requests)), threading.Lock()
    failed: list[str] = []
    before, start = sharing(address), time.perf_counter()

    def client() -> None:
        line = connect(address)
        while time.perf_counter() - start < seconds and not failed:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            sound = sounds[number % len(sounds)]
            asked = time.perf_counter()
            status, answer = ask(line, "POST", "/v1/reports?wait=60", sound.body)
            taken = time.perf_counter() - asked
            with lock:
                if status != 200:
                    failed.append(f"{status}: {answer[:300].decode(errors='replace')}")
                measured.seconds.append(taken)
                measured.audio_s += sound.duration_s

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    measured.wall_s += time.perf_counter() - start
    measured.sharing = list(np.add(measured.sharing, sharing(address) - before))
    if failed:
        raise SystemExit(f"a request was not answered with a report: {failed[0]}")


def recordings(arguments: argparse.Namespace, folder: Path) -> tuple[list[Path], str]:
    """Return the files that are sent, and what they are in words."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    data = arguments.data or Path(os.environ.get("RESP_DATA", beside))
    if (data / "kauh").is_dir():
        files = find_inputs([data / "kauh"])
        chosen = np.linspace(0, len(files) - 1, arguments.files).astype(int)
        return [files[index] for index in chosen], "recordings of KAUH"
    made = []
    for seed in range(arguments.files):
        breathing = synthesise_breathing(
            duration_s=15, rate_hz=4000, breaths_per_min=16, crackles="coarse", wheeze=False, noise_db=-50, seed=seed
        )
        made.append(write_wav(breathing.recording, folder / f"{seed}.wav"))
    return made, "synthetic recordings (KAUH was not found)"


def without_http(arguments: argparse.Namespace, files: Sequence[Path], audio_s: float) -> tuple[list[str], str]:
    """Return the row of the same files without HTTP, and which model it was."""
    scorer = Scorer.load(arguments.model, device=arguments.device, threads=arguments.threads)
    scorer.score_file(files[0])
    start = time.perf_counter()
    for report in scorer.score_paths(files):
        if report.status == "failed":
            raise SystemExit(f"a recording cannot be scored: {report.reason}")
    wall_s = time.perf_counter() - start
    rates = (f"{len(files) / wall_s:.1f}", f"{audio_s / wall_s:.0f}")
    return ["—", "no HTTP", str(len(files)), "—", "—", "—", *rates, "—"], f"`{scorer.identity.name}`"


def row(clients: int, mode: str, measured: Measured) -> list[str]:
    count = len(measured.seconds)
    times = (f"{1000 * value:.0f}" for value in np.percentile(measured.seconds, [50, 95, 99]))
    requests, batches = measured.sharing
    rate, audio = count / measured.wall_s, measured.audio_s / measured.wall_s
    return [str(clients), mode, str(count), *times, f"{rate:.1f}", f"{audio:.0f}", f"{requests / batches:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--model", default=None)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--requests", type=int, default=200, help="of a round")
    parser.add_argument("--seconds", type=float, default=60, help="longest round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("service_load.md"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files, what = recordings(arguments, Path(folder))
        sounds = [Sound(form(path), load_recording(path).duration_s) for path in files]
        audio_s = sum(sound.duration_s for sound in sounds)
        plain, model = without_http(arguments, files, audio_s)
        measured = {(clients, mode): Measured() for clients in arguments.clients for mode in MODES}
        with ExitStack() as stack:
            addresses = {mode: stack.enter_context(service(mode, arguments)) for mode in MODES}
            for mode in MODES:
                load(addresses[mode], 2, sounds, 8, arguments.seconds, Measured())
            for clients in arguments.clients:
                for _ in range(arguments.rounds):
                    for mode in MODES:
                        load(
                            addresses[mode],
                            clients,
                            sounds,
                            arguments.requests,
                            arguments.seconds,
                            measured[clients, mode],
                        )
    table = markdown_table(HEAD, [plain, *(row(clients, mode, seen) for (clients, mode), seen in measured.items())])
    lines = [
        "# How `resp serve` answers under load",
        "",
        f"Written by `python benchmarks/service_load.py --threads {arguments.threads} --clients "
        f"{' '.join(map(str, arguments.clients))} --requests {arguments.requests} --seconds {arguments.seconds:g} "
        f"--rounds {arguments.rounds}`: {len(files)} {what},",
        f"{audio_s / len(files):.1f} s on average, sent over loopback in {arguments.rounds} alternating rounds of",
        f"at most {arguments.requests} requests and {arguments.seconds:g} s each; model {model};",
        f"{machine(arguments.device)} in the service, its clients on the same machine.",
        "Each client sends the next recording as soon as the last one is answered. *Together*: segments of several",
        "requests share a batch of the network; *apart*: they do not.",
        "",
        table,
    ]
    arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
