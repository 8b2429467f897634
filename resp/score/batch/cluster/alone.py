"""Recordings that a stream of blocks does not carry, each in an actor of its own, so that what it does is told apart.

Long ones come as one stretch after the other. One whose process dies is tried again in a fresh one, in case something
else ended the first, and then fails with that reason.
"""

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from resp.score.batch.cluster.connect import last_line
from resp.score.batch.cluster.pools import Pools
from resp.score.batch.cluster.stages import Judging, Reading, check
from resp.score.batch.errors import ClusterError
from resp.score.batch.inputs import Input
from resp.score.batch.judge import Judge
from resp.score.batch.segment_store import SegmentFile
from resp.score.batch.ways import Keeper
from resp.score.schema import ModelIdentity, Report

TRIES = 2
# Pieces of a long recording that wait for the driver.
_AHEAD = 4


@dataclass(frozen=True, slots=True)
class _Running:
    """A recording that an actor is at."""

    place: int
    actor: Any
    tries: int
    kept: SegmentFile


def one_by_one(
    judge: Judge,
    inputs: Sequence[Input],
    todo: Sequence[int],
    reading: Reading,
    sent: tuple[Any],
    identity: ModelIdentity,
    pools: Pools,
    keeper: Keeper,
) -> Generator[tuple[int, Report], None, None]:
    """Yield place and report of recordings, as they are ready.

    Parameters
    ----------
    judge
        Of the driver; says that a recording failed.
    inputs, todo, keeper
        See `resp.score.batch.ways.Way`.
    reading, sent, identity, pools
        See `resp.score.batch.cluster.stream.streamed`.

    Raises
    ------
    ClusterError
        A machine cannot judge, or actors end before they begin.
    """
    import ray

    make = ray.remote(num_cpus=pools.cpus, num_gpus=pools.gpus)(Judging)
    waiting = deque((place, 1) for place in todo)
    starting: dict[Any, Any] = {}
    idle: list[Any] = []
    running: dict[Any, _Running] = {}
    stillborn = 0
    while waiting or running:
        while waiting and idle:
            (place, tries), actor = waiting.popleft(), idle.pop()
            alone = actor.alone.options(num_returns="streaming", _generator_backpressure_num_objects=_AHEAD)
            running[alone.remote(inputs[place], reading)] = _Running(place, actor, tries, keeper(place))
        while len(starting) < len(waiting) and len(starting) + len(running) < pools.actors:
            actor = make.remote(sent, identity)
            starting[actor.problem.remote()] = actor
        (told, *_), _ = ray.wait([*starting, *running], num_returns=1, fetch_local=False)
        if told in starting:
            actor = starting.pop(told)
            try:
                check(ray.get(told))
            except ray.exceptions.RayActorError as error:
                stillborn += 1
                if stillborn > TRIES:
                    raise ClusterError(f"actors end before they can begin: {last_line(error)}") from error
            else:
                stillborn = 0
                idle.append(actor)
            continue
        one = running[told]
        name = inputs[one.place].name
        try:
            piece = ray.get(next(told))
        except (StopIteration, ray.exceptions.RayTaskError) as error:
            raise ClusterError(f"{name}: a machine of the cluster cannot judge: {last_line(error)}") from error
        except ray.exceptions.RayError:
            del running[told]
            one.kept.settle(wanted=False)
            if one.tries < TRIES:
                waiting.append((one.place, one.tries + 1))
            else:
                crash = ClusterError(f"{name}: scoring it ended the process that did so, twice")
                yield one.place, judge.failed(name, crash)
            continue
        if isinstance(piece, Report):
            del running[told]
            idle.append(one.actor)
            one.kept.settle(wanted=piece.status != "failed")
            yield one.place, piece
        else:
            one.kept(piece)
