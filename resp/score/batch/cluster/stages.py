"""What the processes of a cluster do: one kind reads and prepares, the other holds a model and judges.

Rows travel as Arrow: ``place`` in the list, and a ``value`` that only these processes and the driver read.
"""

import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from resp.models.config import ModelConfig
from resp.score.ahead import one_ahead, prepared_ahead
from resp.score.batch.errors import ClusterError
from resp.score.batch.inputs import Input
from resp.score.batch.judge import Judge
from resp.score.batch.long_report import LongReport
from resp.score.batch.preparing import portable, prepare_input
from resp.score.errors import ScoreError
from resp.score.long.sound import LongSound
from resp.score.prepare import Prepared
from resp.score.schema import ModelIdentity, Report, Segment

Load = Callable[[], Judge]


@dataclass(frozen=True, slots=True)
class Made:
    """What a recording became: ``value`` is None for a long one, which is not carried whole."""

    name: str
    value: Prepared | ScoreError | None


@dataclass(frozen=True, slots=True)
class Broken:
    """A process that cannot judge, and why: no recording's fault, and the end of the batch."""

    reason: str


def check(answer: Any) -> None:
    """Raise `ClusterError` where the answer of a process is that it cannot judge."""
    if isinstance(answer, Broken):
        raise ClusterError(f"a machine of the cluster cannot judge: {answer.reason}")


def encode(rows: Iterable[tuple[int, Any]]) -> pa.Table:
    """Return rows of place and value as a block."""
    pickled = [(place, pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)) for place, value in rows]
    places, values = zip(*pickled, strict=True)
    return pa.table({"place": pa.array(places, pa.int64()), "value": pa.array(values, pa.large_binary())})


def decode(block: pa.Table) -> Iterator[tuple[int, Any]]:
    """Yield place and value of the rows of a block."""
    for place, value in zip(block["place"], block["value"], strict=True):
        yield place.as_py(), pickle.loads(value.as_buffer())


@dataclass(frozen=True, slots=True)
class Reading:
    """How recordings are read.

    Parameters
    ----------
    config, rate_hz, annotations
        See `resp.score.batch.preparing.prepare_input`.
    folder
        From which relative paths count: the driver's own.
    """

    config: ModelConfig
    rate_hz: int
    annotations: str | None
    folder: str

    def __call__(self, item: Input) -> Prepared | LongSound:
        """Read and prepare one."""
        # A machine that does not have the folder says of each recording that it is not there.
        with suppress(OSError):
            os.chdir(self.folder)
        return prepare_input(item, self.config, self.rate_hz, self.annotations)


def prepare_block(block: pa.Table, reading: Reading) -> Iterator[pa.Table]:
    """Prepare the recordings of a block, each a block of its own that is sent as soon as it is large."""
    for (place, item), made in prepared_ahead(decode(block), lambda asked: reading(asked[1])):
        value = None if isinstance(made, LongSound) else portable(made) if isinstance(made, Exception) else made
        yield encode([(place, Made(item.name, value))])


class Judging:
    """Holds a model; an actor.

    Parameters
    ----------
    sent
        Where the cluster keeps what loads the model; in a tuple, as Ray would look into the reference otherwise.
    expected
        Which model that has to be.
    """

    def __init__(self, sent: tuple[Any], expected: ModelIdentity) -> None:
        # What goes wrong is said by each answer: an actor that does not begin is started again and again.
        self._problem: Broken | None = None
        try:
            import ray

            self._judge = ray.get(sent[0])()
            if self._judge.identity != expected:
                there = self._judge.identity
                self._problem = Broken(
                    f"has model {there.name} {there.version} ({there.sha256[:12]}); expected {expected.name} "
                    f"{expected.version} ({expected.sha256[:12]}), as on the machine that asks"
                )
        except Exception as error:
            self._problem = Broken(str(portable(error)))

    def problem(self) -> Broken | None:
        """Return why it cannot judge, if it cannot."""
        return self._problem

    def __call__(self, block: pa.Table) -> Iterator[pa.Table]:
        """Yield the reports of prepared recordings; None for a long one."""
        for place, made in decode(block):
            value: Report | Broken | None = self._problem
            if value is None and made.value is not None:
                value = self._judge.judge_or_fail(made.name, made.value)
            yield encode([(place, value)])

    def alone(self, item: Input, reading: Reading) -> Iterator[list[Segment] | Report]:
        """Read, prepare and judge one recording; yield segments that its report does not hold, and the report."""
        try:
            made = reading(item)
            if not isinstance(made, LongSound):
                yield self._judge.judge_or_fail(item.name, made)
                return
            kept: list[Segment] = []
            long = LongReport(self._judge, kept.extend)
            for piece in one_ahead(made.pieces()):
                long.add(piece)
                if kept:
                    yield list(kept)
                    kept.clear()
            yield long.report(item.name)
        except Exception as error:
            yield self._judge.failed(item.name, error)
