"""``resp card``: the card of a model, made from its run folder or its own configuration."""

from pathlib import Path

import click

from resp.errors import RespError


@click.command()
@click.argument("model", metavar="RUN_OR_MODEL")
@click.option(
    "--results",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A JSON file with a table of results, or with several by name; may be given several times. "
    "They stand beside those that the model has; one of the same name replaces it.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of standard output.")
@click.option(
    "--write",
    is_flag=True,
    help="Write into the model folder: README.md, and config.json where the run or the tables change it.",
)
@click.option("--recipe", is_flag=True, help="Instead of the card, the recipe that it was trained by.")
def card(model: str, files: tuple[Path, ...], out: Path | None, write: bool, recipe: bool) -> None:
    """Make the card of RUN_OR_MODEL: a run folder, a model folder, or the name of an installed model.

    Everything on it comes out of the folder: recipe, data, machine, weights, results. What only a person knows
    stands in the section card of the recipe.
    """
    if write and (out is not None or recipe):
        raise RespError("--write puts the card into the model folder; give it without --out and --recipe")
    from resp.models.results import ResultTable, read_tables
    from resp.score.engines.exported import is_exported
    from resp.train.card import make_card
    from resp.train.card.training import recipe_text

    if is_exported(Path(model)):
        raise RespError(f"{model}: an exported model; its card came with it ({Path(model) / 'README.md'})")
    tables: dict[str, ResultTable] = {}
    for file in files:
        tables |= read_tables(file)
    made = make_card(model, tables)
    if write:
        made.write()
        click.echo(f"written: {made.folder / 'README.md'}")
        if made.changed:
            click.echo(f"written: {made.folder / 'config.json'}; the model's checksum is now {made.sha256}")
        return
    text = recipe_text(made.config) if recipe else made.text
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RespError(f"--out {out}: cannot be written ({error.strerror})") from error
