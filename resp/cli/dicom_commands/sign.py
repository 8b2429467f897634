"""``resp dicom sign``: a preliminary report becomes a verified one."""

from pathlib import Path

import click


@click.command()
@click.argument("sr", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--observer", required=True, metavar="NAME", help="Who verified the findings: Family^Given.")
@click.option("--organization", required=True, help="For which institution.")
@click.option("--observer-id", help="The observer's number there.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The verified document; <name>.verified.dcm beside the given one if not given.",
)
def sign(sr: Path, observer: str, organization: str, observer_id: str | None, out: Path | None) -> None:
    """Turn a preliminary report into a verified one.

    A new document that names the preliminary one as its predecessor; that one is not changed. The findings stay as they
    are: a report that was changed since it was written is refused.
    """
    from resp.dicom.answer import sign as make_signed
    from resp.dicom.answer.files import write_instance

    signed = make_signed(sr, observer, organization, observer_id=observer_id)
    place = out or sr.with_name(f"{sr.name.removesuffix('.dcm')}.verified.dcm")
    write_instance(signed, place)
    click.echo(f"written to {place}", err=True)
