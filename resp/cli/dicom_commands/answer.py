"""``resp dicom answer``: score DICOM sound, write the findings as DICOM."""

import sys
from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES|FOLDERS...", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for <name>.sr.dcm, <name>.pdf.dcm and <name>.spectrogram.dcm; made where it is missing.",
)
@click.option("--model", help="Name of an installed model, or a model folder; the default one if not given.")
@click.option("--pdf/--no-pdf", default=True, show_default=True, help="With an Encapsulated PDF.")
@click.option(
    "--capture/--no-capture", default=False, show_default=True, help="With the spectrogram as a Secondary Capture."
)
@click.option("--device", default="cpu", show_default=True, help="Where the network runs: cpu, cuda, cuda:1.")
@click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the network may use.")
@click.option("--quiet", is_flag=True, help="Nothing on standard error but what went wrong.")
def answer(
    files: tuple[Path, ...],
    out: Path,
    model: str | None,
    pdf: bool,
    capture: bool,
    device: str,
    threads: int | None,
    quiet: bool,
) -> None:
    """Score DICOM sound and write the findings into its study: SR, PDF, spectrogram.

    The answers are preliminary and unverified until `resp dicom sign`. Exit status: 0 when every sound was scored or
    abstained on, 1 when a file could not be read or scored, 2 when nothing could be done.
    """
    from resp.dicom.answer.files import answer_files
    from resp.score import Scorer

    scorer = Scorer.load(model, device=device, threads=threads)
    failed = 0
    for outcome in answer_files(files, scorer, out, pdf=pdf, capture=capture):
        failed += outcome.failed
        if outcome.failed or not quiet:
            click.echo(outcome.words(), err=True)
    if failed:
        sys.exit(1)
