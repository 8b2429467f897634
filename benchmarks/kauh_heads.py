"""KAUH: what learns on the frozen trunk, and how, chosen by nested cross-validation by patient; losers too.

Usage::

    python benchmarks/kauh_heads.py --root KAUH --icbhi ICBHI --esc10 ESC10 --synthetic SYNTHETIC \
        --weights mn04_as_mAP_432.pt --cache runs/heads

A candidate is a recipe of ``configs/kauh`` with one or two lines changed: the objective, the mix, the size of the
transformer, class balance, or what was learned before (ESC-10's ten classes, or synthetic breath
sounds of ``synthetic_sounds.py``). The trunk stays as AudioSet left it in all of them, so its maps are computed once:
of each recording the windows by which it is judged, and random augmented windows to learn from.

In every outer fold the candidate with the best Score over inner folds of the *training* patients is judged by the
outer test part ("chosen in each fold"). The last rows are what could be made of the shipped recipe's own networks: the
moving average of weights, and ensembles of other first weights or of the inner folds. ICBHI's cycles are predicted by
each candidate learned from all of KAUH, and choose nothing.

Outer folds are kept as files in ``--cache``, so that a second call goes on. Writes ``kauh_heads.md`` and ``.json``
beside this file.
"""

import argparse
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from kauh_methods import (
    FOLDS,
    SVM,
    Floats,
    as_table,
    clips,
    external_auroc,
    filters_joined,
    fitted,
    log_mel_statistics,
    measure,
    open_kauh,
    outer_splits,
    plain_machine,
    predictions,
    publish,
)
from sklearn.model_selection import StratifiedGroupKFold
from trunk_maps import Maps, hear, learner

from resp.datasets import DataSet, DataSettings, open_dataset
from resp.evaluate import Predictions, icbhi_score
from resp.models.network import OUTPUT, Network
from resp.models.predict import predict_logits
from resp.train import load_recipe
from resp.train.augmentation import Augmentation, AugmentSettings
from resp.train.averaging import create_averaging
from resp.train.objectives import create_objective
from resp.train.recipe import Recipe
from resp.train.schedule import rate_factor
from resp.train.sections import AveragingSettings
from resp.train.starting import create_optimiser

HERE = Path(__file__).parent
RECIPES = HERE.parent / "configs" / "kauh"
AST, LINEAR = "ast_conv_patchmix_cl.yaml", "mn04_linear.yaml"
SHIPPED = "AST, Patch-Mix CL, settings that ship"
VIEWS = 32
INNER_FOLDS = 2
MEMBERS = 3


class Candidate(NamedTuple):
    """A recipe, the lines that are changed, and the sounds that are learned first."""

    recipe: str = AST
    changed: tuple[str, ...] = ()
    first: str = ""


MIXUP = "objective={name: mixed, loss: cross_entropy, mix: {name: mixup, settings: {alpha: 0.4}, site: map}}"
CANDIDATES = {
    "linear classifier": Candidate(LINEAR),
    "AST, cross-entropy": Candidate(changed=("objective={name: cross_entropy}",)),
    "AST, Patch-Mix CE": Candidate(changed=("objective={name: patch_mix_ce, mix: {name: patch, site: patches}}",)),
    SHIPPED: Candidate(),
    "AST, mixup of the trunk's map": Candidate(changed=(MIXUP,)),
    "AST, Patch-Mix CL, classes balanced": Candidate(changed=("training.balanced=true",)),
    "AST, Patch-Mix CL, depth 1, width 64": Candidate(
        changed=("network.settings.depth=1", "network.settings.width=64", "network.settings.heads=1")
    ),
    "AST, Patch-Mix CL, ESC-10 first": Candidate(first="esc10"),
    "AST, Patch-Mix CL, synthetic breath sounds first": Candidate(first="synthetic"),
}
AVERAGED = "shipped recipe, moving average of its weights"
OF_SEEDS = f"shipped recipe, {MEMBERS} networks of other first weights joined"
OF_FOLDS = f"shipped recipe, {INNER_FOLDS} networks of inner folds joined"
# Weights of some sixty steps, of the recipe's two hundred.
AVERAGING = AveragingSettings(name="ema", decay=0.98)


class Learned(NamedTuple):
    """A network as the last step left it, and the moving average of its weights."""

    last: Network
    averaged: Network


class Sounds(NamedTuple):
    """Maps of a data set and its labels."""

    maps: Maps
    labels: np.ndarray
    classes: tuple[str, ...]


def changed_recipe(candidate: Candidate) -> Recipe:
    """Return a candidate's recipe."""
    return load_recipe(RECIPES / candidate.recipe, candidate.changed)


