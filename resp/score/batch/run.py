"""A list of recordings becomes a complete journal."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from resp.score.batch.inputs import Input
from resp.score.batch.journal import Journal
from resp.score.batch.judge import Judge
from resp.score.batch.segment_store import SegmentFile, SegmentStore
from resp.score.batch.ways import ByWorkers, Paths, Way, in_process
from resp.score.schema import Report, Segment


def score_batch(
    judge: Judge,
    journal: Journal,
    *,
    annotations: Paths | None = None,
    workers: int = 0,
    way: Way | None = None,
    retry_failed: bool = False,
    progress: Callable[[Report], None] = lambda report: None,  # noqa: ARG005
) -> None:
    """Score what a journal lacks, and write it there.

    Parameters
    ----------
    judge
        A scorer.
    journal
        Of the list of recordings; whatever stops this, it can be gone on with.
    annotations
        A folder of annotated cycles; see `resp.score.Scorer.score_paths`.
    workers
        How many processes read and prepare recordings; 0 does so in threads of this one.
    way
        Another way from recordings to reports, such as a `resp.score.batch.cluster.way.OnCluster`.
    retry_failed
        Score those anew that failed.
    progress
        Told each report.

    Raises
    ------
    JournalError
        It cannot be written.
    """
    todo = journal.missing(retry_failed=retry_failed)
    made = _score(judge, journal.inputs, todo, journal.segments, annotations, way or _by(workers))
    # Whatever stops this ends the processes too.
    with closing(made):
        for place, report in made:
            try:
                journal.add(place, report)
            except ValueError as error:
                # Numbers that are none have no place in JSON.
                report = judge.failed(journal.inputs[place].name, error)
                journal.add(place, report)
            progress(report)


def score_in_order(
    judge: Judge, inputs: Sequence[Input], *, annotations: Paths | None = None, workers: int = 0
) -> Iterator[tuple[Report, Iterator[Segment] | None]]:
    """Score inputs without a journal, one after the other as they are ready.

    Parameters
    ----------
    judge, annotations, workers
        See `score_batch`.
    inputs
        The list.

    Yields
    ------
    report, segments
        In the order of the list; the segments of a recording whose report does not hold them, to be read before the
        next report is asked for, and None otherwise.
    """
    with TemporaryDirectory(prefix="resp-") as folder:
        store = SegmentStore(Path(folder, "segments"))
        waiting: dict[int, Report] = {}
        turn = 0
        for place, report in _score(judge, inputs, range(len(inputs)), store, annotations, _by(workers)):
            waiting[place] = report
            while turn in waiting:
                ready = waiting.pop(turn)
                yield ready, store.read(inputs[turn].key().hex(), ready)
                turn += 1


def _by(workers: int) -> Way:
    return ByWorkers(workers) if workers else in_process


def _score(
    judge: Judge,
    inputs: Sequence[Input],
    todo: Sequence[int],
    store: SegmentStore,
    annotations: Paths | None,
    way: Way,
) -> Generator[tuple[int, Report], None, None]:
    """Yield place and report of the inputs at the places ``todo``, as they are ready."""

    def keeper(place: int) -> SegmentFile:
        return store.keep(inputs[place].key().hex())

    with closing(way(judge, inputs, todo, annotations, keeper)) as made:
        for place, report in made:
            yield place, _with_known(report, inputs[place])


def _with_known(report: Report, item: Input) -> Report:
    """Say of a recording that failed what the list does: it was not read, and knows nothing itself."""
    told = item.known.given()
    if report.status != "failed" or not told:
        return report
    return report.model_copy(update={"recording": report.recording.model_copy(update=told)})
