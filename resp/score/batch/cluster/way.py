"""A cluster as a way from recordings to reports."""

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from resp.score.batch.cluster.alone import one_by_one
from resp.score.batch.cluster.connect import connected, last_line, machines
from resp.score.batch.cluster.pools import share_out
from resp.score.batch.cluster.stages import Load, Reading
from resp.score.batch.cluster.stream import streamed
from resp.score.batch.errors import ClusterError
from resp.score.batch.inputs import Input
from resp.score.batch.judge import Judge
from resp.score.batch.ways import Keeper, Paths
from resp.score.schema import Report


@dataclass(frozen=True, slots=True)
class OnCluster:
    """Machines of a Ray cluster prepare and judge; see `resp.score.batch.ways.Way`.

    Parameters
    ----------
    address
        See `resp.score.batch.cluster.connect.connected`.
    load
        Gives the judge on a machine, such as a `resp.score.batch.cluster.model.SentModel`; sent to each as it is.
    gpu, threads, actors
        See `resp.score.batch.cluster.pools.share_out`.
    """

    address: str
    load: Load
    gpu: bool = False
    threads: int | None = None
    actors: int | None = None

    def __call__(
        self, judge: Judge, inputs: Sequence[Input], todo: Sequence[int], annotations: Paths | None, keeper: Keeper
    ) -> Generator[tuple[int, Report], None, None]:
        """Score.

        Raises
        ------
        ClusterError
            It cannot be reached, has no room, another model or another resp, or was lost.
        """
        if not todo:
            return
        told = None if annotations is None else os.path.abspath(annotations)  # noqa: PTH100 - links stay what they are
        reading = Reading(judge.config, judge.rate_hz, told, os.getcwd())  # noqa: PTH109 - a text
        with connected(self.address):
            import ray

            try:
                pools = share_out(machines(), gpu=self.gpu, threads=self.threads, actors=self.actors)
                sent, identity = (ray.put(self.load),), judge.identity
                left = dict.fromkeys(todo)
                for place, report in streamed(inputs, todo, reading, sent, identity, pools):
                    if report is not None and place in left:
                        del left[place]
                        yield place, report
                yield from one_by_one(judge, inputs, list(left), reading, sent, identity, pools, keeper)
            except ray.exceptions.RayError as error:
                raise ClusterError(
                    f"the Ray cluster was lost ({last_line(error)}); "
                    "what was scored is kept: run the same command again"
                ) from error
