"""How often the shipped model refuses or doubts recordings under other conditions.

Usage::

    python benchmarks/kauh_gates.py --root KAUH

KAUH's recordings through the extended filter are changed as ``kauh_robustness.py`` changes them and scored by
`resp.Scorer`, as a user's are. The shipped model has learned from these patients, unchanged: the row of unchanged
recordings says nothing of others (``familiarity.md`` does); the rows below say what a change does. Writes
``kauh_gates.md`` and ``.json`` beside this file.
"""

import argparse
import shlex
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from kauh_methods import publish
from kauh_robustness import CLEAN, DEFAULT
from numpy.typing import NDArray

from resp import Report, Scorer, load_recording
from resp.datasets import DataSettings, Item, open_dataset
from resp.evaluate import patient_bootstrap
from resp.evaluate.bootstrap import Interval
from resp.evaluate.conditions import CONDITIONS, choose, is_attack
from resp.models.results import ResultTable

HERE = Path(__file__).parent
FILTER = "extended"
GATES: dict[str, Callable[[Report], bool]] = {
    "unusable": lambda report: report.quality is not None and report.quality.verdict == "unusable",
    "refused": lambda report: report.refused,
    "warned": lambda report: report.familiarity is not None and report.familiarity.verdict == "unfamiliar",
    "gets a label": lambda report: report.status == "scored",
}


def recordings(root: Path) -> list[Item]:
    """Return KAUH's recordings through one filter, one a patient."""
    items = open_dataset(DataSettings(dataset="kauh", root=root)).items
    return [item for item in items if item.attributes.get("filter") == FILTER]


def judged(model: str | None, root: Path, name: str) -> list[list[bool]]:
    """Return [recordings, gates]: which of the gates each recording meets under a condition."""
    import torch

    torch.set_num_threads(1)
    scorer = Scorer.load(model)
    condition = None if name == CLEAN else choose(name)[name]
    found = []
    for item in recordings(root):
        recording = load_recording(item.path)
        report = scorer.score(recording if condition is None else condition.change(recording, 0))
        found.append([meets(report) for meets in GATES.values()])
    return found


def main() -> None:
    """Judge all recordings under all conditions and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--model", help="name or folder; the one that ships if not given")
    parser.add_argument("--conditions", default=DEFAULT, help="names, by default those of kauh_robustness.py")
    parser.add_argument("--jobs", type=int, default=2, help="conditions at a time, each on one thread")
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=HERE / "kauh_gates", help="of the files, without suffix")
    given = parser.parse_args()
    # An attack needs the network's gradients, which no report tells.
    names = [CLEAN, *(name for name in given.conditions.split(",") if not is_attack(name))]
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        found = [np.array(part) for part in pool.map(partial(judged, given.model, given.root), names)]
    patients = np.array([item.patient for item in recordings(given.root)])

    def share(met: NDArray[np.bool_]) -> Interval:
        return patient_bootstrap(lambda drawn: float(drawn.mean()), patients, met, resamples=given.resamples)

    told = ["--root", "KAUH"] + (["--conditions", given.conditions] if given.conditions != DEFAULT else [])
    identity = Scorer.load(given.model).identity
    table = ResultTable(
        title="What the shipped model refuses and doubts under other conditions",
        command=shlex.join(["python", "benchmarks/kauh_gates.py", *told]),
        data=f"KAUH through the {FILTER} filter, {len(patients)} recordings of {len(set(patients))} patients, "
        f"by {identity.name} {identity.version}, SHA-256 {identity.sha256[:12]}…",
        seeds=(0,),
        columns=("condition", *GATES),
        rows=tuple(
            (
                "unchanged" if name == CLEAN else CONDITIONS.record(name).description,
                *(share(met) for met in part.T),
            )
            for name, part in zip(names, found, strict=True)
        ),
        notes=(
            "Shares of recordings with 95 % intervals over patients. The model has learned from these patients, "
            "unchanged: the first row says nothing of others.",
            "A recording without a label is unusable, refused as no lung sound, or one whose most probable class is "
            "not probable enough.",
        ),
    )
    publish(given.out, "kauh_gates", table)


if __name__ == "__main__":
    main()
