"""``resp gallery``: what augmentations and mixes do to one clip."""

from pathlib import Path

import click

from resp.cli.progress import progress_bar


@click.command()
@click.argument("clip", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the page and its files.")
@click.option(
    "--with",
    "other",
    type=click.Path(path_type=Path),
    help="The other clip, for mixes; a synthetic breath sound by default.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="One seed, one gallery.")
@click.option("--rate-hz", type=int, help="Rate at which everything acts; the clip's own by default.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def gallery(clip: Path, out: Path, other: Path | None, seed: int, rate_hz: int | None, quiet: bool) -> None:
    """Show and play what each augmentation and each mix makes of CLIP.

    Writes a page (index.html) with pictures and sounds beside it; it needs no network.
    """
    from resp.gallery import make_gallery

    progress = None if quiet else progress_bar("drawing")
    made = make_gallery(clip, out, other=other, rate_hz=rate_hz, seed=seed, progress=progress)
    click.echo(f"{made.page}: {len(made.shown)} shown, {len(made.missing)} could not be shown")
    for one in made.missing:
        click.echo(f"{one.name}: {one.problem}")
