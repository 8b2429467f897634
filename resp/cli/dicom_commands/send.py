"""``resp dicom send``: C-STORE."""

import sys
from pathlib import Path
from typing import Any

import click

from resp.cli.dicom_commands.network_options import caller_options, dicom_files, make_caller, print_outcomes


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES|FOLDERS...", type=click.Path(path_type=Path))
@click.option("--to", "peer", required=True, metavar="AET@HOST:PORT", help="The storage SCP.")
@caller_options
def send(files: tuple[Path, ...], peer: str, **options: Any) -> None:
    """Send DICOM files to a storage SCP: C-ECHO first, then a row for each file.

    Exit status: 0 when every file was taken, 1 when any was not, 2 when nothing could be done.
    """
    from resp.dicom.network import parse_peer, send_files

    if not print_outcomes(send_files(dicom_files(files), parse_peer(peer), make_caller(options))):
        sys.exit(1)
