"""What the scripts that time engines share: the most that a machine multiplies, a stopwatch, a choice of files."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from resp.score.engines.contract import Precision


def peak_rate(precision: Precision, threads: int) -> float:
    """Return the most operations a second that this machine does in a large matrix product."""
    torch.set_num_threads(threads)
    size = 2048
    made = torch.randn(2, size, size)
    if precision == "int8":
        (one, other), product = (20 * made).to(torch.int8), torch._int_mm
    else:
        (one, other), product = made.to(torch.float32 if precision == "fp32" else torch.bfloat16), torch.mm
    product(one, other)
    best = min(timed(lambda: product(one, other)) for _ in range(8))
    return 2 * size**3 / best


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def spread(files: Sequence[Path], count: int) -> list[Path]:
    """Return so many of a list, evenly from its beginning to its end."""
    return [files[place] for place in np.unique(np.linspace(0, len(files) - 1, count).astype(int))]
