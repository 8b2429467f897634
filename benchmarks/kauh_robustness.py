"""The fold models under other conditions: each on the test patients of its own fold, pooled.

Usage, after ``kauh_train_folds.py`` or ``resp cross-validate`` (any folder of run folders will do)::

    python benchmarks/kauh_robustness.py --runs runs/kauh-folds --root KAUH

Writes ``kauh_robustness.md`` beside this file, with the ``.json`` that ``resp card`` takes. The conditions are those of
`resp.evaluate.conditions` but for the 5 dB steps; ``--conditions`` names others or all, ``--filters extended`` takes a
third of the time, as only one of a patient's three recordings is judged, and ``--seeds 1`` takes one run a fold.
``--smoke`` tries it out: two conditions, a few recordings, written to ``--out``.
"""

import argparse
import shlex
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from kauh_methods import BY_WINDOWS, publish

from resp.datasets import WaveformCache
from resp.evaluate import Predictions
from resp.evaluate.conditions import CONDITIONS, choose
from resp.evaluate.conditions.predicting import predict_job
from resp.evaluate.conditions.table import CLEAN, ConditionResults, compare_conditions
from resp.evaluate.jobs import find_all, open_jobs

if TYPE_CHECKING:
    from resp.evaluate.conditions import AnyCondition

HERE = Path(__file__).parent
# A level more would cost as much time and say little more.
DEFAULT = ",".join(record.name for record in CONDITIONS if not record.name.endswith("_5db"))
SMOKE = "white_0db,fgsm_0.001"
SMOKE_ITEMS = 6


def run_folders(runs: Path, seeds: int | None) -> list[Path]:
    """Return the finished runs with a test part in a folder; of the first so many seeds, where that is asked for."""
    finished = (path.parent for path in runs.glob("*/recipe.yaml") if (path.parent / "best" / "config.json").is_file())
    # kauh_ship_model.py leaves a run of all patients beside the folds.
    found = sorted(run for run in finished if recipe_of(run)["data"]["split"] != "all")
    if not found:
        raise SystemExit(f"{runs}: no finished run of a fold found; expected folders with recipe.yaml and best/")
    if seeds is None:
        return found
    kept = sorted({seed_of(run) for run in found})[:seeds]
    return [run for run in found if seed_of(run) in kept]


def recipe_of(run: Path) -> dict[str, Any]:
    recipe: dict[str, Any] = yaml.safe_load((run / "recipe.yaml").read_text(encoding="utf-8"))
    return recipe


def seed_of(run: Path) -> int:
    return int(recipe_of(run)["seed"])


def measure_run(
    run: Path,
    root: Path,
    names: str,
    *,
    filters: list[str] | None,
    most: int | None,
    speech: Path | None,
    device: str,
    cache: Path | None,
) -> dict[str, Predictions]:
    """Return what a run's honest weights say of the test items of its own fold under every condition."""
    import torch

    torch.set_num_threads(1)
    (job,) = open_jobs(find_all(run, "honest", device), root=root, part="test", device=device)
    items = job.dataset.items
    chosen = [index for index in job.indices if filters is None or items[index].attributes.get("filter") in filters]
    # Spread, so that a few are of several classes.
    job = replace(job, indices=chosen if most is None else chosen[:: max(1, len(chosen) // most)])
    conditions: dict[str, AnyCondition | None] = {CLEAN: None, **choose(names, speech=speech)}
    found = {}
    for name, condition in conditions.items():
        start = time.perf_counter()
        found[name] = predict_job(job, condition, cache=WaveformCache(cache), batch_size=32, device=device)
        print(f"{job.name}, {name}: {time.perf_counter() - start:.1f} s", flush=True)
    return found


def measure(runs: list[Path], jobs: int, resamples: int, **how: Any) -> ConditionResults:
    """Return results under all conditions."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        parts = [job.result() for job in [pool.submit(measure_run, run, **how) for run in runs]]
    pooled = {name: Predictions.pool([found[name] for found in parts]) for name in parts[0]}
    rows, notes = compare_conditions(pooled, resamples=resamples)
    clean = pooled[CLEAN]
    return ConditionResults(
        subject=f"{len(runs)} fold models",
        data="KAUH, each on the test patients of its own fold",
        rows=rows,
        items=len(set(clean.items.tolist())),
        patients=len(set(clean.patients.tolist())),
        level=0.95,
        notes=notes,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder of run folders, one a fold and seed")
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--conditions", default=DEFAULT, help="all, or names; by default all but the 5 dB steps")
    parser.add_argument("--speech", type=Path, help="folder of recorded speech for babble")
    parser.add_argument("--filters", nargs="+", choices=["bell", "diaphragm", "extended"])
    parser.add_argument("--seeds", type=int, help="only so many runs a fold")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time, each on one thread")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    if given.smoke and given.out == HERE:
        parser.error("--smoke needs --out: what it gives is no result")
    runs = run_folders(given.runs, given.seeds)
    results = measure(
        runs,
        given.jobs,
        given.resamples,
        root=given.root,
        names=SMOKE if given.smoke else given.conditions,
        filters=given.filters,
        most=SMOKE_ITEMS if given.smoke else None,
        speech=given.speech,
        device=given.device,
        cache=given.cache,
    )
    told = ["--runs", f"runs/{given.runs.name}", "--root", "KAUH"]
    told += ["--conditions", given.conditions] if given.conditions != DEFAULT else []
    told += ["--filters", *given.filters] if given.filters else []
    told += ["--speech", "SPEECH"] if given.speech else []
    told += ["--seeds", str(given.seeds)] if given.seeds else []
    command = shlex.join(["python", "benchmarks/kauh_robustness.py", *told])
    seeds = sorted({seed_of(run) for run in runs})
    given.out.mkdir(parents=True, exist_ok=True)
    table = results.to_table(command=command, seeds=seeds)
    table = table.model_copy(update={"notes": (*table.notes, BY_WINDOWS)})
    publish(given.out / "kauh_robustness", "kauh_robustness", table)


if __name__ == "__main__":
    main()
