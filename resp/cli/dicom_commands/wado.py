"""``resp dicom wado``: WADO-RS."""

import sys
from pathlib import Path
from typing import Any

import click

from resp.cli.dicom_commands.network_options import archive_options, make_archive


@click.command()
@click.option("--study", required=True, help="Study Instance UID.")
@click.option("--series", help="Series Instance UID; all series by default.")
@click.option("--instance", help="SOP Instance UID, with --series; all instances by default.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the files.")
@archive_options
def wado(study: str, series: str | None, instance: str | None, out: Path, **options: Any) -> None:
    """Fetch a study over DICOMweb; files are named by their SOP Instance UID.

    Who we are is read from RESP_DICOMWEB_USER and RESP_DICOMWEB_PASSWORD, or RESP_DICOMWEB_TOKEN. Exit status: 0, 1
    when nothing came, 2 when nothing could be done.
    """
    from resp.dicom.network import wado as fetch

    count = 0
    for file in fetch(make_archive(options), out, study, series=series, instance=instance):
        count += 1
        click.echo(file)
    click.echo(f"{count} fetched", err=True)
    if not count:
        sys.exit(1)