def learn(
    recipe: Recipe, sounds: Sounds, items: Sequence[int], seed: int, before: dict[str, torch.Tensor] | None
) -> Learned:
    """Train what lies behind the map on some recordings, as ``resp train`` would.

    Parameters
    ----------
    recipe
        Objective, optimiser, schedule, epochs and batches.
    sounds, items
        Maps, and which recordings of them to learn from.
    seed
        Of first weights, order, views, mix and dropout.
    before
        Weights to start from, of an earlier `learn`; all but the classifier's are taken.
    """
    torch.manual_seed(seed)
    generator, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    network = learner(recipe, sounds.classes)
    if before is not None:
        network.load_state_dict({**network.state_dict(), **before})
    objective = create_objective(recipe.objective, network, Augmentation(AugmentSettings(), network))
    optimiser, averaging = create_optimiser(objective, recipe.optimiser), create_averaging(AVERAGING, objective)
    training, places = recipe.training, np.array(items)
    steps = len(places) * training.repeats // training.batch_size
    objective.train()
    for epoch in range(1, training.epochs + 1):
        order = _order(places, sounds.labels, training.repeats, training.balanced, rng)
        for step in range(steps):
            factor = rate_factor(recipe.schedule, epoch=epoch, step=step, epochs=training.epochs, steps=steps)
            for group in optimiser.param_groups:
                group["lr"] = group["base_lr"] * factor
            chosen = order[step * training.batch_size :][: training.batch_size]
            views = rng.integers(len(sounds.maps.views), size=len(chosen))
            batch = sounds.maps.views[views, chosen].float()
            outcome = objective(batch, torch.from_numpy(sounds.labels[chosen]), generator)
            outcome.loss.backward()
            optimiser.step()
            optimiser.zero_grad()
            averaging.after_step()
    return Learned(network.eval(), averaging.network.eval())


def _order(
    places: np.ndarray, labels: np.ndarray, repeats: int, balanced: bool, rng: np.random.Generator
) -> np.ndarray:
    """Return the recordings of an epoch: each ``repeats`` times, or each class equally often."""
    if not balanced:
        return np.concatenate([rng.permutation(places) for _ in range(repeats)])
    rarity = 1 / np.bincount(labels[places])[labels[places]]
    return rng.choice(places, len(places) * repeats, p=rarity / rarity.sum())


def probabilities(network: Network, maps: Maps, items: Sequence[int]) -> Floats:
    """Return what a network says of recordings, [items, classes]: the mean logit of a recording's windows."""
    found = []
    for item in items:
        logits = predict_logits(network, maps.windows[maps.recording == item].float()).mean(axis=0)
        found.append(torch.softmax(torch.from_numpy(logits).double(), 0).numpy())
    return np.array(found)


def joined(members: Sequence[Floats]) -> Floats:
    """Return the ensemble's probabilities: the mean of log-probabilities, normalised."""
    mean = np.mean([np.log(np.maximum(member, 1e-12)) for member in members], axis=0)
    return np.exp(mean) / np.exp(mean).sum(axis=1, keepdims=True)


def first_weights(sounds: dict[str, Sounds]) -> dict[str, dict[str, torch.Tensor]]:
    """Learn each of the other data sets once, by cross-entropy, and return the weights without the classifier."""
    recipe = load_recipe(RECIPES / AST, ["objective={name: cross_entropy}"])
    found = {}
    for name, other in sounds.items():
        network = learn(recipe, other, range(len(other.labels)), 0, None).last
        kept = {key: value for key, value in network.state_dict().items() if not key.startswith(f"stages.{OUTPUT}.")}
        found[name] = kept
    return found


def outer_fold(
    kauh: Sounds,
    patients: np.ndarray,
    train: list[int],
    test: list[int],
    seed: int,
    before: dict[str, dict[str, torch.Tensor]],
) -> dict[str, np.ndarray]:
    """Return probabilities of the test part by every candidate and ensemble, and the inner Scores."""
    places = np.array(train)
    splitter = StratifiedGroupKFold(INNER_FOLDS, shuffle=True, random_state=0)
    inner = list(splitter.split(places, kauh.labels[places], patients[places]))
    found: dict[str, np.ndarray] = {}
    for name, candidate in CANDIDATES.items():
        recipe, start = changed_recipe(candidate), before.get(candidate.first)
        learned = learn(recipe, kauh, train, seed, start)
        found[name] = probabilities(learned.last, kauh.maps, test)
        said, of_folds = np.zeros(len(places), dtype=int), []
        for fit, judge in inner:
            network = learn(recipe, kauh, places[fit], seed, start).last
            said[judge] = probabilities(network, kauh.maps, places[judge]).argmax(1)
            if name == SHIPPED:
                of_folds.append(probabilities(network, kauh.maps, test))
        found[f"inner {name}"] = np.array(icbhi_score(kauh.labels[places], said).score)
        if name == SHIPPED:
            found[AVERAGED] = probabilities(learned.averaged, kauh.maps, test)
            more = [learn(recipe, kauh, train, seed + 1000 * member, start).last for member in range(1, MEMBERS)]
            found[OF_SEEDS] = joined([found[name], *(probabilities(network, kauh.maps, test) for network in more)])
            found[OF_FOLDS] = joined(of_folds)
    return found


