"""``resp reproduce``: a published table made again, in one command."""

import os
import shlex
import sys
from pathlib import Path

import click

from resp.cli.recipe_options import INTERRUPTED


@click.command()
@click.argument("plan")
@click.option("--root", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the data set.")
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="Runs of every row.")
@click.option(
    "--weights",
    help="What networks start from: a file, a folder, hub:NAME, or none (random). By default what the recipes say, "
    "which is fetched from the Hugging Face hub.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for runs and tables; runs/PLAN by default.",
)
@click.option("--rows", help="Which rows: methods or names of rows, such as ce,patchmix_cl.")
@click.option("--protocols", help="Which protocols: literature, honest or both.")
@click.option("--plan", "only_plan", is_flag=True, help="List the rows and measure how long they take; train nothing.")
@click.option(
    "--estimate-steps",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="With --plan: steps to measure of each method; 0 measures nothing.",
)
@click.option("--allow-partial", is_flag=True, help="Run on a part of the data or random weights; every table says so.")
@click.option("--smoke", is_flag=True, help="Try it out: tiny network, few items, two epochs.")
@click.option(
    "--set", "settings", multiple=True, metavar="A.B=VALUE", help="Change a setting of all recipes; may be given often."
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where decoded sounds are kept; else RESP_CACHE, else the user's cache folder.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def reproduce(
    plan: str,
    root: Path,
    seeds: int,
    weights: str | None,
    out: Path | None,
    rows: str | None,
    protocols: str | None,
    only_plan: bool,
    estimate_steps: int,
    allow_partial: bool,
    smoke: bool,
    settings: tuple[str, ...],
    cache: Path | None,
    quiet: bool,
) -> None:
    """Make the published table PLAN again: icbhi-patchmix.

    Ctrl-C leaves runs that the same command takes up again, in the middle of one.
    """
    from resp.datasets import WaveformCache
    from resp.train import RunInterruptedError
    from resp.train.reproduction import estimate_time, find_plan
    from resp.train.reproduction import reproduce as run
    from resp.train.reproduction.plan import Changes

    found = find_plan(plan)
    chosen = found.choose(_names(rows), _names(protocols))
    changes = Changes(
        root, None if weights == "none" else weights, random=weights == "none", smoke=smoke, settings=settings
    )
    kept = WaveformCache(cache) if cache is not None else None
    first = os.environ.get("RANK", "0") == "0"
    if only_plan:
        click.echo(f"{found.title}\n" + "\n".join(f"  {row.name}: {row.recipe}" for row in chosen))
        click.echo(f"{len(chosen)} rows x {seeds} seeds = {len(chosen) * seeds} runs")
        if estimate_steps:
            told = None if quiet else lambda line: click.echo(f"{line} (--estimate-steps 0 measures nothing)", err=True)
            estimate = estimate_time(found, chosen, changes, seeds=seeds, steps=estimate_steps, cache=kept, told=told)
            click.echo(estimate.text())
        return
    folder = out or Path("runs") / found.name
    try:
        made = run(
            found,
            folder,
            changes,
            rows=chosen,
            seeds=seeds,
            allow_partial=allow_partial,
            command=_command(found.name, seeds, weights, rows, protocols, settings, smoke=smoke, partial=allow_partial),
            cache=kept,
            progress=not quiet,
            told=(lambda line: click.echo(line, err=True)) if first and not quiet else None,
        )
    except RunInterruptedError as stopped:
        click.echo(f"resp: {stopped}", err=True)
        sys.exit(INTERRUPTED)
    if first:
        click.echo(made.markdown)
        click.echo(f"folder: {folder}")


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _command(
    plan: str,
    seeds: int,
    weights: str | None,
    rows: str | None,
    protocols: str | None,
    settings: tuple[str, ...],
    *,
    smoke: bool,
    partial: bool,
) -> str:
    """Return the command line, without the places of this machine."""
    words = ["resp", "reproduce", plan, "--root", "FOLDER", "--seeds", str(seeds)]
    if weights is not None:
        words += ["--weights", weights if weights == "none" or weights.startswith("hub:") else Path(weights).name]
    words += ["--rows", rows] if rows else []
    words += ["--protocols", protocols] if protocols else []
    words += [word for setting in settings for word in ("--set", setting)]
    words += ["--smoke"] if smoke else []
    words += ["--allow-partial"] if partial else []
    return shlex.join(words)
