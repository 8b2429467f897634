"""How the cores and GPUs of a cluster are shared out: a pool that prepares, and a pool of actors that judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resp.score.batch.errors import ClusterError

# Of the processor's time the network takes about so much (benchmarks/shipped_speed.md).
JUDGING_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Pools:
    """What is asked of a cluster.

    Parameters
    ----------
    actors
        How many judge.
    cpus, gpus
        Of each actor.
    prepare_cpus
        Of each process that prepares; there are as many as there is room for.
    """

    actors: int
    cpus: float
    gpus: float
    prepare_cpus: float


def share_out(
    machines: Sequence[Mapping[str, float]], *, gpu: bool = False, threads: int | None = None, actors: int | None = None
) -> Pools:
    """Return the pools for the machines that are there.

    Parameters
    ----------
    machines
        What each has: ``CPU``, and ``GPU`` where it has any.
    gpu
        Whether the network runs on GPUs, one an actor; else each actor takes ``threads`` cores.
    threads
        How many CPU threads an actor's network uses; None is one.
    actors
        How many actors; None takes one a GPU, or the share of the cores that the network needs.

    Raises
    ------
    ClusterError
        There is no room for them, and for a process that prepares beside them.
    """
    cpus = float(threads or 1)
    cores = sum(machine.get("CPU", 0.0) for machine in machines)
    if gpu:
        room = sum(int(min(machine.get("GPU", 0.0), machine.get("CPU", 0.0) // cpus)) for machine in machines)
        what, wanted = f"a GPU and {cpus:g} cores", room
    else:
        room = sum(int(machine.get("CPU", 0.0) // cpus) for machine in machines)
        what, wanted = f"{cpus:g} cores", int(JUDGING_SHARE * cores // cpus)
    if not room:
        raise ClusterError(f"no machine of the cluster has {what}, which is what an actor needs (--threads, --device)")
    chosen = actors or min(room, max(1, wanted))
    while actors is None and chosen > 1 and cores - chosen * cpus < 1:
        chosen -= 1
    if chosen == 1 and cores - cpus < 1:
        # One machine with no core to spare: both work on the same.
        return Pools(1, *((cpus - 1, float(gpu), 1.0) if cpus >= 2 else (0.5, float(gpu), 0.5)))
    if chosen > room or cores - chosen * cpus < 1:
        raise ClusterError(
            f"{chosen} actors with {what} each do not fit beside one core that prepares; "
            f"the cluster has {cores:g} cores, and room for {room} such actors"
        )
    return Pools(chosen, cpus, float(gpu), 1.0)
