"""``resp dicom queue``: what the server holds, and what it could not do."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from resp.dicom.errors import DicomError


@click.command()
@click.option("--spool", type=click.Path(path_type=Path, file_okay=False), help="The server's spool.")
@click.option(
    "--settings", "file", type=click.Path(path_type=Path, dir_okay=False), help="The server's settings, which name it."
)
@click.option(
    "--state",
    "states",
    type=click.Choice(["received", "working", "answered", "sent", "failed"]),
    multiple=True,
    help="Show only these; by default all but what was sent, which is counted.",
)
@click.option("--retry", "again", multiple=True, metavar="UID", help="Try again what failed; 'all' for everything.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def queue(
    spool: Path | None, file: Path | None, states: tuple[str, ...], again: tuple[str, ...], as_json: bool
) -> None:
    """Show what the server has received and not yet answered, and what failed and why.

    Exit status: 0, or 1 when anything has failed.
    """
    from resp.dicom.network import Spool, load_settings
    from resp.dicom.network.spool import STATES

    if spool is None and file is None:
        raise click.UsageError("expected --spool or --settings")
    root = spool if spool is not None else load_settings(file).spool
    if not (root / "received").is_dir():
        raise DicomError(f"{root}: no spool; expected the folder that resp dicom serve was given")
    found = Spool(root)
    if again:
        for uid in [entry.uid for entry in found.entries("failed")] if "all" in again else again:
            click.echo(f"{uid}: {found.retry(uid).state}", err=True)
    shown = [state for state in STATES if state in states or (not states and state != "sent")]
    rows = [_row(entry) for state in shown for entry in found.entries(state)]
    counts = {state: found.count(state) for state in STATES}
    if as_json:
        click.echo(json.dumps({"counts": counts, "entries": rows}, indent=2))
    else:
        for row in rows:
            times = f"{row['sending_attempts']} attempts to send" if row["sending_attempts"] else ""
            words = "  ".join(word for word in (times, row["reason"]) if word)
            click.echo(f"{row['state']:<8}  {row['received_at']}  {row['uid']}  {words}".rstrip())
        click.echo(", ".join(f"{count} {state}" for state, count in counts.items()), err=True)
    if counts["failed"]:
        sys.exit(1)


def _row(entry: Any) -> dict[str, Any]:
    note = entry.note()
    try:
        received_at = datetime.fromtimestamp(entry.received_at).astimezone().isoformat(timespec="seconds")
    except FileNotFoundError:
        # It has moved on since it was listed.
        received_at = "-"
    return {
        "uid": entry.uid,
        "state": entry.state,
        "received_at": received_at,
        "answers": len(entry.answers),
        "scoring_attempts": note.scoring_attempts,
        "sending_attempts": note.sending_attempts,
        "next_attempt_at": note.next_attempt_at or None,
        "reason": note.reason,
    }
