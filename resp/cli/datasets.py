"""``resp datasets``: what data sets can be read."""

import click

from resp.cli.listing import print_records
from resp.datasets.readers import READERS


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable, with task and published splits.")
def datasets(as_json: bool) -> None:
    """List the data sets that a recipe can name."""
    print_records(READERS, as_json=as_json)
