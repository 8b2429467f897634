"""Seeds that are computed instead of kept: a run can be taken up anywhere without any generator's state."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import numpy as np
import torch


class Purpose(IntEnum):
    """What random numbers are for; every purpose has a stream of its own."""

    WEIGHTS = 0
    ORDER = 1
    CROPS = 2
    STEP = 3
    HELD_OUT = 4


def derived_seed(seed: int, purpose: Purpose, *place: int) -> int:
    """Return the seed of one purpose at one place of a run, such as (epoch, step, process)."""
    sequence = np.random.SeedSequence([seed, int(purpose), *place])
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)


def derived_generator(seed: int, purpose: Purpose, *place: int) -> torch.Generator:
    """Return a CPU generator seeded with `derived_seed`."""
    return torch.Generator().manual_seed(derived_seed(seed, purpose, *place))


@contextmanager
def own_randomness(device: torch.device) -> Iterator[None]:
    """Give the run torch's global random state, and put it back behind it.

    What cannot be handed a generator (dropout, first weights) draws from it; on CUDA the run also asks for
    deterministic kernels, where there are any.
    """
    cuda = device.type == "cuda"
    was, warned = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    with torch.random.fork_rng(devices=[device] if cuda else []):
        if cuda:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(was, warn_only=warned)
