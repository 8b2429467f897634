"""Ray Data moves recordings through two pools: processes that prepare, and actors that judge."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from resp.score.batch.cluster.pools import Pools
from resp.score.batch.cluster.stages import Judging, Reading, check, decode, encode, prepare_block
from resp.score.batch.inputs import Input
from resp.score.schema import ModelIdentity, Report

# A recording of 18 s is a megabyte when it is prepared; a task costs the driver about a millisecond.
MOST_A_BLOCK = 32
# As often a block is begun again whose process has died.
RETRIES = 1


def streamed(
    inputs: Sequence[Input],
    todo: Sequence[int],
    reading: Reading,
    sent: tuple[Any],
    identity: ModelIdentity,
    pools: Pools,
) -> Iterator[tuple[int, Report | None]]:
    """Yield place and report of recordings, None for a long one.

    Those in a block whose processes died again and again are not among them.

    Parameters
    ----------
    inputs, todo
        The list, and which of it.
    reading, sent, identity
        See `resp.score.batch.cluster.stages`.
    pools
        Their sizes.

    Raises
    ------
    ClusterError
        A machine cannot judge.
    """
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = _context()
    size = min(MOST_A_BLOCK, max(1, len(todo) // (8 * pools.actors)))
    blocks = [
        encode((place, inputs[place]) for place in todo[first : first + size]) for first in range(0, len(todo), size)
    ]
    with ray.data.DataContext.current(context), warnings.catch_warnings():
        # How often is tried again has no argument of its own.
        warnings.simplefilter("ignore")
        prepared = ray.data.from_arrow(blocks).map_batches(
            prepare_block,
            fn_kwargs={"reading": reading},
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=pools.prepare_cpus,
            max_retries=RETRIES,
        )
        judged = prepared.map_batches(
            Judging,
            fn_constructor_args=(sent, identity),
            # A report depends on its recording alone; and with a GPU Ray wants a number.
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=pools.actors),
            num_cpus=pools.cpus,
            num_gpus=pools.gpus,
            max_task_retries=RETRIES,
        )
    for block in judged.iter_batches(batch_size=None, batch_format="pyarrow"):
        for place, value in decode(block):
            check(value)
            yield place, value


def _context() -> Any:
    """Return settings of Ray Data for a batch; those of the program stay what they are."""
    import ray.data

    with warnings.catch_warnings():
        # A copy reads what is deprecated too.
        warnings.simplefilter("ignore")
        context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # What is lost is done again alone, which tells why.
    context.max_errored_blocks = -1
    # An actor may be busy with what others wait for.
    context.execution_no_progress_timeout_s = -1
    return context
