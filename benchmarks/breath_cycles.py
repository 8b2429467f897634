"""How well breath cycles are found, measured against ICBHI's annotated boundaries.

Usage: ``python benchmarks/breath_cycles.py [--data FOLDER] [--out FILE]`` with FOLDER holding
``icbhi/audio`` and ``icbhi/annotations``. A boundary is hit when one that was found lies within 0.2 s.
Boundaries at the recording's own ends count for nobody. Beside the finder stand cycles of fixed length (the
mean annotated cycle of the database, 2.7 s), and what chance gives: boundaries evenly spaced at the finder's
own rate, averaged over all phases.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resp.audio import load_recording
from resp.datasets.icbhi_tables import read_annotation
from resp.score.cycles import find_cycles

TOLERANCE_S = 0.2
EDGE_S = 0.3
FIXED_S = 2.7
PHASES = 20

HEAD = f"""# Breath cycles against ICBHI's annotated boundaries

Written by `python benchmarks/breath_cycles.py`. A boundary is hit within {TOLERANCE_S} s. The finder gives
no cycles where no breathing envelope stands out: the first row counts the boundaries of those files as
missed, the last leaves the files out. "Any phase" is what chance gives: boundaries evenly spaced at the rate
found, averaged over all phases. The method (rises rather than lows) and its smoothing were chosen while
looking at these recordings, so expect less elsewhere."""

Boundaries = Sequence[float]


@dataclass
class Tally:
    """Hits, annotated and found boundaries, and the errors of the breathing rate."""

    hits: float = 0
    annotated: int = 0
    right: float = 0
    found: float = 0
    files: int = 0

    def __post_init__(self) -> None:
        self.rate_errors: list[float] = []

    def row(self, name: str, total: int) -> str:
        """Return a line of the table."""
        recall, precision = self.hits / max(self.annotated, 1), self.right / max(self.found, 1)
        f1 = 2 * recall * precision / max(recall + precision, 1e-9)
        rate = (
            f"{np.median(self.rate_errors):.1f} / {np.mean(self.rate_errors):.1f}" if self.rate_errors else "as above"
        )
        return f"| {name} | {self.files}/{total} | {recall:.2f} | {precision:.2f} | {f1:.2f} | {rate} |"


def inner(boundaries: Boundaries, first_s: float, last_s: float) -> np.ndarray:
    return np.array([value for value in boundaries if first_s <= value <= last_s])


def near(these: np.ndarray, those: np.ndarray) -> int:
    """Count how many of ``these`` have one of ``those`` within the tolerance."""
    if len(these) == 0 or len(those) == 0:
        return 0
    return int((np.abs(these[:, None] - those[None]).min(axis=1) <= TOLERANCE_S).sum())


def count(
    tally: Tally, found: Boundaries, cycles: Sequence[tuple[float, float]], duration_s: float, weight: float
) -> None:
    truth = inner(sorted({value for cycle in cycles for value in cycle}), EDGE_S, duration_s - EDGE_S)
    # Beyond the annotated stretch nobody said where breaths begin.
    first_s = max(EDGE_S, cycles[0][0] - TOLERANCE_S)
    last_s = min(duration_s - EDGE_S, cycles[-1][1] + TOLERANCE_S)
    guess = inner(found, first_s, last_s)
    tally.hits += weight * near(truth, guess)
    tally.right += weight * near(guess, truth)
    tally.found += weight * len(guess)


def fixed(duration_s: float, length_s: float, phase_s: float = 0.0) -> list[float]:
    return list(np.arange(phase_s or length_s, duration_s, length_s))


def table(audio: Path, annotations: Path) -> str:
    names = ("found by resp", "fixed 2.7 s", "resp's rate, any phase", "found by resp, files it accepts")
    tallies = {name: Tally() for name in names}
    files = sorted(path for path in audio.iterdir() if path.suffix.lower() == ".wav")
    for path in files:
        recording = load_recording(path)
        cycles = [(cycle.start_s, cycle.end_s) for cycle in read_annotation(annotations / f"{path.stem}.txt")]
        duration_s = recording.duration_s
        rate = 60 / float(np.median([end_s - start_s for start_s, end_s in cycles]))
        truth = len(inner(sorted({value for cycle in cycles for value in cycle}), EDGE_S, duration_s - EDGE_S))
        for name in names[:3]:
            tallies[name].annotated += truth
        count(tallies["fixed 2.7 s"], fixed(duration_s, FIXED_S), cycles, duration_s, 1)
        tallies["fixed 2.7 s"].files += 1
        tallies["fixed 2.7 s"].rate_errors.append(abs(60 / FIXED_S - rate))
        found = find_cycles(recording.mono(), recording.rate_hz)
        if found is None:
            continue
        tallies[names[3]].annotated += truth
        boundaries = [start_s for start_s, _ in found.cycles[1:]]
        for name in (names[0], names[3]):
            count(tallies[name], boundaries, cycles, duration_s, 1)
            tallies[name].files += 1
            tallies[name].rate_errors.append(abs(found.breaths_per_min - rate))
        length_s = 60 / found.breaths_per_min
        tallies[names[2]].files += 1
        for phase in range(PHASES):
            even = fixed(duration_s, length_s, (phase + 0.5) / PHASES * length_s)
            count(tallies[names[2]], even, cycles, duration_s, 1 / PHASES)
    head = "| boundaries | files | recall | precision | F1 | breaths/min error, median / mean |"
    lines = [tally.row(name, len(files)) for name, tally in tallies.items()]
    return "\n".join([head, "|---|---|---|---|---|---|", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RESP_DATA", beside)))
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("breath_cycles.md"))
    arguments = parser.parse_args()
    text = table(arguments.data / "icbhi" / "audio", arguments.data / "icbhi" / "annotations")
    arguments.out.write_text(f"{HEAD}\n\n{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
