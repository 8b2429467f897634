"""KAUH, patient-disjoint: is an ensemble surer for good reason than one network, and what does it cost.

Usage, after ``kauh_train_folds.py`` with several objectives and the same seed (see its head)::

    python benchmarks/kauh_ensemble.py --runs "Patch-Mix CL=runs/heart" --runs "cross-entropy=runs/ce" …

Each ``--runs`` is a name and the folder that ``kauh_train_folds.py`` left; seed 0 of each is taken, as one seed deals
one set of folds: networks of another seed have learned from some of these patients. The first is the one that others
are compared with. Members are joined by the mean of their probabilities (Lakshminarayanan et al., "Simple and scalable
predictive uncertainty estimation using deep ensembles", NeurIPS 2017). Every method is calibrated by the same rule:
each patient by a temperature that was fitted on the others. Writes ``kauh_ensemble.md`` and ``.json`` beside this file.
"""

import argparse
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kauh_methods import FLOOR, FOLDS, MEASURES, Floats, load_runs, publish
from speed import timed

from resp.evaluate import Predictions, cross_fitted, icbhi_score, measure_confidence, patient_bootstrap
from resp.evaluate.confidence.apply import Applied
from resp.models.folder import SHIPPED, load_model
from resp.models.mn04_speeds import MAP
from resp.models.results import ResultTable

HERE = Path(__file__).parent
SHOWN = {"loss": "NLL", "brier": "Brier", "ece": "ECE", "aurc": "area under risk"}
REPEATS = 30


def read(folder: Path) -> Predictions:
    """Return what the folds' networks of seed 0 said of their test patients, in the order of the items' names."""
    everything = Predictions.pool(load_runs(folder, 1, "predictions_scorer.csv"))
    return everything.keep(np.argsort(everything.items))


def joined(members: list[Predictions]) -> Predictions:
    """Return the ensemble: the mean of the members' probabilities."""
    if any((member.items != members[0].items).any() for member in members):
        raise SystemExit("the runs were not judged on the same recordings; train the folds anew")
    mean = np.mean([member.probabilities for member in members], axis=0)
    return replace(members[0], logits=np.log(np.maximum(mean, FLOOR)), temperatures=None)


def measured(method: Applied, first: Applied, resamples: int) -> list[Any]:
    """Return a method's measures, and what it has more than the first; each with its interval."""
    raw = method.raw
    rows = (raw.truth, raw.prediction, 1 - raw.probabilities[:, 0])
    found: list[Any] = [
        patient_bootstrap(lambda *drawn, one=MEASURES[name]: one(drawn), raw.patients, *rows, resamples=resamples)
        for name in ("Score", "AUROC")
    ]
    after = measure_confidence(method, resamples=resamples).after
    found += [after[key] for key in SHOWN]
    if method is first:
        return [*found, None, None]
    better = patient_bootstrap(
        lambda truth, one, other: icbhi_score(truth, one).score - icbhi_score(truth, other).score,
        raw.patients,
        raw.truth,
        raw.prediction,
        first.raw.prediction,
        resamples=resamples,
    )
    less = true_log_probability(method) - true_log_probability(first)
    surer = patient_bootstrap(lambda drawn: float(drawn.mean()), raw.patients, less, resamples=resamples)
    return [*found, better, surer]


def true_log_probability(method: Applied) -> Floats:
    """Return the logarithm of the calibrated probability of each item's true class."""
    found = method.calibrated
    return np.log(np.maximum(found.probabilities[np.arange(len(found)), found.truth], FLOOR))


def share_of_trunk() -> float:
    """Return which share of the shipped network's time its frozen trunk takes, which members share; one thread."""
    torch.set_num_threads(1)
    network = load_model(SHIPPED / "lungs").network.eval()
    sound = 0.1 * torch.randn(8, 4 * network.rate_hz, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        network(sound)
        turns = [(timed(lambda: network.run(sound, stop=MAP)), timed(lambda: network(sound))) for _ in range(REPEATS)]
    trunk, whole = (min(seconds) for seconds in zip(*turns, strict=True))
    return trunk / whole


def main() -> None:
    """Measure members and their ensembles and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", action="append", required=True, metavar="NAME=FOLDER")
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=HERE / "kauh_ensemble", help="of the files, without suffix")
    given = parser.parse_args()
    named = [(name, Path(folder)) for name, _, folder in (runs.rpartition("=") for runs in given.runs)]
    members = {name: read(folder) for name, folder in named}
    several = {f"all {len(members)} joined": joined(list(members.values()))}
    methods = {name: cross_fitted(said) for name, said in {**members, **several}.items()}
    first = next(iter(methods.values()))
    names = ("method", "Score", "AUROC", *SHOWN.values(), "Score above the first", "NLL below the first")
    trunk = share_of_trunk()
    table = ResultTable(
        title="One network and ensembles of networks, calibrated alike",
        command=shlex.join(
            ["python", "benchmarks/kauh_ensemble.py"]
            + [word for name, folder in named for word in ("--runs", f"{name}=runs/{folder.name}")]
        ),
        data=f"KAUH, {len(first.raw)} recordings of {len(set(first.raw.patients))} patients, out-of-fold, "
        f"whole recordings in {FOLDS} patient-disjoint folds",
        seeds=(0,),
        columns=names,
        rows=tuple((name, *measured(method, first, given.resamples)) for name, method in methods.items()),
        notes=(
            "95 % intervals over patients; the last two columns are paired. NLL, Brier, ECE and the area under the "
            "risk-coverage curve are of calibrated probabilities: lower is better.",
            f"Cost: the frozen trunk, which members share, takes {trunk:.0%} of a window's time on one thread; "
            f"{len(members)} members take {trunk + len(members) * (1 - trunk):.2f} times the time of one network, and "
            f"{len(members)} networks with trunks of their own {len(members)} times.",
        ),
    )
    publish(given.out, "kauh_ensemble", table)


if __name__ == "__main__":
    main()
