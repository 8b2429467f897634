"""Write synthetic breath sounds of four classes and a manifest of them, to learn from before real ones are heard.

Usage::

    python benchmarks/synthetic_sounds.py --out SYNTHETIC --count 400

Rate, kind and depth of breathing, crackles and background are drawn anew for each recording. They are made by formulas
(`resp.audio.synthesise_breathing`): a start for training, never evidence about a patient. ``SYNTHETIC/manifest.csv``
is what the data set ``manifest`` reads.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from resp.audio import synthesise_breathing, write_wav

CLASSES = ("normal", "crackle", "wheeze", "both")
RATE_HZ = 4000


def main() -> None:
    """Make the sounds, as many of each class."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.out.mkdir(parents=True)
    rng = np.random.default_rng(given.seed)
    rows = []
    for number in range(given.count):
        label = CLASSES[number % len(CLASSES)]
        made = synthesise_breathing(
            duration_s=float(rng.uniform(10, 20)),
            rate_hz=RATE_HZ,
            breaths_per_min=float(rng.uniform(10, 30)),
            crackles=("fine", "coarse")[int(rng.integers(2))] if label in ("crackle", "both") else None,
            wheeze=label in ("wheeze", "both"),
            noise_db=float(rng.uniform(-70, -30)),
            seed=int(rng.integers(2**31)),
        )
        name = f"{number:04d}_{label}.wav"
        write_wav(made.recording, given.out / name)
        rows.append({"path": name, "label": label, "patient": f"synthetic-{number:04d}"})
    with (given.out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["path", "label", "patient"])
        writer.writeheader()
        writer.writerows(rows)
    print(f"{given.out}: {len(rows)} recordings")


if __name__ == "__main__":
    main()
