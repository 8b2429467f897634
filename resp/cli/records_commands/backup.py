"""``resp records backup``: everything in one file."""

import sys
from pathlib import Path

import click

from resp.cli.records_commands.records_at_hand import records_at_hand


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Write patients, recordings, reports, reviews and the audit trail into FILE, while the page is used.

    FILE, a name that is not taken, holds patients' recordings: keep it where the records themselves may be kept.

    Exit status: 0, or 1 where a sound was damaged or missing and so could not be saved with all others.
    """
    from resp.records import back_up

    with records_at_hand() as records:
        made = back_up(records, file)
    click.echo(f"{made.file}: {made.patients} patients, {made.recordings} recordings, {made.sounds} sounds")
    for sound in made.damaged:
        click.echo(f"not saved, damaged or missing: sound {sound}", err=True)
    if made.damaged:
        sys.exit(1)
