"""A batch of recordings becomes one table, whatever stops it on the way."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from resp.report.atomic import clear_unfinished
from resp.report.errors import ReportError
from resp.report.finding_files import FindingFiles
from resp.report.tabular import Level
from resp.report.writers import open_writer
from resp.score.batch.inputs import Inputs
from resp.score.batch.journal import Journal, sync_folder
from resp.score.batch.judge import Judge
from resp.score.batch.run import score_batch
from resp.score.batch.ways import Way
from resp.score.findings import FindingRules
from resp.score.schema import Report


class TableJudge(Judge, Protocol):
    """What is asked of a `resp.score.Scorer`."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Its class names."""
        ...


def write_batch(
    judge: TableJudge,
    inputs: Inputs,
    out: Path,
    form: str,
    *,
    level: Level = "recording",
    rules: FindingRules | None = None,
    files: FindingFiles | None = None,
    journal: Path | None = None,
    parameters: dict[str, Any],
    annotations: Path | None = None,
    workers: int = 0,
    way: Way | None = None,
    retry_failed: bool = False,
    begin: Callable[[int, list[str]], None] = lambda done, told: None,  # noqa: ARG005
    progress: Callable[[Report], None] = lambda report: None,  # noqa: ARG005
    tell: Callable[[str], None] = lambda sentence: None,  # noqa: ARG005
) -> Counter[str]:
    """Score recordings into a journal beside the table, then write the table; return how many have which status.

    Parameters
    ----------
    judge
        A scorer.
    inputs
        The recordings.
    out, form, level, rules
        See `resp.report.open_writer`.
    files
        Writes more files of each recording when the table is there.
    journal
        Its folder, which is then kept, so that other tables can be written from it; None takes ``<out>.journal``, and
        deletes it when all is complete: clips whose recording could not be read are tried again by the next call.
    parameters
        See `resp.score.batch.journal.Journal`.
    annotations, workers, way, retry_failed, progress
        See `resp.score.batch.run.score_batch`.
    begin
        Told how many recordings are not to be scored any more, and what became of a journal that was there.
    tell
        Told in sentences what is missing of ``files``.

    Raises
    ------
    JournalError
        The journal cannot be written, or belongs to another run.
    ReportError
        The table cannot be written.
    """
    counts: Counter[str] = Counter()
    kept_at = journal or Path(f"{out}.journal")
    nothing_to_retry = retry_failed and not kept_at.exists()
    with Journal(kept_at, inputs.all, judge.identity, parameters) as kept:
        told = list(kept.told)
        if nothing_to_retry:
            told.append(f"{kept_at}: no journal of an earlier run, so all is scored; --journal FOLDER keeps one")
        begin(len(inputs.all) - len(kept.missing(retry_failed=retry_failed)), told)
        score_batch(
            judge,
            kept,
            annotations=annotations,
            workers=workers,
            way=way,
            retry_failed=retry_failed,
            progress=progress,
        )
        try:
            if journal is None:
                # The journal's lock says that nobody else writes this table.
                clear_unfinished(out)
                if files:
                    files.clear_unfinished()
            with open_writer(
                out, form, level=level, classes=judge.classes, rules=rules, carried=inputs.carried
            ) as writer:
                for item, (report, segments) in zip(inputs.all, kept.reports(), strict=True):
                    writer.add(report, segments, item.carried)
                    counts[report.status] += 1
            if files:
                for place, (report, segments) in enumerate(kept.reports()):
                    files.write(place, report, segments, tell)
        except OSError as error:
            raise ReportError(
                f"{error.filename or out}: cannot be written ({error.strerror or error}); "
                "what was scored is kept: make room, and run the same command again"
            ) from error
        if journal is None and not (files and files.incomplete):
            # Not before a power cut would leave the table in its place.
            sync_folder(out.parent)
            kept.remove()
    return counts
