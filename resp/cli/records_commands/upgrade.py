"""``resp records upgrade``: new tables for old records."""

import click

from resp.cli.records_commands.records_at_hand import records_at_hand


@click.command()
def upgrade() -> None:
    """Bring the records of an older program to this one, all steps or none; make a back-up first.

    Starting the page does the same. Records never go back to an older program: restore a back-up that it made.
    """
    from resp.records.upgrading import newest_revision

    with records_at_hand() as records:
        click.echo(f"records in {records.folder}: step {newest_revision()}, the newest")
