"""What worker processes and a Ray cluster of one machine cost and bring, where decoding is cheap and where it is not.

Usage: ``python benchmarks/score_workers.py [--counts 20 200] [--threads 2] [--engine openvino] [--repeats 3]
[--out FILE]``. The recordings are made: ten seconds of noise that swells like breath, as WAV at the network's own rate
and as stereo MP3 at 44.1 kHz. Each run is a process of its own, with all that has to start before its first report; the
ways take turns.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from score_scale import RATE_HZ, measured, noise
from tables import machine

from resp.models.results import markdown_table

LENGTH_S = 10.0
MUSIC_HZ = 44_100
WAYS = {
    "one process": [],
    "`--workers 1`": ["--workers", "1"],
    "`--workers 2`": ["--workers", "2"],
    "`--ray local`": ["--ray", "local"],
}


def make(folder: Path, form: str, count: int) -> Path:
    """Write recordings of ten seconds."""
    place = folder / f"{form}-{count}"
    place.mkdir()
    for number in range(count):
        samples = noise(LENGTH_S, number).astype(np.float32) / 32768
        if form == "wav":
            soundfile.write(place / f"{number:04}.wav", samples, RATE_HZ, subtype="PCM_16")
            continue
        fine = np.interp(np.arange(int(LENGTH_S * MUSIC_HZ)) / MUSIC_HZ, np.arange(samples.size) / RATE_HZ, samples)
        soundfile.write(place / f"{number:04}.mp3", np.stack([fine, fine], axis=1), MUSIC_HZ)
    return place


def main() -> None:
    """Time every way on every set of recordings, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="*", default=[20, 200])
    parser.add_argument("--engine", default="openvino", choices=["torch", "onnx", "openvino"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("score_workers.md"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    common = ["--quiet", "--threads", str(given.threads), "--engine", given.engine]
    with tempfile.TemporaryDirectory(prefix="resp-workers-") as temporary:
        # What an engine prepares once and keeps is no way's own.
        measured([str(make(Path(temporary), "wav", 1)), "--out", str(Path(temporary) / "first.csv"), *common])
        rows = []
        for form, said in (("wav", f"WAV, {RATE_HZ} Hz"), ("mp3", f"MP3, stereo, {MUSIC_HZ} Hz")):
            for count in given.counts:
                place = make(Path(temporary), form, count)
                walls: dict[str, list[float]] = {way: [] for way in WAYS}
                for turn in range(given.repeats):
                    for way, told in WAYS.items():
                        out = Path(temporary) / f"{form}-{count}-{turn}{'-'.join(told)}.csv"
                        walls[way].append(measured([str(place), "--out", str(out), *common, *told]).wall_s)
                first = walls["one process"]
                for way, took in walls.items():
                    ratio = statistics.median(before / after for before, after in zip(first, took, strict=True))
                    middle = statistics.median(took)
                    speed = f"{count * LENGTH_S / middle:.0f}"
                    rows.append([said, str(count), way, f"{middle:.1f}", f"{ratio:.2f}", speed])
    command = f"python benchmarks/score_workers.py --counts {' '.join(map(str, given.counts))}"
    command += f" --engine {given.engine} --threads {given.threads} --repeats {given.repeats}"
    columns = ["recordings", "how many", "way", "wall s", "times as fast as one process", "times real time"]
    text = (
        "# Worker processes and a local Ray cluster\n\n"
        f"`{command}`; {machine()}.\n\n"
        f"Recordings of {LENGTH_S:.0f} s, the model that ships, engine {given.engine}. Wall seconds are medians of "
        f"{given.repeats} turns, which alternate, and hold the start of all processes; the ratio is the median of each "
        f"turn's.\n\n{markdown_table(columns, rows)}\n"
    )
    given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
