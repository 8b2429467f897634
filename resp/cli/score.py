"""``resp score``: recordings become a table of reports."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from resp.cli.score_options import Chosen, score_options

if TYPE_CHECKING:
    from resp.report.finding_files import FindingFiles
    from resp.score import Report, Scorer
    from resp.score.batch import Inputs
    from resp.score.batch.ways import Way
    from resp.score.findings import FindingRules

_STOPPED = 130


@click.command()
@click.argument("paths", nargs=-1, metavar="FILES|FOLDERS|GLOBS|ADDRESSES...")
@score_options
def score(paths: tuple[str, ...], **options: Any) -> None:
    """Score recordings: every file gets a row, whatever is wrong with it.

    Folders are searched with their subfolders, "-" reads names from standard input, and s3://, gs://, az:// … are
    read where they lie. With --out a run that was stopped, by whatever, goes on when it is called again. Exit status:
    0 when every recording was scored or abstained on, 1 when any failed, 2 when nothing could be done, 130 when it was
    stopped.
    """
    try:
        with _terminated_as_interrupted():
            _score(paths, Chosen(**options))
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        sys.exit(_STOPPED)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM, by which schedulers stop a job, end a run as Ctrl-C does: in order."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _score(paths: tuple[str, ...], chosen: Chosen) -> None:
    if not paths and chosen.manifest is None:
        raise click.UsageError("nothing to score: name a file, a folder, a glob, an address, or a --manifest")
    chosen.check()
    from resp.report import ReportError, check_place, format_of
    from resp.report.tabular import columns

    out = chosen.out
    form = chosen.form or (format_of(out) if out else "table")
    if out is None and form in ("parquet", "pdf"):
        raise ReportError(f"{form} is no text; name a file with --out FILE.{form}")

    from tqdm import tqdm

    from resp.score import Scorer
    from resp.score.batch import Shard, list_inputs
    from resp.score.batch.inputs import read_names
    from resp.score.findings import FindingRules

    rules = FindingRules(chosen.probabilities, chosen.merge_gap or 0.0)
    named = [name for path in paths for name in (read_names(sys.stdin.buffer.read()) if path == "-" else [path])]
    shard = Shard.parse(chosen.shard) if chosen.shard else None
    inputs = list_inputs(named, manifest=chosen.manifest, shard=shard, carry=chosen.carry)
    if out is not None and inputs.hold(out):
        raise ReportError(f"--out {out} is one of the recordings and would replace it; name another file")
    if out is not None:
        check_place(out, form)
    files = _finding_files(chosen, inputs, rules)
    # Of a cluster its machines have the GPUs.
    device = "cpu" if chosen.ray else chosen.device
    scorer = Scorer.load(
        chosen.model, device=device, threads=chosen.threads, engine=chosen.engine, precision=chosen.precision
    )
    if (chosen.engine or chosen.precision) and not chosen.quiet:
        click.echo(f"engine: {scorer.engine.told()}", err=True)
    rules.check(scorer.classes)
    # Before hours of work, not after.
    columns(chosen.level, scorer.classes, inputs.carried)
    # On standard error, so that standard output stays a clean table.
    bar: Any = tqdm(total=len(inputs.all), unit="file", disable=chosen.quiet, file=sys.stderr)
    if out is None:
        counts = _to_standard_output(chosen, scorer, inputs, form, rules, bar)
    else:
        counts = _to_file(chosen, scorer, inputs, out, form, rules, files, bar)
    if counts["failed"] or (files and files.incomplete):
        sys.exit(1)


def _to_standard_output(
    chosen: Chosen, scorer: "Scorer", inputs: "Inputs", form: str, rules: "FindingRules", bar: Any
) -> Counter[str]:
    from resp.report import open_writer
    from resp.score.batch.run import score_in_order

    counts: Counter[str] = Counter()
    writer = open_writer(
        sys.stdout.buffer, form, level=chosen.level, classes=scorer.classes, rules=rules, carried=inputs.carried
    )
    with bar, writer:
        scored = score_in_order(scorer, inputs.all, annotations=chosen.annotations, workers=chosen.workers)
        for item, (report, segments) in zip(inputs.all, scored, strict=True):
            writer.add(report, segments, item.carried)
            counts[report.status] += 1
            bar.update()
    return counts


def _to_file(
    chosen: Chosen,
    scorer: "Scorer",
    inputs: "Inputs",
    out: Path,
    form: str,
    rules: "FindingRules",
    files: "FindingFiles | None",
    bar: Any,
) -> Counter[str]:
    from resp.report.batch import write_batch
    from resp.score.batch.parameters import batch_parameters

    began, heard_s = time.perf_counter(), 0.0

    def progress(report: "Report") -> None:
        nonlocal heard_s
        heard_s += report.recording.duration_s or 0.0
        bar.update()

    def begin(done: int, told: list[str]) -> None:
        bar.update(done)
        for sentence in told if not chosen.quiet else ():
            bar.write(sentence, file=sys.stderr)

    with ExitStack() as stack:
        if chosen.ray:
            # Ray tells there which of its processes died; nothing of ours goes there.
            stack.enter_context(redirect_stdout(stack.enter_context(Path(os.devnull).open("w"))))
        try:
            with bar:
                counts = write_batch(
                    scorer,
                    inputs,
                    out,
                    form,
                    level=chosen.level,
                    rules=rules,
                    files=files,
                    journal=chosen.journal,
                    parameters=batch_parameters(
                        device=chosen.device,
                        annotations=chosen.annotations,
                        engine=scorer.engine.name,
                        precision=scorer.engine.precision,
                    ),
                    annotations=chosen.annotations,
                    workers=chosen.workers,
                    way=_cluster(chosen, scorer),
                    retry_failed=chosen.retry_failed,
                    begin=begin,
                    progress=progress,
                    tell=lambda sentence: bar.write(sentence, file=sys.stderr),
                )
        except KeyboardInterrupt:
            click.echo("stopped; what was scored is kept, and the same command goes on", err=True)
            sys.exit(_STOPPED)
    if not chosen.quiet:
        click.echo(f"{_told(counts, inputs.repeated)}; written to {out}", err=True)
        if heard_s:
            taken_s = time.perf_counter() - began
            click.echo(
                f"{heard_s / 3600:.3g} h of audio in {taken_s:.1f} s, {heard_s / taken_s:.3g} times real time: "
                f"an hour of audio costs {3600 * taken_s / heard_s:.3g} s",
                err=True,
            )
    return counts


def _finding_files(chosen: Chosen, inputs: "Inputs", rules: "FindingRules") -> "FindingFiles | None":
    if not (chosen.label_tracks or chosen.clips):
        return None
    from resp.report.finding_files import FindingFiles

    return FindingFiles([item.name for item in inputs.all], rules, tracks=chosen.label_tracks, clips=chosen.clips)


def _cluster(chosen: Chosen, scorer: "Scorer") -> "Way | None":
    if chosen.ray is None:
        return None
    from resp.score.batch.cluster.model import SentModel
    from resp.score.batch.cluster.way import OnCluster

    return OnCluster(
        chosen.ray,
        SentModel.of(scorer, device=chosen.device, threads=chosen.threads),
        gpu=chosen.device != "cpu",
        threads=chosen.threads,
        actors=chosen.ray_actors,
    )


def _told(counts: Counter[str], repeated: int) -> str:
    told = ", ".join(f"{counts[status]} {status}" for status in ("scored", "abstained", "failed"))
    return f"{told} ({repeated} named again are there once)" if repeated else told
