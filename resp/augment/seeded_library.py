"""Transforms of the library audiomentations, told by a seed what to draw.

The library draws from the global generators of ``random`` and NumPy. Here each clip has a seed of its own, drawn
from the generator of the batch; the global generators are set to it, under a lock, and are put back exactly as they
were. The same seed so gives the same clip in any worker or thread, at any place of a batch. (Only a thread that draws
from the global generators itself, at that very moment, would disturb it and be disturbed.)
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Lock
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from resp.augment.clipwise import Clip, ClipwiseTransform
from resp.augment.spectrum import check_rate

_SEEDS = 2**32
STRETCH_LEAST_RATE_HZ = 100
"""Signalsmith Stretch moves on by 0.03 s: where that is less than one sample, it ends the process."""
# One for the process: the global generators belong to all its threads.
_LOCK = Lock()


class LibraryTransform(ClipwiseTransform):
    """A transform of audiomentations.

    Parameters
    ----------
    rate_hz
        Sampling rate of the waveform.
    probability
        Chance of each sample of a batch; the library's own is always 1.
    settings
        Of the library's class.

    Attributes
    ----------
    library_class
        Name of the library's class.
    least_rate_hz
        The lowest rate that it takes.
    """

    library_class: ClassVar[str]
    least_rate_hz: ClassVar[int] = 1

    def __init__(self, rate_hz: int, probability: float, **settings: Any) -> None:
        super().__init__(probability)
        self.rate_hz = check_rate(rate_hz, self.least_rate_hz)
        # Slow to import, so only where one of these is asked for.
        self._transform = getattr(import_module("audiomentations"), self.library_class)(**settings, p=1.0)

    def draw(self, waveform: Tensor, generator: torch.Generator) -> Tensor:
        """Draw a seed for each clip, int64 [batch], on the CPU."""
        return torch.randint(_SEEDS, (len(waveform),), generator=generator, device=generator.device).cpu()

    def change(self, clip: Clip, drawn: Tensor) -> Clip:
        """Return what the library makes of a clip with a seed."""
        with _seeded(int(drawn)):
            changed: Clip = self._transform(clip, sample_rate=self.rate_hz)
        return changed


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Set the global generators for a moment; nobody else in this room may do so meanwhile."""
    with _LOCK:
        of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  # the library's own
        try:
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)  # noqa: NPY002
