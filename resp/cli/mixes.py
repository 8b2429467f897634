"""``resp mixes``: what mixes are registered."""

import click

from resp.cli.listing import print_records
from resp.mix import REGISTRY


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def mixes(as_json: bool) -> None:
    """List the mixes that a recipe can name."""
    print_records(REGISTRY, as_json=as_json)
