"""How fast augmentations are beside those of audiomentations and torch-audiomentations: clips per second.

Usage: ``python benchmarks/augment_speed.py [--repeats 7] [--threads 1] [--batch 64] [--out FILE]``. Clips are noise
of 5 s at 22.05 kHz; spectrograms have 500 frames of 128 bins. Every sample of a batch is changed. In each repeat the
libraries take turns at each augmentation; the table holds medians, after one turn of warming up. Ratios on one machine
compare; between machines they do not. audiomentations takes one clip after another, which is how it is used;
torch-audiomentations, no dependency of this project, is measured where it can be imported.
"""

import argparse
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from tables import clips_per_second, machine

from resp.augment import REGISTRY, create

RATE_HZ = 22050
SECONDS = 5
FRAMES, BINS = 500, 128
OWN, CLIPWISE, BATCHED = "resp", "audiomentations", "torch-audiomentations"

# What comes nearest there, with the same spans as ours; none where a library has no such thing.
NEAREST: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "gain": {
        CLIPWISE: ("Gain", {"min_gain_db": -12, "max_gain_db": 12}),
        BATCHED: ("Gain", {"min_gain_in_db": -12, "max_gain_in_db": 12}),
    },
    "noise": {
        CLIPWISE: (
            "AddColorNoise",
            {"min_snr_db": 10, "max_snr_db": 40, "min_f_decay": -6, "max_f_decay": 0, "n_fft": 4096},
        ),
        BATCHED: (
            "AddColoredNoise",
            {"min_snr_in_db": 10, "max_snr_in_db": 40, "min_f_decay": 0, "max_f_decay": 2},
        ),
    },
    "shift": {
        CLIPWISE: ("Shift", {"rollover": True, "fade_duration": 0}),
        BATCHED: ("Shift", {"rollover": True}),
    },
    "low_pass": {
        CLIPWISE: ("LowPassFilter", {"min_cutoff_freq": RATE_HZ / 4, "max_cutoff_freq": RATE_HZ * 3 / 8}),
        BATCHED: ("LowPassFilter", {"min_cutoff_freq": RATE_HZ / 4, "max_cutoff_freq": RATE_HZ * 3 / 8}),
    },
    "high_pass": {
        CLIPWISE: ("HighPassFilter", {"min_cutoff_freq": 20, "max_cutoff_freq": RATE_HZ / 8}),
        BATCHED: ("HighPassFilter", {"min_cutoff_freq": 20, "max_cutoff_freq": RATE_HZ / 8}),
    },
    "band": {CLIPWISE: ("BandPassFilter", {}), BATCHED: ("BandPassFilter", {})},
    "polarity": {CLIPWISE: ("PolarityInversion", {}), BATCHED: ("PolarityInversion", {})},
    "time_mask": {CLIPWISE: ("TimeMask", {"fade_duration": 0})},
    "quantise": {CLIPWISE: ("BitCrush", {"min_bit_depth": 4, "max_bit_depth": 8})},
    "reverse": {CLIPWISE: ("Reverse", {}), BATCHED: ("TimeInversion", {})},
    "time_stretch": {CLIPWISE: ("TimeStretch", {})},
    "pitch_shift": {CLIPWISE: ("PitchShift", {}), BATCHED: ("PitchShift", {})},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("augment_speed.md"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    modules = {CLIPWISE: import_module("audiomentations")}
    try:
        modules[BATCHED] = import_module("torch_audiomentations")
    except Exception as problem:  # whatever keeps it from being imported, the rest is measured
        print(f"without {BATCHED}: {problem}")
    rows = []
    for record in REGISTRY:
        turns = {OWN: own(record.name, record.to_dict()["acts_on"], arguments.batch)}
        for library, (theirs, settings) in NEAREST.get(record.name, {}).items():
            if library in modules:
                turns[library] = (clipwise if library == CLIPWISE else batched)(
                    getattr(modules[library], theirs), settings, arguments.batch
                )
        rows.append((record.name, clips_per_second(turns, arguments.repeats, arguments.batch)))
        print(*(f"{library} {rate:.0f}" for library, rate in rows[-1][1].items()), sep="  ", end=f"  {record.name}\n")
    text = table(rows, arguments, list(modules))
    arguments.out.write_text(text, encoding="utf-8")
    print(text)


def own(name: str, acts_on: str, batch: int) -> Callable[[], Any]:
    shape = (batch, RATE_HZ * SECONDS) if acts_on == "waveform" else (batch, FRAMES, BINS)
    value = 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(0))
    transform = create(name, rate_hz=RATE_HZ, probability=1.0)
    generator = torch.Generator().manual_seed(1)
    return lambda: transform(value, generator)


def clipwise(maker: Callable[..., Any], settings: dict[str, Any], batch: int) -> Callable[[], Any]:
    clips = list((0.1 * torch.randn(batch, RATE_HZ * SECONDS, generator=torch.Generator().manual_seed(0))).numpy())
    transform = maker(**settings, p=1.0)
    return lambda: [transform(clip, sample_rate=RATE_HZ) for clip in clips]


def batched(maker: Callable[..., Any], settings: dict[str, Any], batch: int) -> Callable[[], Any]:
    value = 0.1 * torch.randn(batch, 1, RATE_HZ * SECONDS, generator=torch.Generator().manual_seed(0))
    transform = maker(**settings, p=1.0, sample_rate=RATE_HZ, output_type="dict")
    return lambda: transform(value, sample_rate=RATE_HZ)


def table(rows: list[tuple[str, dict[str, float]]], arguments: argparse.Namespace, libraries: list[str]) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
    lines = [
        "# How fast augmentations are",
        "",
        f"Written by `python benchmarks/augment_speed.py --repeats {arguments.repeats} --threads {arguments.threads}"
        f" --batch {arguments.batch}`:",
        f"batches of {arguments.batch} clips of {SECONDS} s at {RATE_HZ} Hz (spectrograms: {FRAMES} frames of {BINS}"
        " bins), medians of alternating turns,",
        f"{machine()}, {versions}.",
        "",
        "A ratio above 1 means that resp is faster. low_pass, high_pass, time_mask, time_stretch and pitch_shift are",
        "those of audiomentations, seeded clip by clip: their ratio is what the seeding and the batch cost. What comes",
        "nearest in the other libraries is not always the same: BitCrush has a fixed full scale, BandPassFilter is",
        "causal, Reverse gives a view, and the filters of torch-audiomentations are windowed sincs.",
        "",
        "| augmentation | resp, clips/s |" + "".join(f" {library}, clips/s | ratio |" for library in libraries),
        "|---|---|" + "---|---|" * len(libraries),
    ]
    for name, rates in rows:
        cells = [f"{rates[OWN]:.0f}"]
        for library in libraries:
            there = rates.get(library)
            cells += ["", ""] if there is None else [f"{there:.0f}", f"{rates[OWN] / there:.2f}"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
