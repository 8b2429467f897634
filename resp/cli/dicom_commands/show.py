"""``resp dicom show``: what a DICOM file holds."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from resp.report import Level


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The report as JSON, to the last digit.")
def show(file: Path, as_json: bool) -> None:
    """Show the findings of a structured report that resp wrote, or what sound a file holds.

    Exit status 2 where it is neither.
    """
    from resp.dicom.answer.showing import describe_sound, describe_standing, is_report

    if not is_report(file):
        if as_json:
            raise click.UsageError("--json shows reports; the file holds none")
        click.echo("\n".join(describe_sound(file)))
        return

    from resp.dicom.answer import read_sr

    signed = read_sr(file)
    if as_json:
        click.echo(signed.report.model_dump_json(indent=2))
        return

    from resp.report import open_writer

    click.echo("\n".join(describe_standing(signed)) + "\n")
    sys.stdout.flush()
    classes = tuple(signed.report.summary.probabilities) if signed.report.summary else ()
    levels: tuple[Level, ...] = ("recording", "segment") if signed.report.segments else ("recording",)
    for level in levels:
        with open_writer(sys.stdout.buffer, "table", level=level, classes=classes) as writer:
            writer.add(signed.report)
