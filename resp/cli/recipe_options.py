"""What commands that train from a recipe have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from resp.train import Recipe

# The shell's code for what Ctrl-C ended.
INTERRUPTED = 130

_OPTIONS = (
    click.argument("recipe", type=click.Path(path_type=Path, dir_okay=False)),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="A.B=VALUE",
        help="Change a setting of the recipe; the value is YAML. May be given often.",
    ),
    click.option(
        "--with",
        "overlays",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="OVERLAY",
        help="Change the recipe by another file, or by one of configs/with/ (bc, intermix, …). May be given often.",
    ),
    click.option("--smoke", is_flag=True, help="Try the recipe out in seconds: tiny network, few items, two epochs."),
    click.option(
        "--cache",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where decoded sounds are kept; else RESP_CACHE, else the user's cache folder.",
    ),
    click.option("--quiet", is_flag=True, help="No progress bar."),
)


def recipe_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument RECIPE and the options that change it and say how it is trained."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen_recipe(recipe: Path, settings: tuple[str, ...], overlays: tuple[Path, ...], *, smoke: bool) -> "Recipe":
    """Return the recipe that the options ask for; `TrainError` says what is wrong with it."""
    from resp.train import load_recipe

    return load_recipe(recipe, settings, overlays=overlays, preset="smoke" if smoke else None)
