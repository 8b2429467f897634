"""KAUH: which features of a pretrained trunk tell lung sounds apart, chosen by nested cross-validation by patient.

Usage::

    python benchmarks/kauh_search.py --root KAUH --icbhi ICBHI --weights mn04_as_mAP_432.pt

A candidate is a set of frozen features (which block of EfficientAT mn04, at which playing speeds, learned from with or
without augmented copies of the recordings) and the strength of a logistic regression. In every outer fold the candidate
with the best Score over inner folds of the *training* patients is fitted to them and judged once by the outer test
part: the row "chosen in each fold". The other rows are each candidate by itself, losers too. ICBHI's cycles are
predicted by each candidate learned from all of KAUH, and choose nothing.

Writes ``kauh_search.md`` and ``.json`` beside this file.
"""

import argparse
import itertools
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from kauh_methods import (
    FOLDS,
    RATE_HZ,
    SVM,
    Floats,
    as_table,
    external_auroc,
    filters_joined,
    fitted,
    log_mel_statistics,
    measure,
    open_icbhi,
    open_kauh,
    outer_splits,
    plain_machine,
    predictions,
    publish,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from resp.augment import WaveformAugment
from resp.datasets import DataSet
from resp.evaluate import Predictions, icbhi_score
from resp.models import create
from resp.models.mobilenet import load_mn04_weights
from resp.train import load_recipe

HERE = Path(__file__).parent
RECIPE = HERE.parent / "configs" / "kauh" / "mn04_linear.yaml"
SPEEDS = (1, 2, 4)
BLOCKS = ("block_12", "block_15", "block_16")
COPIES = 4
STRENGTHS = (1e-3, 3e-3, 1e-2)
INNER_FOLDS = 4


class Candidate(NamedTuple):
    """What is learned from, and how strongly it is held back (C of the logistic regression)."""

    speeds: tuple[int, ...]
    block: str
    augmented: bool
    strength: float

    def __str__(self) -> str:
        speeds = ", ".join(f"{speed}×" for speed in self.speeds)
        copies = ", augmented" if self.augmented else ""
        return f"block {self.block.removeprefix('block_')} at {speeds}{copies}, C = {self.strength:g}"


CANDIDATES = tuple(
    Candidate(speeds, block, augmented, strength)
    for speeds, block, augmented, strength in itertools.product(
        ((1,), (2,), (4,), (1, 2, 4)), BLOCKS, (False, True), STRENGTHS
    )
)

Features = dict[tuple[int, str], Floats]


class Heard(NamedTuple):
    """Features of every recording: as it is, and of its augmented copies [copies, recordings, size]."""

    clean: Features
    copies: Features


def hear(samples: Sequence[np.ndarray], weights: Path, copies: int) -> Heard:
    """Return the mean over time of every channel and band of each block, at each speed."""
    networks = {}
    for speed in SPEEDS:
        networks[speed] = create("mn04", classes=527, rate_hz=RATE_HZ * speed).eval()
        load_mn04_weights(networks[speed], weights)
    augment = WaveformAugment.of(load_recipe(RECIPE).augment.waveform, RATE_HZ)
    generator = torch.Generator().manual_seed(0)

    def features(wave: torch.Tensor) -> dict[tuple[int, str], np.ndarray]:
        found = {}
        for speed, network in networks.items():
            value, before = wave[None], "waveform"
            for block in BLOCKS:
                value = network.run(value, start=before, stop=block)
                before = block
                bands = [band.mean((2, 3)) for band in value.tensor_split(4, dim=2)]
                found[speed, block] = torch.cat(bands, dim=1)[0].double().numpy()
        return found

    with torch.inference_mode():
        waves = [torch.from_numpy(clip.copy()) for clip in samples]
        clean = [features(wave) for wave in waves]
        more = [[features(augment(wave[None], generator)[0]) for wave in waves] for _ in range(copies)]
    keys = list(clean[0])
    return Heard(
        {key: np.stack([row[key] for row in clean]) for key in keys},
        {key: np.stack([[row[key] for row in rows] for rows in more]) for key in keys} if copies else {},
    )


def columns(features: Features, candidate: Candidate) -> Floats:
    """Return a candidate's features, [..., size]."""
    return np.concatenate([features[speed, candidate.block] for speed in candidate.speeds], axis=-1)


def predict(heard: Heard, labels: np.ndarray, train: Sequence[int], asked: Floats, candidate: Candidate) -> Floats:
    """Fit a candidate on some recordings and return probabilities [items, classes] of features ``asked``."""
    learned, answers = columns(heard.clean, candidate)[train], labels[train]
    if candidate.augmented:
        copies = columns(heard.copies, candidate)[:, train]
        learned = np.concatenate([learned, *copies])
        answers = np.tile(answers, 1 + len(copies))
    # A copy is no new patient: together they hold back the weights as much as the recordings alone.
    strength = candidate.strength * len(train) / len(learned)
    scaler = StandardScaler().fit(learned)
    learned, asked = scaler.transform(learned), scaler.transform(asked)
    # Turned onto the axes that the recordings span: the same regression, of fewer numbers.
    axes = np.linalg.svd(learned, full_matrices=False)[2].T
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=200, tol=1e-3)
    return fitted(model, learned @ axes, answers, asked @ axes, 4)


