"""``resp dicom serve``: sound in over the network, findings out."""

import logging
from pathlib import Path
from typing import Any

import click

from resp.cli.dicom_commands.network_options import tls_options

_TLS = ("certificate", "key", "authority")


@click.command()
@click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="All settings in a TOML or YAML file; the options here go before it.",
)
@click.option("--spool", type=click.Path(path_type=Path, file_okay=False), help="Folder of the queue, on a local disk.")
@click.option("--ae-title", help="Our AE title.  [default: RESP]")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1, which only this machine reaches]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 11112]")
@click.option("--allow-ae-title", "allowed_ae_titles", multiple=True, help="A caller that is taken; all if not given.")
@click.option(
    "--allow-address",
    "allowed_addresses",
    multiple=True,
    help="An address or network (10.1.0.0/16) that is taken; all if not given.",
)
@click.option("--to", "peer", metavar="AET@HOST:PORT", help="Send answers to this storage SCP.")
@click.option("--to-stow", "stow", metavar="URL", help="Send answers to this DICOMweb service.")
@click.option("--model", help="Name of an installed model, or a model folder; the default one if not given.")
@click.option("--device", help="Where the network runs: cpu, cuda, cuda:1.  [default: cpu]")
@click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the network may use.")
@click.option("--pdf/--no-pdf", default=None, help="An encapsulated PDF in the answer.  [default: pdf]")
@click.option("--capture/--no-capture", default=None, help="A picture of the spectrogram in the answer.")
@tls_options
def serve(file: Path | None, peer: str | None, stow: str | None, **options: Any) -> None:
    """Receive sound (C-STORE), score it, and send the findings on, until Ctrl-C or SIGTERM.

    An instance is acknowledged when it is safe on the disk, and stays in the spool until its answer is sent; resp
    dicom queue shows it. --certificate and --key encrypt, --authority takes only callers that it vouches for.
    """  # fmt: skip
    from resp.dicom.network import Service, load_settings, scoring
    from resp.loopback import is_this_machine

    given = {name: value for name, value in options.items() if value not in (None, ())}
    tls = {name: given.pop(name) for name in _TLS if name in given}
    destination: dict[str, str | None] = {
        name: value for name, value in (("peer", peer), ("stow", stow)) if value is not None
    }
    if len(destination) == 1:
        # One kind of destination goes before the other kind of the file.
        destination = {"peer": None, "stow": None, **destination}
    changes = {**given, **({"tls": tls} if tls else {}), **({"destination": destination} if destination else {})}
    settings = load_settings(file, changes)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # The library tells of every command, with what is asked for.
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    if not settings.allowed_ae_titles and not settings.allowed_addresses and not is_this_machine(settings.host):
        click.echo("warning: every machine that reaches this port is taken; see --allow-address", err=True)
    if settings.destination is None:
        click.echo("note: no destination; answers stay in the spool", err=True)
    service = Service(settings, scoring(settings))
    click.echo(f"listening as {service.address}; Ctrl-C ends it", err=True)
    service.run()
