"""Print a list of registered records."""

import json
from collections.abc import Iterable

import click

from resp.registry import Record


def print_records(records: Iterable[Record], *, as_json: bool) -> None:
    """Print records as one aligned line each, or as a JSON list."""
    listed = [record.to_dict() for record in records]
    if as_json:
        click.echo(json.dumps(listed, indent=2))
        return
    width = max(len(record["name"]) for record in listed)
    for record in listed:
        click.echo(f"{record['name']:<{width}}  {record['description']}  [{record['source']}]")
