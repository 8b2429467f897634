"""``resp train``: a recipe and a data set become a model."""

import os
import sys
from pathlib import Path

import click

# The shell's code for what Ctrl-C ended.
_INTERRUPTED = 130


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="A.B=VALUE",
    help="Change a setting of the recipe; the value is YAML. May be given often.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The run folder.")
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
@click.option("--smoke", is_flag=True, help="Try the recipe out in seconds: tiny network, few items, two epochs.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where decoded sounds are kept; else RESP_CACHE, else the user's cache folder.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def train(
    recipe: Path,
    settings: tuple[str, ...],
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
    from resp.train import RunInterruptedError, load_recipe
    from resp.train import train as run

    loaded = load_recipe(recipe, settings, preset="smoke" if smoke else None)
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
        sys.exit(_INTERRUPTED)
    if os.environ.get("RANK", "0") != "0":
        return
    for protocol, one in result.results.items():
        numbers = ", ".join(
            f"{name} {'-' if one['test'][key] is None else format(one['test'][key], '.4f')}"
            for name, key in (("Sp", "sp"), ("Se", "se"), ("Score", "score"))
        )
        click.echo(f"{protocol} (epoch {one['epoch']}): {numbers} on the test part")
    if not result.results:
        click.echo(f"there was no test part (data.split: {loaded.data.split}): nothing was measured")
    click.echo(f"run folder: {result.folder}")
