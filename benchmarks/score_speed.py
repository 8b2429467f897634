"""How fast recordings are scored, stage by stage: seconds of audio per second of wall time.

Usage: ``python benchmarks/score_speed.py [--data FOLDER] [--model NAME] [--threads 2] [--files 40] [--out
FILE]``. The stages run one after the other; the last row is `Scorer.score_paths`, which overlaps them. One
warm-up recording comes first. Ratios on one machine compare; between machines they do not. On a
machine that others use too, read the processor seconds.
"""

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tables import machine

from resp.audio import load_recording, measure_quality
from resp.datasets.sound import prepare_waveform
from resp.models.predict import predict_logits
from resp.score import Scorer, find_cycles, find_inputs
from resp.score.prepare import prepare
from resp.score.scorer import CPU_BATCH, GPU_BATCH


class Clock:
    """Wall and processor seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, tuple[float, float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        start, start_cpu = time.perf_counter(), time.process_time()
        yield
        wall, cpu = self.seconds.get(name, (0.0, 0.0))
        self.seconds[name] = (
            wall + time.perf_counter() - start,
            cpu + time.process_time() - start_cpu,
        )


def score_in_stages(scorer: Scorer, path: Path, clock: Clock) -> tuple[float, int]:
    config, rate_hz = scorer.model.config, scorer.model.network.rate_hz
    with clock.stage("decode"):
        recording = load_recording(path)
    with clock.stage("measure quality"):
        measure_quality(recording)
    with clock.stage("resample, level, fade"):
        waveform = prepare_waveform(recording, rate_hz, config.clip.fade_samples, config.clip.level)
    with clock.stage("find breath cycles"):
        find_cycles(waveform, rate_hz)
    prepared = prepare(recording, config, rate_hz, file=str(path))
    size = CPU_BATCH if scorer.device == "cpu" else GPU_BATCH
    batches = list(prepared.batches(size))
    with clock.stage("network"):
        for batch in batches:
            predict_logits(scorer.model.network, batch, batch_size=size, device=scorer.device)
    return recording.duration_s, len(prepared.spans)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RESP_DATA", beside)))
    parser.add_argument("--model", default=None)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("score_speed.md"))
    arguments = parser.parse_args()
    scorer = Scorer.load(arguments.model, threads=arguments.threads)
    files = find_inputs([arguments.data / "icbhi" / "audio", arguments.data / "kauh"])
    chosen = [files[index] for index in np.linspace(0, len(files) - 1, arguments.files).astype(int)]
    scorer.score_file(chosen[0])
    clock = Clock()
    measured = [score_in_stages(scorer, path, clock) for path in chosen]
    audio_s, segments = sum(item[0] for item in measured), sum(item[1] for item in measured)
    in_all, in_all_cpu = (sum(times) for times in zip(*clock.seconds.values(), strict=True))
    clock.seconds["all, one after the other"] = (in_all, in_all_cpu)
    with clock.stage("all, overlapped (score_paths)"):
        list(scorer.score_paths(chosen))
    parameters = sum(value.numel() for value in scorer.model.network.parameters())
    lines = [
        "# How fast recordings are scored",
        "",
        f"Written by `python benchmarks/score_speed.py`: {len(chosen)} recordings, {audio_s:.0f} s of audio",
        f"in {segments} segments; model `{scorer.model.config.name}` ({parameters:,} parameters);",
        f"{machine()}.",
        "",
        "| stage | wall s | processor s | share | audio s per wall s | audio s per processor s |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {wall:.2f} | {cpu:.2f} | {cpu / in_all_cpu:.1%} | {audio_s / wall:.1f} | {audio_s / cpu:.1f} |"
            for name, (wall, cpu) in clock.seconds.items()
        ),
    ]
    arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
