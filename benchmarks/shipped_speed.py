"""How fast the model that ships is, from files to reports: stage by stage, by every engine, beside OpenSoundscape.

Usage: ``python benchmarks/shipped_speed.py [--data FOLDER] [--threads 2] [--files 100] [--repeats 5] [--price 0.10]
[--out FILE]``.

The network's arithmetic stands beside the most that this machine multiplies. OpenSoundscape scores the same files where
it is installed. Ratios compare; seconds are this machine's.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import opensoundscape_peer
import torch
from speed import peak_rate, spread, timed
from tables import machine
from torch.utils.flop_counter import FlopCounterMode

from resp.audio import load_recording, measure_quality
from resp.datasets.sound import prepare_waveform
from resp.models.folder import load_model
from resp.models.results import markdown_table
from resp.score import Scorer, find_cycles, find_inputs
from resp.score.engines.at_once import segments_at_once
from resp.score.engines.packages import missing_library
from resp.score.engines.split import FrontEnd
from resp.score.prepare import prepare


class Clock:
    """Wall seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


def table(given: argparse.Namespace) -> list[str]:
    """Return the table, and what is said of it."""
    chosen = spread(find_inputs([given.data]), given.files)
    peak = peak_rate("fp32", given.threads)
    loaded = load_model()
    window = torch.zeros(1, loaded.config.clip.window_samples(loaded.network.rate_hz))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        loaded.network(window)
    a_window = counter.get_total_flops()
    lines: list[str] = []
    # Name → how it scores every file, and what its stages took.
    turns: dict[str, Callable[[], Any]] = {}
    stages: dict[str, dict[str, float]] = {}
    for engine in ("torch", "onnx", "openvino"):
        if problem := missing_library(engine, exporting="fp32"):
            lines.append(f"Not in the table: {problem}.")
            continue
        scorer = Scorer.load(threads=given.threads, engine=engine)
        clock = Clock()
        scorer.score_file(chosen[0])
        measured = [_in_stages(scorer, FrontEnd(loaded.network), path, clock) for path in chosen]
        audio_s, windows = sum(part[0] for part in measured), sum(part[1] for part in measured)
        # The engine runs both; the front end was timed by itself before.
        clock.seconds["network"] -= clock.seconds["front end"]
        turns[engine], stages[engine] = lambda scorer=scorer: list(scorer.score_paths(chosen)), clock.seconds
    if opensoundscape_peer.is_installed():
        peer, score = opensoundscape_peer.peer(loaded, segments_at_once(loaded, "cpu"))
        turns[peer] = lambda: score(chosen)
        heard = f"{score(chosen)} windows of the same length and step"
        lines.append(f"{peer}: {heard}; no quality, no breath cycles, no familiarity.")
    else:
        lines.append("Not in the table: OpenSoundscape, which is not installed; run: pip install opensoundscape.")
    taken = _alternating(turns, given.repeats)
    names, first = list(stages["torch"]), next(iter(turns))
    rows = []
    for name, seconds in taken.items():
        walls, wall = stages.get(name), statistics.median(seconds)
        shares = [f"{100 * walls[stage] / sum(walls.values()):.0f} %" if walls else "–" for stage in names]
        ratio = statistics.median(one / other for one, other in zip(taken[first], seconds, strict=True))
        used = f"{100 * windows * a_window / walls['network'] / peak:.0f} %" if walls else "–"
        rows.append(
            [name, *shares, f"{audio_s / wall:.0f}", f"{ratio:.2f}", used, f"{given.price * wall / audio_s:.6f}"]
        )
    return [
        f"{len(chosen)} files, {audio_s:.0f} s of audio, {windows} cycles and windows.",
        f"{a_window / 1e6:.0f} MFLOP a window; a large float32 matrix product does {peak / 1e9:.0f} GFLOP a second. "
        "Shares are of the stages one after the other; times real time is of `Scorer.score_paths`, which overlaps "
        f"them, median of {given.repeats} turns, which alternate; the ratio to the first row is the median of each "
        "turn's.",
        "",
        markdown_table(
            [
                "engine",
                *names,
                "times real time",
                f"times as fast as {first}",
                "network's FLOP over peak",
                "an hour of audio costs",
            ],
            rows,
        ),
        "",
        *lines,
    ]


def _alternating(turns: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Return the seconds of every turn, so that a slow moment of the machine falls on all."""
    for turn in turns.values():
        turn()
    taken: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(repeats):
        for name, turn in turns.items():
            taken[name].append(timed(turn))
    return taken


def _in_stages(scorer: Scorer, front: FrontEnd, path: Path, clock: Clock) -> tuple[float, int]:
    config, rate_hz = scorer.config, scorer.rate_hz
    with clock.stage("decode"):
        recording = load_recording(path)
    with clock.stage("measure quality"):
        measure_quality(recording)
    with clock.stage("resample, level"):
        waveform = prepare_waveform(recording, rate_hz, config.clip.fade_samples, config.clip.level)
    with clock.stage("find breath cycles"):
        find_cycles(waveform, rate_hz)
    prepared = prepare(recording, config, rate_hz, file=str(path))
    # As `resp.score.hear` does it: cycles and the windows by which the sound is recognised, in common batches.
    windows = prepared.in_windows().spans
    prepared = prepared.with_spans((*prepared.spans, *(windows if windows != prepared.spans else ())))
    batches = list(prepared.batches(scorer.at_once))
    with clock.stage("front end"), torch.inference_mode():
        for batch in batches:
            front(torch.from_numpy(batch))
    with clock.stage("network"):
        for batch in batches:
            scorer.engine.run(batch)
    return recording.duration_s, len(prepared.spans)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RESP_DATA", beside)) / "kauh")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--price", type=float, default=0.10, help="Of an hour of this machine, in any currency.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    command = (
        f"python benchmarks/shipped_speed.py --threads {given.threads} --files {given.files} "
        f"--repeats {given.repeats} --price {given.price:g}"
    )
    lines = ["# The model that ships, from files to reports", "", f"`{command}`; {machine()}.", "", *table(given)]
    text = "\n".join(lines).rstrip() + "\n"
    given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