def open_sounds(recipe: Recipe, weights: Path, dataset: DataSet, views: int) -> Sounds:
    """Return the maps of a data set's recordings."""
    maps = hear(recipe, weights, clips(dataset), views)
    return Sounds(maps, np.array(dataset.labels), dataset.classes)


def main() -> None:
    """Search, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, text in (
        ("root", "folder of KAUH's recordings"),
        ("icbhi", "folder of ICBHI, whole or in part"),
        ("esc10", "folder of ESC-10"),
        ("synthetic", "folder that synthetic_sounds.py wrote"),
        ("weights", "the published mn04_as checkpoint"),
        ("cache", "folder for the outer folds that are done"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=True, help=text)
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    # Of `both` there are two patients.
    warnings.filterwarnings("ignore", "The least populated class")
    given.cache.mkdir(parents=True, exist_ok=True)

    recipe = load_recipe(RECIPES / AST)
    dataset, samples = open_kauh(given.root)
    labels, patients = np.array(dataset.labels), np.array(dataset.patients)
    kauh = Sounds(hear(recipe, given.weights, samples, VIEWS), labels, dataset.classes)
    others = {
        "esc10": open_dataset(DataSettings(dataset="esc10", root=given.esc10)),
        "synthetic": open_dataset(DataSettings(dataset="manifest", root=given.synthetic)),
    }
    before = first_weights(
        {name: open_sounds(recipe, given.weights, other, VIEWS // 4) for name, other in others.items()}
    )
    print("maps are there", flush=True)

    plain = np.stack([log_mel_statistics(clip) for clip in samples])
    tables: dict[str, list[Predictions]] = {name: [] for name in (*CANDIDATES, AVERAGED, OF_SEEDS, OF_FOLDS)}
    nested: list[Predictions] = []
    svm: list[Predictions] = []
    chosen: Counter[str] = Counter()
    for seed, fold, train, test in outer_splits(dataset, given.root, given.seeds):
        run, kept = f"seed{seed}-fold{fold}", given.cache / f"seed{seed}-fold{fold}.npz"
        if not kept.is_file():
            np.savez(kept, **outer_fold(kauh, patients, train, test, seed * FOLDS + fold, before))
        with np.load(kept) as found:
            for name, parts in tables.items():
                parts.append(predictions(dataset, test, found[name], run))
            best = max(CANDIDATES, key=lambda name: float(found[f"inner {name}"]))
            inner = float(found[f"inner {best}"])
        chosen[best] += 1
        nested.append(tables[best][-1])
        svm.append(
            predictions(dataset, test, fitted(plain_machine(), plain[train], labels[train], plain[test], 4), run)
        )
        print(f"{run}: {best}, inner Score {inner:.3f}", flush=True)

    methods = {
        SVM: svm,
        "chosen in each fold": nested,
        "chosen in each fold, three filters joined": filters_joined(nested),
        **tables,
        f"{SHIPPED}, three filters joined": filters_joined(tables[SHIPPED]),
    }
    result = measure(methods, SVM, resamples=500)
    cycles = open_dataset(DataSettings(dataset="icbhi", root=given.icbhi, split="official"))
    there = open_sounds(recipe, given.weights, cycles, 0)
    for name, candidate in CANDIDATES.items():
        said = joined(
            [
                probabilities(
                    learn(changed_recipe(candidate), kauh, range(len(labels)), seed, before.get(candidate.first)).last,
                    there.maps,
                    range(len(cycles)),
                )
                for seed in range(given.seeds)
            ]
        )
        result[name]["AUROC on ICBHI"] = external_auroc(cycles, 1 - said[:, 0])
    counted = "; ".join(f"{name} ({count})" for name, count in chosen.most_common())
    table = as_table(
        result,
        title="What learns on the frozen trunk, chosen by nested cross-validation",
        command=(
            "python benchmarks/kauh_heads.py --root KAUH --icbhi ICBHI --esc10 ESC10 --synthetic SYNTHETIC "
            "--weights mn04_as_mAP_432.pt --cache runs/heads"
        ),
        data=(
            f"KAUH, {len(dataset)} recordings of {len(set(dataset.patients))} patients, {FOLDS} patient-disjoint "
            f"folds; ICBHI, {len(cycles)} cycles of {len(set(cycles.patients))} patients, which choose nothing"
        ),
        seeds=given.seeds,
        notes=[
            "mean over seeds (95 % interval over patients, 500 resamples)",
            f"chosen in the {FOLDS * given.seeds} outer folds: {counted}",
            f"{INNER_FOLDS} inner folds; learned from {VIEWS} augmented windows of each recording, drawn once for all "
            "candidates; judged by the mean logit of overlapping windows",
            f"on ICBHI: the mean of {given.seeds} networks learned from all of KAUH",
        ],
        headline="chosen in each fold",
    )
    publish(HERE / "kauh_heads", "heads", table)


if __name__ == "__main__":
    main()
