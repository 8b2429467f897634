"""The Recording contract: samples, their rate, and what is known of where they come from."""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resp.audio.errors import AudioError


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A piece of sound; every way in (file, upload, microphone, DICOM, array) makes one.

    Parameters
    ----------
    samples
        float32 [channels, time] (or [time] for one channel), nominally in [−1, 1]; kept read-only.
    rate_hz
        Sampling rate in Hz.
    source
        Where it comes from: a path, a file name, ``"microphone"``, ``"synthetic"``.
    sha256
        Checksum of the encoded bytes it was read from, in hexadecimal; of the samples where there were none.
    body_site, device, patient_key, started_at
        What is known; None where it is not.
    synthetic
        True for sound that no chest made.
    notes
        What whoever judges it should know of how it was read; a report repeats them as warnings.

    Raises
    ------
    AudioError
        No samples, samples that are not finite numbers, more than two axes, or a rate that is not positive.
    """

    samples: NDArray[np.float32]
    rate_hz: int
    source: str = "array"
    sha256: str = ""
    body_site: str | None = None
    device: str | None = None
    patient_key: str | None = None
    started_at: datetime | None = None
    synthetic: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        samples = np.atleast_2d(np.array(self.samples, dtype=np.float32, order="C"))
        if samples.ndim != 2:
            raise AudioError(f"{self.source}: samples of shape {samples.shape}; expected [channels, time]")
        if samples.size == 0:
            raise AudioError(f"{self.source}: no samples; the recording is empty")
        if self.rate_hz <= 0:
            raise AudioError(f"{self.source}: a rate of {self.rate_hz} Hz; expected a positive number")
        if not np.isfinite(samples).all():
            bad = int(np.size(samples) - np.isfinite(samples).sum())
            raise AudioError(f"{self.source}: {bad} samples are not finite numbers (NaN or infinite); record again")
        samples.setflags(write=False)
        object.__setattr__(self, "samples", samples)
        if not self.sha256:
            object.__setattr__(self, "sha256", sha256(samples.tobytes()).hexdigest())

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[0])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1] / self.rate_hz)

    def mono(self) -> NDArray[np.float32]:
        """Return the mean of the channels, [time]."""
        one: NDArray[np.float32]
        one = self.samples[0] if self.channels == 1 else self.samples.mean(axis=0, dtype=np.float32)
        return one

    def with_known(self, **known: Any) -> "Recording":
        """Return a copy that knows more: ``body_site``, ``device``, ``patient_key``, ``source`` …."""
        return replace(self, **known)
