"""``resp score``: recordings become a table of reports."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from resp.report import Level
    from resp.score.engines.contract import Choice, Precision

_FORMATS = ("table", "json", "jsonl", "csv", "parquet", "pdf")
_STOPPED = 130


@click.command()
@click.argument("paths", nargs=-1, metavar="FILES|FOLDERS|GLOBS|ADDRESSES...")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
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
    type=click.Choice(["recording", "segment", "finding"]),
    default="recording",
    show_default=True,
    help="A row per recording, per breath cycle or window, or per finding: neighbouring segments that say the same.",
)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="CLASS=P",
    help="With --level finding: a segment counts from this probability, not by its label. May be given several times.",
)
@click.option(
    "--merge-gap",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="With --level finding: join findings of a class with no more than this between them.",
)
@click.option("--model", help="Name of an installed model, or a model folder; the default one if not given.")
@click.option(
    "--annotations",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of annotated breath cycles, <name of the sound file>.txt, in ICBHI's format.",
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV or Parquet list of recordings: path and, where known, site, device, patient, start.",
)
@click.option("--shard", metavar="I/N", help="Score part I of N, the same recordings whatever their order.")
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Processes that decode; a decoder that crashes then costs one file. 0: in this process.",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep what was scored in this folder, to go on from or to write other tables; <OUT>.journal if not given, "
    "deleted when the table is complete.",
)
@click.option("--retry-failed", is_flag=True, help="Score those of the journal anew that failed.")
@click.option("--device", default="cpu", show_default=True, help="Where the network runs: cpu, cuda, cuda:1.")
@click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the network may use.")
@click.option(
    "--engine",
    type=click.Choice(["torch", "onnx", "openvino", "auto"]),
    help="What runs the network; auto: the fastest that agrees, measured once. What an exported model was made for, "
    "else torch.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16", "int8"]),
    help="What it computes in. That of an exported model, else fp32.",
)
@click.option("--quiet", is_flag=True, help="No progress bar and no summary on standard error.")
def score(
    paths: tuple[str, ...],
    out: Path | None,
    form: str | None,
    level: "Level",
    thresholds: tuple[str, ...],
    merge_gap: float | None,
    model: str | None,
    annotations: Path | None,
    manifest: Path | None,
    shard: str | None,
    workers: int,
    journal: Path | None,
    retry_failed: bool,
    device: str,
    threads: int | None,
    engine: "Choice | None",
    precision: "Precision | None",
    quiet: bool,
) -> None:
    """Score recordings: every file gets a row, whatever is wrong with it.

    Folders are searched with their subfolders, "-" reads names from standard input, and s3://, gs://, az:// … are
    read where they lie. With --out a run that was stopped, by whatever, goes on when it is called again. Exit status:
    0 when every recording was scored or abstained on, 1 when any failed, 2 when nothing could be done, 130 when it was
    stopped.
    """
    if not paths and manifest is None:
        raise click.UsageError("nothing to score: name a file, a folder, a glob, an address, or a --manifest")
    if (thresholds or merge_gap is not None) and level != "finding":
        raise click.UsageError("--threshold and --merge-gap decide what a finding is; give --level finding with them")
    if out is None and (journal or retry_failed):
        raise click.UsageError("a journal stands beside a table; name a file with --out")
    from resp.report import ReportError, check_place, format_of, open_writer

    form = form or (format_of(out) if out else "table")
    if out is None and form in ("parquet", "pdf"):
        raise ReportError(f"{form} is no text; name a file with --out FILE.{form}")

    from tqdm import tqdm

    from resp.score import Scorer
    from resp.score.batch import Shard, list_inputs
    from resp.score.batch.inputs import read_names
    from resp.score.findings import FindingRules

    rules = FindingRules(dict(map(_threshold, thresholds)), merge_gap or 0.0)
    named = [name for path in paths for name in (read_names(sys.stdin.buffer.read()) if path == "-" else [path])]
    inputs = list_inputs(named, manifest=manifest, shard=Shard.parse(shard) if shard else None)
    if out is not None and inputs.hold(out):
        raise ReportError(f"--out {out} is one of the recordings and would replace it; name another file")
    if out is not None:
        check_place(out, form)
    scorer = Scorer.load(model, device=device, threads=threads, engine=engine, precision=precision)
    if (engine or precision) and not quiet:
        click.echo(f"engine: {scorer.engine.told()}", err=True)
    rules.check(scorer.classes)
    # On standard error, so that standard output stays a clean table.
    bar: Any = tqdm(total=len(inputs.all), unit="file", disable=quiet, file=sys.stderr)
    counts: Counter[str] = Counter()
    if out is None:
        from resp.score.batch.run import score_in_order

        with bar, open_writer(sys.stdout.buffer, form, level=level, classes=scorer.classes, rules=rules) as writer:
            for report, segments in score_in_order(scorer, inputs.all, annotations=annotations, workers=workers):
                writer.add(report, segments)
                counts[report.status] += 1
                bar.update()
    else:
        from resp.report.batch import write_batch
        from resp.score.batch.parameters import batch_parameters

        def begin(done: int, told: list[str]) -> None:
            bar.update(done)
            for sentence in told if not quiet else ():
                bar.write(sentence, file=sys.stderr)

        try:
            with bar:
                counts = write_batch(
                    scorer,
                    inputs,
                    out,
                    form,
                    level=level,
                    rules=rules,
                    journal=journal,
                    parameters=batch_parameters(
                        device=device,
                        annotations=annotations,
                        engine=scorer.engine.name,
                        precision=scorer.engine.precision,
                    ),
                    annotations=annotations,
                    workers=workers,
                    retry_failed=retry_failed,
                    begin=begin,
                    progress=lambda report: bar.update(),  # noqa: ARG005
                )
        except KeyboardInterrupt:
            click.echo("stopped; what was scored is kept, and the same command goes on", err=True)
            sys.exit(_STOPPED)
        if not quiet:
            click.echo(f"{_told(counts, inputs.repeated)}; written to {out}", err=True)
    if counts["failed"]:
        sys.exit(1)


def _told(counts: Counter[str], repeated: int) -> str:
    told = ", ".join(f"{counts[status]} {status}" for status in ("scored", "abstained", "failed"))
    return f"{told} ({repeated} named again are there once)" if repeated else told


def _threshold(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise click.UsageError(f"--threshold {text!r}; expected CLASS=P, such as crackle=0.4") from error
