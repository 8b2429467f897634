"""``resp dicom anonymise``: files without names."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from resp.dicom.anonymise.dataset import Dates


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILES|FOLDERS...", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to write anonymous files to."
)
@click.option(
    "--dates",
    type=click.Choice(["remove", "shift"]),
    default="remove",
    show_default=True,
    help="Remove dates and times, or move those of a patient back by the same number of days.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the secret that pseudonyms are made of, made if it is not there: later runs then continue this "
    "one. Without it the secret is forgotten at the end.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what was changed in each file, without values: .csv or .json.",
)
@click.option(
    "--keep-map",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write which file became which. It leads back to the patients: keep it as secret as the files.",
)
@click.option("--speech/--no-speech", default=True, show_default=True, help="Listen to every sound for speech.")
@click.option("--model", help="The model that listens for speech; the default one, or a plain measure, if not given.")
@click.option("--quiet", is_flag=True, help="No progress bar and no summary on standard error.")
def anonymise(
    paths: tuple[Path, ...],
    out: Path,
    dates: "Dates",
    key: Path | None,
    report: Path | None,
    keep_map: Path | None,
    speech: bool,
    model: str | None,
    quiet: bool,
) -> None:
    """De-identify DICOM and WAV files after PS3.15 Annex E, Basic Profile.

    Files are told by their number in the order of the command line, as their names may be a person's. Exit status: 0
    when all was written, 1 when a file was refused or speech was heard, 2 when nothing could be done.
    """
    from tqdm import tqdm

    from resp.dicom.anonymise import (
        Pseudonyms,
        anonymise_files,
        check_report_name,
        find_inputs,
        listener,
        read_or_make_key,
        write_map,
        write_report,
    )

    if report is not None:
        check_report_name(report)
    files = find_inputs(paths)
    pseudonyms = Pseudonyms(read_or_make_key(key) if key else None)
    hears = listener(model) if speech else None
    outcomes = []
    for outcome in tqdm(
        anonymise_files(files, out, pseudonyms=pseudonyms, dates=dates, hears_speech=hears),
        total=len(files),
        unit="file",
        disable=quiet,
        file=sys.stderr,
    ):
        outcomes.append(outcome)
        for problem in (*outcome.warnings, *([f"not written: {outcome.refused}"] if outcome.refused else [])):
            tqdm.write(f"file {outcome.number} of {len(files)}: {problem}", file=sys.stderr)
    if report is not None:
        write_report(outcomes, report)
    if keep_map is not None:
        write_map(outcomes, keep_map)
    if not quiet:
        written = sum(outcome.output is not None for outcome in outcomes)
        click.echo(f"{written} of {len(files)} files written to {out}", err=True)
    if any(outcome.refused or outcome.warnings for outcome in outcomes):
        sys.exit(1)
