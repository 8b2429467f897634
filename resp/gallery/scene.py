"""What everything in a gallery acts on: a clip and another one, at one rate and of one length."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from resp.audio import Limits, Recording, fit_length, load_recording, resample, synthesise_breathing
from resp.gallery.errors import GalleryError

LONGEST_S = 30.0
"""Of a longer clip, the beginning is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A clip, its partner in mixes, and the seed of everything that is drawn.

    Parameters
    ----------
    clip, other
        float32 [time] each, of the same length.
    clip_name, other_name
        What they are.
    rate_hz
        Of both, in Hz.
    seed
        One seed, one gallery.
    cut_from_s
        How long the clip was before its beginning was taken; None where it is whole.
    """

    clip: NDArray[np.float32]
    other: NDArray[np.float32]
    clip_name: str
    other_name: str
    rate_hz: int
    seed: int
    cut_from_s: float | None = None

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(len(self.clip) / self.rate_hz)

    def generator(self, key: str) -> torch.Generator:
        """Return an exhibit's own generator: what it draws depends on no other exhibit."""
        digest = hashlib.sha256(f"{self.seed} {key}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))

    def recording(self, waveform: NDArray[np.float32]) -> Recording:
        """Return a waveform [time] of this scene as a recording."""
        return Recording(waveform, self.rate_hz, source=self.clip_name)


def read_scene(
    clip: str | os.PathLike[str],
    other: str | os.PathLike[str] | None = None,
    *,
    rate_hz: int | None = None,
    seed: int = 0,
) -> Scene:
    """Read a clip and its partner.

    Parameters
    ----------
    clip, other
        Sound files; a partner is synthesised where there is none. Channels are averaged.
    rate_hz
        Rate to resample both to, in Hz; the clip's own where None.
    seed
        Of the synthetic partner too.

    Raises
    ------
    RespError
        A file that is not there or cannot be read, or a rate that no recording has.
    """
    limits = Limits()
    if rate_hz is not None and not (type(rate_hz) is int and limits.min_rate_hz <= rate_hz <= limits.max_rate_hz):
        raise GalleryError(f"a rate of {rate_hz!r} Hz; expected {limits.min_rate_hz} to {limits.max_rate_hz} Hz")
    recording = load_recording(clip, limits=limits)
    wanted_hz = recording.rate_hz if rate_hz is None else rate_hz
    samples = resample(recording.mono(), recording.rate_hz, wanted_hz)
    longest = round(LONGEST_S * wanted_hz)
    length = min(len(samples), longest)
    if other is None:
        partner, partner_name = _synthetic(length, wanted_hz, seed), "synthetic: coarse crackles and wheezes"
    else:
        second = load_recording(other, limits=limits)
        partner, partner_name = resample(second.mono(), second.rate_hz, wanted_hz), Path(other).name
    return Scene(
        clip=samples[:length],
        other=fit_length(partner, length),
        clip_name=Path(clip).name,
        other_name=partner_name,
        rate_hz=wanted_hz,
        seed=seed,
        cut_from_s=recording.duration_s if len(samples) > longest else None,
    )


def _synthetic(length: int, rate_hz: int, seed: int) -> NDArray[np.float32]:
    duration_s = length / rate_hz
    made = synthesise_breathing(
        # As long at least as the shortest that is made; the scene takes its beginning.
        duration_s=max(duration_s, 0.1),
        rate_hz=rate_hz,
        # Two breaths or more, so that there are events in it; a cycle that does not fit has none.
        breaths_per_min=min(max(15.0, 130 / duration_s), 80.0),
        crackles="coarse",
        wheeze=True,
        seed=seed,
    )
    return made.recording.mono()
