"""``resp augmentations``: what changes of a sound that keep its label are registered."""

import click

from resp.augment import REGISTRY
from resp.cli.listing import print_records


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def augmentations(as_json: bool) -> None:
    """List the augmentations that a recipe can name."""
    print_records(REGISTRY, as_json=as_json)
