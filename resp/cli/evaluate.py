"""``resp evaluate``: measure models and runs on a data set."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click

from resp.evaluate.errors import EvaluationError


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL_OR_RUN...")
@click.option(
    "--data",
    type=click.Choice(["icbhi", "kauh", "manifest"]),
    help="Data set; by default that of the run's recipe.",
)
@click.option("--root", type=click.Path(path_type=Path), help="Folder of the data set (manifest: its CSV file).")
@click.option(
    "--labels",
    type=click.Choice(["four_class", "two_class", "diagnosis"]),
    default="four_class",
    show_default=True,
)
@click.option(
    "--split",
    type=click.Choice(["official", "published_folds", "folds"]),
    help="With --data: how it is split; by default official for ICBHI, and folds otherwise.",
)
@click.option("--fold", type=int, default=0, show_default=True, help="With --data: the fold that is the test part.")
@click.option("--folds", type=int, default=5, show_default=True, help="With --data: how many folds.")
@click.option("--split-seed", type=int, default=0, show_default=True, help="With --data: seed of the folds.")
@click.option(
    "--part",
    type=click.Choice(["test", "validation", "train", "all"]),
    help="Part of the split; by default test, or all of a data set that a run was not trained on.",
)
@click.option(
    "--protocol",
    type=click.Choice(["honest", "literature"]),
    help="Whose weights of a run (by default all that it keeps, each with its own tables); "
    "for a model folder, a statement of how its weights were chosen.",
)
@click.option(
    "--without-patients",
    help="Comma-separated patients to leave out of a second view; by default those that the published split "
    "puts on both sides (156 and 218 in ICBHI).",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for text, JSON, PNG and CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--device", default="cpu", show_default=True, help="Where the network runs: cpu, cuda, cuda:1 …")
@click.option("--batch-size", type=click.IntRange(1), default=16, show_default=True)
@click.option("--resamples", type=click.IntRange(1), default=2000, show_default=True, help="Of the bootstrap.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap.")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), help="Folder for decoded waveforms.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def evaluate(
    models: tuple[str, ...],
    data: str | None,
    root: Path | None,
    labels: str,
    split: str | None,
    fold: int,
    folds: int,
    split_seed: int,
    part: str | None,
    protocol: str | None,
    without_patients: str | None,
    out: Path | None,
    as_json: bool,
    device: str,
    batch_size: int,
    resamples: int,
    seed: int,
    cache: Path | None,
    quiet: bool,
) -> None:
    """Measure models on a data set: Sp, Se and Score with intervals over patients.

    A run is measured on the test part of its own recipe unless --data names another data set. Several
    runs (folds or seeds of one recipe) are pooled into one table.
    """
    from resp.datasets import WaveformCache
    from resp.evaluate.results import Protocol
    from resp.evaluate.run import Part, evaluate_model
    from resp.evaluate.weights import protocols

    settings = _settings(data, root, labels, split, fold, folds, split_seed) if data else None
    wanted: list[Protocol | None] = [cast(Protocol, protocol)] if protocol else [*protocols(models[0])] or [None]
    printed: list[dict[str, Any]] = []
    for one in wanted:
        measured = evaluate_model(
            models,
            settings,
            root=root,
            part=cast(Part | None, part),
            protocol=one,
            without_patients=None if without_patients is None else _names(without_patients),
            cache=WaveformCache(cache),
            batch_size=batch_size,
            device=device,
            resamples=resamples,
            seed=seed,
            progress=None if quiet else _bar,
        )
        printed.append(measured.evaluation.to_dict())
        if not as_json:
            click.echo(measured.evaluation.text())
        if out is not None:
            name = f"evaluation_{one}" if len(wanted) > 1 else "evaluation"
            for path in measured.write(out, name):
                click.echo(f"written: {path}", err=True)
    if as_json:
        click.echo(json.dumps(printed, indent=2))


def _settings(data: str, root: Path | None, labels: str, split: str | None, fold: int, folds: int, seed: int) -> Any:
    from pydantic import ValidationError

    from resp.datasets import DataSettings

    if root is None:
        raise EvaluationError(f"--data {data} without --root; say where the data set is")
    fields = {
        "dataset": data,
        "root": root,
        "labels": labels,
        "split": split or ("official" if data == "icbhi" else "folds"),
        "fold": fold,
        "folds": folds,
        "seed": seed,
    }
    try:
        return DataSettings.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(problem["msg"] for problem in error.errors())
        raise EvaluationError(f"--data {data}: {problems}") from error


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _bar(what: str) -> Callable[[int, int], None]:
    """Return a progress callback that draws a bar on standard error."""
    from tqdm import tqdm

    bar: Any = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(total=total, desc=what, leave=False)
        bar.update(done - bar.n)
        if done >= total:
            bar.close()

    return show
