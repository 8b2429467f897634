"""Ways from a recording to its report: in this process, or read by worker processes; a cluster is another one."""

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from resp.score.ahead import prepared_ahead
from resp.score.batch.inputs import Input
from resp.score.batch.judge import Judge
from resp.score.batch.long_report import LongReport
from resp.score.batch.preparing import prepare_input
from resp.score.batch.segment_store import SegmentFile
from resp.score.batch.workers import WorkerPool
from resp.score.schema import Report

Paths = str | os.PathLike[str]
Keeper = Callable[[int], SegmentFile]

Way = Callable[[Judge, Sequence[Input], Sequence[int], Paths | None, Keeper], Generator[tuple[int, Report], None, None]]
"""Given a judge, the list, the places in it that are to be scored, a folder of annotations, and what keeps the segments
of the recording at a place that its report is too small for: yields place and report of each, as they are ready."""


def in_process(
    judge: Judge, inputs: Sequence[Input], todo: Sequence[int], annotations: Paths | None, keeper: Keeper
) -> Generator[tuple[int, Report], None, None]:
    """Read and prepare in threads, judge in this one; see `Way`."""
    config, rate_hz = judge.config, judge.rate_hz
    for place, made in prepared_ahead(todo, lambda place: prepare_input(inputs[place], config, rate_hz, annotations)):
        kept = keeper(place)
        report = judge.judge_or_fail(inputs[place].name, made, kept)
        kept.settle(wanted=report.status != "failed")
        yield place, report


@dataclass(frozen=True, slots=True)
class ByWorkers:
    """``count`` processes read and prepare, this one judges; see `Way`."""

    count: int

    def __call__(
        self, judge: Judge, inputs: Sequence[Input], todo: Sequence[int], annotations: Paths | None, keeper: Keeper
    ) -> Generator[tuple[int, Report], None, None]:
        """Score."""
        begun: dict[int, tuple[LongReport, SegmentFile]] = {}
        with WorkerPool(min(self.count, max(1, len(todo))), judge.config, judge.rate_hz, annotations) as pool:
            for message in pool.messages((place, inputs[place]) for place in todo):
                place, name = message.place, inputs[message.place].name
                if message.kind == "piece":
                    if place not in begun:
                        kept = keeper(place)
                        begun[place] = LongReport(judge, kept), kept
                    begun[place][0].add(message.value)
                    continue
                one = begun.pop(place, None)
                if message.kind == "end" and one:
                    report = one[0].report(name)
                    one[1].settle(wanted=report.status != "failed")
                    yield place, report
                    continue
                if one:
                    one[1].settle(wanted=False)
                if message.kind != "again":
                    yield place, judge.judge_or_fail(name, message.value)
