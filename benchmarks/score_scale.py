"""How `resp score` grows: cost with the number of files, share of each stage, peak memory with the length of a file.

Usage: ``python benchmarks/score_scale.py [--sizes 100 1000 10000 100000] [--hours 1 24] [--model NAME] [--engine onnx]
[--threads 2] [--workers 0] [--folder FOLDER] [--out FILE]``. The files are made: noise that swells like breath, so that
every stage has its work; short ones, so that what a file costs is seen beside what its sound costs. Each run is a
process of its own, whose wall time, processor time and peak memory the system measures. ``--folder`` is where they are
put: 100 000 files take 1.7 GB, 24 hours 0.7 GB.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from tables import machine

from resp.audio import Recording, write_wav
from resp.models.results import markdown_table
from resp.report import open_writer
from resp.score import Scorer
from resp.score.batch import Journal, list_inputs
from resp.score.batch.preparing import prepare_input

RATE_HZ = 4000
SHORT_S = 2.0
STAGE_FILES = 200


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process: wall and processor seconds, and the most memory that it held, in MB."""

    wall_s: float
    processor_s: float
    peak_mb: float


def noise(seconds: float, seed: int) -> np.ndarray:
    """Return noise [time] that swells sixteen times a minute, in int16."""
    generator = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    loud = 0.1 * (1.1 + np.sin(2 * np.pi * time_s * 16 / 60))
    return (generator.standard_normal(time_s.size) * loud * 3000).clip(-32000, 32000).astype(np.int16)


def make_files(folder: Path, count: int) -> Path:
    """Write short recordings, a thousand a folder."""
    base = noise(SHORT_S + 60, 0).astype(np.float32) / 32768
    for number in range(count):
        place = folder / f"{number // 1000:04}"
        place.mkdir(parents=True, exist_ok=True)
        start = (number * 37) % (60 * RATE_HZ)
        samples = base[start : start + int(SHORT_S * RATE_HZ)] * (1 + number % 7) / 7
        write_wav(Recording(samples, RATE_HZ), place / f"{number:06}.wav")
    return folder


def make_long(path: Path, hours: float) -> Path:
    """Write one recording of so many hours, a minute at a time."""
    minute = noise(60, 1)
    with soundfile.SoundFile(path, "w", RATE_HZ, 1, subtype="PCM_16") as file:
        for number in range(round(hours * 60)):
            file.write(np.roll(minute, 97 * number))
    return path


def measured(arguments: list[str]) -> Cost:
    """Run ``resp score`` in a process of its own."""
    command = [sys.executable, "-c", "import sys; from resp.cli import main; main(sys.argv[1:])", "score", *arguments]
    start = time.perf_counter()
    run = subprocess.Popen(command)
    _, status, used = os.wait4(run.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"resp score {' '.join(arguments)} failed")
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


@contextmanager
def stage(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Add the processor seconds of a block to a stage."""
    start = time.process_time()
    yield
    seconds[name] = seconds.get(name, 0.0) + time.process_time() - start


def shares(scorer: Scorer, folder: Path, place: Path) -> tuple[dict[str, float], int]:
    """Return the processor seconds of each stage, one after the other, over some of the files of a folder."""
    seconds: dict[str, float] = {}
    with stage(seconds, "list the folder"):
        inputs = list_inputs([folder]).all
    chosen = inputs[:STAGE_FILES]
    seconds["list the folder"] *= len(chosen) / len(inputs)
    # What is imported and set up on first use is paid once.
    scorer.judge(prepare_input(chosen[0], scorer.config, scorer.rate_hz))
    with open_writer(place / "warm.parquet", "parquet"):
        pass
    with Journal(place / "stages.journal", chosen, scorer.identity, {}) as journal:
        for number, item in enumerate(chosen):
            with stage(seconds, "read, decode, measure, cut"):
                prepared = prepare_input(item, scorer.config, scorer.rate_hz)
            with stage(seconds, "network and report"):
                report = scorer.judge(prepared)
            with stage(seconds, "journal"):
                journal.add(number, report)
        with (
            stage(seconds, "table"),
            open_writer(place / "stages.parquet", "parquet", classes=scorer.classes) as writer,
        ):
            for report, segments in journal.reports():
                writer.add(report, segments)
        journal.remove()
    return seconds, len(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 1000, 10_000, 100_000])
    parser.add_argument("--hours", type=float, nargs="*", default=[1, 24])
    parser.add_argument("--model", default=None)
    parser.add_argument("--engine", default="torch", choices=["torch", "onnx", "openvino"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("score_scale.md"))
    arguments = parser.parse_args()
    common = ["--quiet", "--threads", str(arguments.threads), "--workers", str(arguments.workers)]
    common += ["--engine", arguments.engine]
    if arguments.model:
        common += ["--model", arguments.model]
    with tempfile.TemporaryDirectory(prefix="resp-scale-", dir=arguments.folder) as temporary:
        place = Path(temporary)
        many = []
        for size in sorted(arguments.sizes):
            folder = make_files(place / "many", size)
            cost = measured([str(folder), "--out", str(place / "many.parquet"), *common])
            each = f"{1000 * cost.processor_s / size:.1f}"
            many.append((f"{size:,}", f"{cost.wall_s:.1f}", f"{size / cost.wall_s:.1f}", each, f"{cost.peak_mb:.0f}"))
        scorer = Scorer.load(arguments.model, threads=arguments.threads, engine=arguments.engine)
        seconds, count = shares(scorer, place / "many", place)
        total = sum(seconds.values())
        long = []
        for hours in arguments.hours:
            path = make_long(place / "long.wav", hours)
            cost = measured([str(path), "--out", str(place / "long.csv"), "--level", "segment", *common])
            faster = f"{hours * 3600 / cost.wall_s:.0f}"
            long.append((f"{hours:g}", f"{cost.wall_s:.1f}", faster, f"{cost.peak_mb:.0f}"))
    sizes, hours_asked = (" ".join(f"{one:g}" for one in some) for some in (arguments.sizes, arguments.hours))
    parts = [
        "# How scoring grows",
        f"Written by `python benchmarks/{Path(__file__).name} --engine {arguments.engine} --sizes {sizes} --hours "
        f"{hours_asked}` with model `{scorer.config.name}`, {arguments.workers} worker processes; {machine()}.",
        f"## Files of {SHORT_S:g} s",
        markdown_table(("files", "wall s", "files per s", "processor ms per file", "peak MB"), many),
        f"## Where the processor's time goes, {count} of these files, one stage after the other",
        markdown_table(
            ("stage", "ms per file", "share"),
            [(name, f"{1000 * one / count:.2f}", f"{one / total:.1%}") for name, one in seconds.items()],
        ),
        f"## One long recording at {RATE_HZ} Hz",
        markdown_table(("hours", "wall s", "times real time", "peak MB"), long),
    ]
    arguments.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
