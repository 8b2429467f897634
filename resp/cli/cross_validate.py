"""``resp cross-validate``: a recipe on every fold of its data."""

import os
import sys
from pathlib import Path

import click

from resp.cli.recipe_options import INTERRUPTED, chosen_recipe, recipe_options
from resp.errors import RespError


@click.command()
@recipe_options
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the runs (fold0-seed0 …) and for what they give together.",
)
@click.option("--folds", default="all", show_default=True, help="Which folds, such as 0,1; or all.")
@click.option("--seeds", help="Seeds of the runs, such as 0,1,2; by default that of the recipe.")
def cross_validate(
    recipe: Path,
    settings: tuple[str, ...],
    overlays: tuple[Path, ...],
    smoke: bool,
    cache: Path | None,
    quiet: bool,
    out: Path,
    folds: str,
    seeds: str | None,
) -> None:
    """Train and measure RECIPE on every fold of its data, with one or several seeds.

    Ctrl-C leaves runs that the same command takes up again, in the middle of one.
    """
    chosen = None if folds == "all" else _numbers("--folds", folds)
    drawn = None if seeds is None else _numbers("--seeds", seeds)
    from resp.datasets import WaveformCache
    from resp.train import RunInterruptedError
    from resp.train import cross_validate as run

    first = os.environ.get("RANK", "0") == "0"
    try:
        summary = run(
            chosen_recipe(recipe, settings, overlays, smoke=smoke),
            out,
            folds=chosen,
            seeds=drawn,
            cache=WaveformCache(cache) if cache is not None else None,
            progress=not quiet,
            told=(lambda line: click.echo(line, err=True)) if first and not quiet else None,
        )
    except RunInterruptedError as stopped:
        click.echo(f"resp: {stopped}", err=True)
        sys.exit(INTERRUPTED)
    if first:
        click.echo(summary.text())
        click.echo(f"folder: {out}")


def _numbers(option: str, text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        expected = "all, or numbers" if option == "--folds" else "numbers"
        raise RespError(f"{option} {text}: expected {expected} with commas between them, such as 0,1,2")
    return [int(part) for part in parts]
