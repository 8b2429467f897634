"""What every condition shares: a pure, seeded change of a recording, before anything else happens to it."""

from abc import ABC, abstractmethod
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resp.audio.recording import Recording


class Condition(ABC):
    """A change of a recording as a room, a device or a file format makes it.

    It is made once for a whole recording, at its own rate and before it is levelled, so that breath cycles of one
    recording share one change and marks in time stay true.
    """

    @abstractmethod
    def change(self, recording: Recording, seed: int) -> Recording:
        """Return the changed recording, of one channel and of the same length in seconds.

        Parameters
        ----------
        recording
            Any rate and number of channels, which are averaged; left as it is.
        seed
            Of all that is random; the same seed and recording give the same samples.
        """


def recording_seed(recording: Recording, seed: int) -> int:
    """Return a seed of a recording's own: it hangs on the sound, not on its name or place in a list."""
    return int.from_bytes(sha256(f"{seed}/{recording.sha256}".encode()).digest()[:7], "big")


def as_batch(recording: Recording) -> Tensor:
    """Return the mean of the channels as float32 [1, time], a copy."""
    return torch.from_numpy(np.array(recording.mono(), dtype=np.float32))[None]


def with_samples(recording: Recording, samples: Tensor | NDArray[np.float32]) -> Recording:
    """Return a recording with other samples [1, time] or [time], and their own checksum."""
    plain = samples.numpy() if isinstance(samples, Tensor) else samples
    return recording.with_known(samples=plain, sha256="")
