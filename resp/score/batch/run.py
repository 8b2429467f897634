"""A list of recordings becomes a complete journal."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from resp.models.config import ModelConfig
from resp.score.ahead import prepared_ahead
from resp.score.batch.inputs import Input
from resp.score.batch.journal import Journal
from resp.score.batch.preparing import prepare_input
from resp.score.batch.segment_store import SegmentFile, SegmentStore
from resp.score.batch.workers import WorkerPool
from resp.score.long.sound import LongSound, Opening
from resp.score.prepare import Prepared
from resp.score.schema import Report, Segment

if TYPE_CHECKING:
    from resp.score.long.judge import Keep, LongJudge

Paths = str | os.PathLike[str]
Keeper = Callable[[int], SegmentFile]


class Judge(Protocol):
    """What is asked of a `resp.score.Scorer`."""

    @property
    def config(self) -> ModelConfig:
        """The model's."""
        ...

    @property
    def rate_hz(self) -> int:
        """The network's sampling rate."""
        ...

    def judge_or_fail(self, file: str, made: Prepared | LongSound | Exception, keep: "Keep | None" = None) -> Report:
        """Return the report of what was made of a file."""
        ...

    def long_judge(self, opening: Opening, keep: "Keep | None" = None) -> "LongJudge":
        """Return what takes the other pieces of a long recording."""
        ...

    def failed(self, file: str, error: Exception) -> Report:
        """Return the report of a recording that could not be scored."""
        ...


def score_batch(
    judge: Judge,
    journal: Journal,
    *,
    annotations: Paths | None = None,
    workers: int = 0,
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
    for place, report in _score(judge, journal.inputs, todo, journal.segments, annotations, workers):
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
        for place, report in _score(judge, inputs, range(len(inputs)), store, annotations, workers):
            waiting[place] = report
            while turn in waiting:
                ready = waiting.pop(turn)
                yield ready, store.read(inputs[turn].key().hex(), ready)
                turn += 1


def _score(
    judge: Judge,
    inputs: Sequence[Input],
    todo: Sequence[int],
    store: SegmentStore,
    annotations: Paths | None,
    workers: int,
) -> Iterator[tuple[int, Report]]:
    """Yield place and report of the inputs at the places ``todo``, as they are ready."""

    def keeper(place: int) -> SegmentFile:
        return store.keep(inputs[place].key().hex())

    if workers:
        return _by_workers(judge, inputs, todo, annotations, workers, keeper)
    return _in_process(judge, inputs, todo, annotations, keeper)


def _in_process(
    judge: Judge, inputs: Sequence[Input], todo: Sequence[int], annotations: Paths | None, keeper: Keeper
) -> Iterator[tuple[int, Report]]:
    config, rate_hz = judge.config, judge.rate_hz
    for place, made in prepared_ahead(todo, lambda place: prepare_input(inputs[place], config, rate_hz, annotations)):
        kept = keeper(place)
        report = judge.judge_or_fail(inputs[place].name, made, kept)
        kept.settle(wanted=report.status != "failed")
        yield place, report


def _by_workers(
    judge: Judge,
    inputs: Sequence[Input],
    todo: Sequence[int],
    annotations: Paths | None,
    workers: int,
    keeper: Keeper,
) -> Iterator[tuple[int, Report]]:
    begun: dict[int, _Begun] = {}
    with WorkerPool(min(workers, max(1, len(todo))), judge.config, judge.rate_hz, annotations) as pool:
        for message in pool.messages((place, inputs[place]) for place in todo):
            place, name = message.place, inputs[message.place].name
            if message.kind in ("piece", "again"):
                if message.kind == "again" and (lost := begun.pop(place, None)):
                    lost.kept.settle(wanted=False)
                elif message.kind == "piece":
                    begun.setdefault(place, _Begun(judge, keeper(place))).add(message.value)
                continue
            one = begun.pop(place, None)
            if message.kind == "end" and one:
                report = one.report(name)
            else:
                if one:
                    one.kept.settle(wanted=False)
                report = judge.judge_or_fail(name, message.value)
            yield place, report


class _Begun:
    """A long recording of which some pieces have come."""

    def __init__(self, judge: Judge, kept: SegmentFile) -> None:
        self._judge, self.kept = judge, kept
        self._long: LongJudge | None = None
        self._error: Exception | None = None

    def add(self, piece: object) -> None:
        """Take a piece; after an error those that follow are let go of."""
        if self._error:
            return
        try:
            if isinstance(piece, Opening):
                self._long = self._judge.long_judge(piece, self.kept)
            elif self._long:
                self._long.add(piece)  # type: ignore[arg-type]  # a worker sends nothing else
        except Exception as error:
            self._error = error

    def report(self, name: str) -> Report:
        """Return the report."""
        try:
            if self._error:
                raise self._error
            if self._long is None:
                raise ValueError("a recording without a beginning")
            report = self._long.report()
        except Exception as error:
            report = self._judge.failed(name, error)
        self.kept.settle(wanted=report.status != "failed")
        return report
