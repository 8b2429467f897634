"""``resp score``: recordings become a table of reports."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from resp.report import Level

_FORMATS = ("table", "json", "jsonl", "csv", "parquet", "pdf")


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILES|FOLDERS...", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write here instead of standard output; the file appears when it is complete.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="What to write; else the suffix of --out decides, and a table goes to standard output.",
)
@click.option(
    "--level",
    type=click.Choice(["recording", "segment"]),
    default="recording",
    show_default=True,
    help="A row per recording, or per breath cycle or window.",
)
@click.option("--model", help="Name of an installed model, or a model folder; the default one if not given.")
@click.option(
    "--annotations",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of annotated breath cycles, <name of the sound file>.txt, in ICBHI's format.",
)
@click.option("--device", default="cpu", show_default=True, help="Where the network runs: cpu, cuda, cuda:1.")
@click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the network may use.")
@click.option("--quiet", is_flag=True, help="No progress bar and no summary on standard error.")
def score(
    paths: tuple[Path, ...],
    out: Path | None,
    form: str | None,
    level: "Level",
    model: str | None,
    annotations: Path | None,
    device: str,
    threads: int | None,
    quiet: bool,
) -> None:
    """Score recordings: every file gets a row, whatever is wrong with it.

    Folders are searched with their subfolders. Exit status: 0 when every recording was scored or abstained
    on, 1 when any failed, 2 when nothing could be done.
    """
    from resp.report import ReportError, format_of, open_writer

    form = form or (format_of(out) if out else "table")
    if out is None and form in ("parquet", "pdf"):
        raise ReportError(f"{form} is no text; name a file with --out FILE.{form}")

    from tqdm import tqdm

    from resp.score import Scorer, find_inputs

    files = find_inputs(paths)
    if out is not None and out.resolve() in {file.resolve() for file in files}:
        raise ReportError(f"--out {out} is one of the recordings and would replace it; name another file")
    scorer = Scorer.load(model, device=device, threads=threads)
    counts = {"scored": 0, "abstained": 0, "failed": 0}
    with open_writer(out or sys.stdout.buffer, form, level=level, classes=scorer.classes) as writer:
        reports = scorer.score_paths(files, annotations=annotations)
        # On standard error, so that standard output stays a clean table.
        for report in tqdm(reports, total=len(files), unit="file", disable=quiet, file=sys.stderr):
            writer.add(report)
            counts[report.status] += 1
    if not quiet and out:
        told = ", ".join(f"{count} {status}" for status, count in counts.items())
        click.echo(f"{told}; written to {out}", err=True)
    if counts["failed"]:
        sys.exit(1)
