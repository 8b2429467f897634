"""``resp dicom find``: C-FIND."""

from typing import Any

import click

from resp.cli.dicom_commands.network_options import (
    caller_options,
    make_caller,
    match_keys,
    match_options,
    print_matches,
)


@click.command()
@click.option("--from", "peer", required=True, metavar="AET@HOST:PORT", help="The archive.")
@match_options
@caller_options
def find(peer: str, **options: Any) -> None:
    """Ask an archive which studies with sound it has, or what is in one; patients' names are not asked for."""
    from resp.dicom.network import find as ask
    from resp.dicom.network import parse_peer

    keys = match_keys(options)
    found = ask(parse_peer(peer), keys, level=options["level"], caller=make_caller(options))
    print_matches(found, as_json=options["as_json"])
