"""``resp dicom qido``: QIDO-RS."""

from typing import Any

import click

from resp.cli.dicom_commands.network_options import (
    archive_options,
    make_archive,
    match_keys,
    match_options,
    print_matches,
)


@click.command()
@match_options
@archive_options
def qido(**options: Any) -> None:
    """Ask a DICOMweb archive which studies with sound it has, or what is in one; names are not asked for.

    Who we are is read from RESP_DICOMWEB_USER and RESP_DICOMWEB_PASSWORD, or RESP_DICOMWEB_TOKEN.
    """
    from resp.dicom.network import qido as ask

    found = ask(make_archive(options), match_keys(options), level=options["level"])
    print_matches(found, as_json=options["as_json"])