def inner_scores(
    heard: Heard, labels: np.ndarray, patients: np.ndarray, train: Sequence[int]
) -> dict[Candidate, float]:
    """Return the Score of every candidate over inner folds of the training patients."""
    places = np.array(train)
    splitter = StratifiedGroupKFold(INNER_FOLDS, shuffle=True, random_state=0)
    folds = list(splitter.split(places, labels[places], patients[places]))
    scores = {}
    for candidate in CANDIDATES:
        said = np.zeros(len(places), dtype=int)
        for fit, judge in folds:
            asked = columns(heard.clean, candidate)[places[judge]]
            said[judge] = predict(heard, labels, places[fit], asked, candidate).argmax(1)
        scores[candidate] = icbhi_score(labels[places], said).score
    return scores


def external(candidate: Candidate, heard: Heard, labels: np.ndarray, cycles: DataSet, there: Heard) -> dict[str, Any]:
    """Return the AUROC on ICBHI's cycles of a candidate learned from all of KAUH, with its interval."""
    asked = columns(there.clean, candidate)
    return external_auroc(cycles, 1 - predict(heard, labels, range(len(labels)), asked, candidate)[:, 0])


def main() -> None:
    """Search, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--icbhi", type=Path, required=True, help="folder of ICBHI, whole or in part")
    parser.add_argument("--weights", type=Path, required=True, help="the published mn04_as checkpoint")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    # Of `both` there are two patients.
    warnings.filterwarnings("ignore", "The least populated class")

    dataset, samples = open_kauh(given.root)
    labels, patients = np.array(dataset.labels), np.array(dataset.patients)
    heard = hear(samples, given.weights, COPIES)
    cycles, sounds = open_icbhi(given.icbhi)
    there = hear(sounds, given.weights, 0)
    plain = np.stack([log_mel_statistics(clip) for clip in samples])

    chosen: Counter[Candidate] = Counter()
    nested: list[Predictions] = []
    each: dict[Candidate, list[Predictions]] = {candidate: [] for candidate in CANDIDATES}
    svm: list[Predictions] = []
    for seed, fold, train, test in outer_splits(dataset, given.root, given.seeds):
        run = f"seed{seed}-fold{fold}"
        outer = {
            candidate: predict(heard, labels, train, columns(heard.clean, candidate)[test], candidate)
            for candidate in CANDIDATES
        }
        for candidate, probabilities in outer.items():
            each[candidate].append(predictions(dataset, test, probabilities, run))
        scores = inner_scores(heard, labels, patients, train)
        best = max(scores, key=lambda candidate: scores[candidate])
        chosen[best] += 1
        nested.append(predictions(dataset, test, outer[best], run))
        svm.append(
            predictions(dataset, test, fitted(plain_machine(), plain[train], labels[train], plain[test], 4), run)
        )
        print(f"{run}: {best}, inner Score {scores[best]:.3f}", flush=True)

    methods = {
        SVM: svm,
        "chosen in each fold": nested,
        "chosen in each fold, three filters joined": filters_joined(nested),
        **{str(candidate): tables for candidate, tables in each.items()},
    }
    result = measure(methods, SVM, resamples=500)
    for candidate in CANDIDATES:
        result[str(candidate)]["AUROC on ICBHI"] = external(candidate, heard, labels, cycles, there)
    counted = "; ".join(f"{candidate} ({count})" for candidate, count in chosen.most_common())
    table = as_table(
        result,
        title="Frozen features of EfficientAT mn04, chosen by nested cross-validation",
        command="python benchmarks/kauh_search.py --root KAUH --icbhi ICBHI --weights mn04_as_mAP_432.pt",
        data=(
            f"KAUH, {len(dataset)} recordings of {len(set(dataset.patients))} patients, {FOLDS} patient-disjoint "
            f"folds; ICBHI, {len(cycles)} cycles of {len(set(cycles.patients))} patients, which choose nothing"
        ),
        seeds=given.seeds,
        notes=[
            "mean over seeds (95 % interval over patients, 500 resamples)",
            f"chosen in the {FOLDS * given.seeds} outer folds: {counted}",
        ],
        headline="chosen in each fold",
    )
    publish(HERE / "kauh_search", "search", table)


if __name__ == "__main__":
    main()
