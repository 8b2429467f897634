"""``resp models``: what networks are registered and what models are installed."""

import json
from typing import Any

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable: one list, told apart by kind.")
@click.option(
    "--classes", default=4, show_default=True, type=click.IntRange(min=1), help="Classes to count weights at."
)
def models(as_json: bool, classes: int) -> None:
    """List the networks that a recipe can name, and the installed models that can score."""
    networks, installed = _networks(classes), _installed()
    if as_json:
        click.echo(json.dumps([*networks, *installed], indent=2))
        return
    click.echo(f"Networks (parameters at {classes} classes; rate and length of the input):")
    width = max(len(entry["name"]) for entry in [*networks, *installed])
    for entry in networks:
        click.echo(
            f"  {entry['name']:<{width}}  {entry['parameters']:>11,}  {_input(entry):>17}  {entry['description']}  "
            f"[{entry['source']}]"
        )
    click.echo("Installed models:")
    for entry in installed:
        standard = " (default)" if entry["default"] else ""
        size = f"{entry['size_bytes'] / 1e6:.1f} MB"
        told = entry["description"] or ", ".join(entry["classes"])
        what = f"version {entry['version']}  {size:>7}  {entry['network']:>10}"
        click.echo(f"  {entry['name']:<{width}}  {what}  {told}{standard}")
        if entry["headline"]:
            click.echo(f"  {'':<{width}}  measured: {entry['headline']}")
    if not installed:
        click.echo("  none")


def _networks(classes: int) -> list[dict[str, Any]]:
    from resp.models import REGISTRY
    from resp.models.initialise import outline

    return [{"kind": "network", **record.to_dict(), **outline(record.name, classes)._asdict()} for record in REGISTRY]


def _input(entry: dict[str, Any]) -> str:
    rate_hz, samples = entry["rate_hz"], entry["input_samples"]
    return f"{rate_hz / 1000:g} kHz, " + ("any" if samples is None else f"{samples / rate_hz:.2f} s")


def _installed() -> list[dict[str, Any]]:
    from resp.models.folder import DEFAULT_MODEL, WEIGHTS, find_model, installed_models, read_config
    from resp.models.results import headline

    listed = []
    for name in installed_models():
        folder = find_model(name)
        config = read_config(folder)
        listed.append(
            {
                "kind": "installed",
                "name": name,
                "description": config.description,
                "network": config.network,
                "version": config.version,
                "classes": list(config.classes),
                "licence": config.licence,
                "size_bytes": (folder / WEIGHTS).stat().st_size,
                "headline": headline(config.results),
                "default": name == DEFAULT_MODEL,
            }
        )
    return listed
