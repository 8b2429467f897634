"""``resp records settings``: what is set, and where it comes from."""

import json
from dataclasses import asdict

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def settings(as_json: bool) -> None:
    """Show every setting, its value and where that comes from; secrets are masked.

    A setting with a dot stands in a table of the file: page.port is port in [page]. What wins: an option of `resp app`,
    then the variable, then the file, then the default.
    """
    from resp.records.settings import settings_file
    from resp.records.settings_sources import explain_settings

    loaded = explain_settings()
    shown = loaded.shown()
    if as_json:
        click.echo(json.dumps([asdict(row) for row in shown], indent=2))
        return
    file = settings_file()
    click.echo(f"# {file}{'' if file.is_file() else ' (not there)'}", err=True)
    name, value = max(len(row.name) for row in shown), max(min(len(row.value), 40) for row in shown)
    for row in shown:
        source = f"{row.source} (or {row.variable})" if row.source == "default" else row.source
        click.echo(f"{row.name:<{name}}  {row.value:<{value}}  {source}")
