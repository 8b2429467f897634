"""``resp serve``: reports over HTTP."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

_MIB = 1 << 20


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; beyond this machine with keys alone."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option(
    "--model",
    "models",
    multiple=True,
    help="Name of an installed model, or a model folder; more than once for several, the first is the default one.",
)
@click.option("--device", default="cpu", show_default=True, help="Where the network runs: cpu, cuda, cuda:1.")
@click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the network may use.")
@click.option(
    "--engine",
    type=click.Choice(["torch", "onnx", "openvino", "auto"]),
    help="What runs the network; see resp score.",
)
@click.option("--precision", type=click.Choice(["fp32", "bf16", "int8"]), help="What it computes in; see resp score.")
@click.option(
    "--keys",
    "keys_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of API keys, a line NAME:SHA256 each; RESP_API_KEYS in the environment holds the same.",
)
@click.option("--new-key", metavar="NAME", help="Make a key, print it and its line, and end.")
@click.option("--without-keys", is_flag=True, help="Serve other machines without keys.")
@click.option("--certificate", type=click.Path(path_type=Path, dir_okay=False), help="For HTTPS (PEM).")
@click.option("--certificate-key", type=click.Path(path_type=Path, dir_okay=False), help="Its private key (PEM).")
@click.option("--max-mib", type=click.FloatRange(min=0.001), default=50, show_default=True, help="Longest file in MiB.")
@click.option("--max-seconds", type=click.FloatRange(min=1), default=600, show_default=True, help="Longest recording.")
@click.option(
    "--rate", type=click.FloatRange(min=0.001), default=600, show_default=True, help="Recordings a key a minute."
)
@click.option("--burst", type=click.IntRange(min=1), default=100, show_default=True, help="Recordings a key at once.")
@click.option(
    "--queue", type=click.IntRange(min=1), default=64, show_default=True, help="Recordings at a time; more are refused."
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to keep reports in for good; else they are held in memory for an hour.",
)
@click.option(
    "--batching/--no-batching", default=True, help="Segments of several requests in one batch.  [default: batching]"
)
@click.option(
    "--stop-s",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    help="At the end, wait for answers so long.",
)
def serve(keys_file: Path | None, new_key: str | None, max_mib: float, **options: Any) -> None:
    """Serve reports over HTTP until Ctrl-C or SIGTERM; docs/service.md is the page for developers.

    POST a sound file to /v1/reports and get its report. Nothing is written to the disk without --keep.
    """
    from resp.service import Keys, ServiceSettings, make_key
    from resp.service.errors import missing_extra
    from resp.service.keys import ENVIRONMENT

    if new_key is not None:
        key, line = make_key(new_key)
        click.echo(f"key for the client, shown this once: {key}", err=True)
        click.echo(line)
        return
    for library in ("fastapi", "uvicorn", "python_multipart", "prometheus_client"):
        if find_spec(library) is None:
            raise missing_extra(library)
    renamed = {"max_seconds": "max_duration_s", "rate": "requests_per_min", "queue": "queue_length"}
    settings = ServiceSettings(
        max_upload_bytes=int(max_mib * _MIB), **{renamed.get(name, name): value for name, value in options.items()}
    )
    keys = Keys.load(keys_file, os.environ.get(ENVIRONMENT, ""))
    from resp import service

    service.serve(settings, keys, lambda address: click.echo(f"listening on {address}; Ctrl-C ends it"))
