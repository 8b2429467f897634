"""``resp train``: a recipe and a data set become a model."""

import os
import sys
from pathlib import Path

import click

from resp.cli.recipe_options import INTERRUPTED, chosen_recipe, recipe_options


@click.command()
@recipe_options
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The run folder.")
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
def train(
    recipe: Path,
    settings: tuple[str, ...],
    overlays: tuple[Path, ...],
    out: Path,
    resume: bool,
    smoke: bool,
    cache: Path | None,
    quiet: bool,
) -> None:
    """Train a network from RECIPE: a YAML file, or the name of one in configs/ (icbhi/ast_patchmix_cl).

    Ctrl-C leaves a run that --resume takes up. In several processes:
    torchrun --nproc-per-node 2 --no-python resp train …
    """
    from resp.datasets import WaveformCache
    from resp.evaluate.tasks import LOSS, number_title
    from resp.train import RunInterruptedError
    from resp.train import train as run

    loaded = chosen_recipe(recipe, settings, overlays, smoke=smoke)
    try:
        result = run(
            loaded,
            out,
            resume=resume,
            cache=WaveformCache(cache) if cache is not None else None,
            progress=not quiet,
        )
    except RunInterruptedError as stopped:
        click.echo(f"resp: {stopped}", err=True)
        sys.exit(INTERRUPTED)
    if os.environ.get("RANK", "0") != "0":
        return
    for protocol, one in result.results.items():
        if "test" not in one:
            loss = one["validation"][LOSS]
            shown = "-" if loss is None else format(loss, ".4f")
            click.echo(f"{protocol} (epoch {one['epoch']}): loss {shown} on sounds that were not learned from")
            continue
        numbers = ", ".join(
            f"{number_title(key)} {'-' if value is None else format(value, '.4f')}"
            for key, value in one["test"].items()
            if key != LOSS
        )
        click.echo(f"{protocol} (epoch {one['epoch']}): {numbers} on the test part")
    if not result.results:
        click.echo(f"there was no test part (data.split: {loaded.data.split}): nothing was measured")
    click.echo(f"run folder: {result.folder}")
