"""``resp dicom get``: C-GET."""

import sys
from pathlib import Path
from typing import Any

import click

from resp.cli.dicom_commands.network_options import caller_options, make_caller


@click.command()
@click.option("--from", "peer", required=True, metavar="AET@HOST:PORT", help="The archive.")
@click.option("--study", required=True, help="Study Instance UID.")
@click.option("--series", help="Series Instance UID; all series by default.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the files.")
@caller_options
def get(peer: str, study: str, series: str | None, out: Path, **options: Any) -> None:
    """Fetch a study's sound and findings from an archive; files are named by their SOP Instance UID.

    Exit status: 0 when all came, 1 when any could not be sent or nothing came, 2 when nothing could be done.
    """
    from resp.dicom.network import get as fetch
    from resp.dicom.network import parse_peer

    fetched = fetch(parse_peer(peer), out, study, series=series, caller=make_caller(options))
    for file in fetched.files:
        click.echo(file)
    click.echo(f"{len(fetched.files)} fetched, {fetched.failed} could not be sent", err=True)
    if fetched.failed or not fetched.files:
        sys.exit(1)
