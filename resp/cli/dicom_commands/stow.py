"""``resp dicom stow``: STOW-RS."""

import sys
from pathlib import Path
from typing import Any

import click

from resp.cli.dicom_commands.network_options import archive_options, dicom_files, make_archive, print_outcomes


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES|FOLDERS...", type=click.Path(path_type=Path))
@archive_options
def stow(files: tuple[Path, ...], **options: Any) -> None:
    """Store DICOM files over DICOMweb, a row for each.

    Who we are is read from RESP_DICOMWEB_USER and RESP_DICOMWEB_PASSWORD, or RESP_DICOMWEB_TOKEN. Exit status: 0 when
    every file was taken, 1 when any was not, 2 when nothing could be done.
    """
    from resp.dicom.network import stow as store

    if not print_outcomes(store(dicom_files(files), make_archive(options))):
        sys.exit(1)
