"""Sound that is added to the lung's: white noise, the babble of a ward, the heart."""

from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from resp.audio.babble import VOICES, synthesise_babble
from resp.audio.clip import fit_length
from resp.audio.decode import load_recording
from resp.audio.heart_sounds import synthesise_heart
from resp.audio.recording import Recording
from resp.audio.resampling import resample
from resp.augment.spectrum import add_at_ratio
from resp.datasets.clips import SOUND_ENDINGS
from resp.datasets.folders import walk
from resp.evaluate.conditions.contract import Condition, as_batch, recording_seed, with_samples
from resp.evaluate.errors import EvaluationError

Kind = Literal["white", "babble", "heart"]
Samples = NDArray[np.float32]

HEART_BPM = (60.0, 100.0)
# Babble is made once for a rate, and every recording begins somewhere else in one of these.
_SCENES, _SCENE_S = 8, 30.0


class AddedSound(Condition):
    """Add sound at a signal-to-noise ratio of mean powers over the whole recording.

    Parameters
    ----------
    kind
        ``white`` noise; ``babble`` of a ward (`resp.audio.babble`); or the ``heart`` at 60 to 100 beats a minute
        (`resp.audio.heart_sounds`).
    snr_db
        The ratio. The signal is all that was recorded, its own noise included.
    speech
        A folder of recorded speech; babble is then that of six of its files, at the same power.

    Raises
    ------
    EvaluationError
        An unknown kind, a ratio that is not a finite number, or a folder without a sound.
    """

    def __init__(self, kind: Kind, snr_db: float, speech: Path | None = None) -> None:
        if kind not in get_args(Kind):
            raise EvaluationError(f"added sound {kind!r}; expected one of {', '.join(get_args(Kind))}")
        if not np.isfinite(snr_db):
            raise EvaluationError(f"snr_db={snr_db}; expected a finite number of dB, such as 10")
        self.kind = kind
        self.snr_db = float(snr_db)
        self.speech = _speech_files(Path(speech)) if speech is not None and kind == "babble" else ()

    def change(self, recording: Recording, seed: int) -> Recording:
        """Return the recording with the sound added; not clipped, and silence stays silent."""
        own = recording_seed(recording, seed)
        samples = as_batch(recording)
        added = torch.from_numpy(self._added(samples.shape[1], recording.rate_hz, own))[None]
        return with_samples(recording, add_at_ratio(samples, added, torch.tensor([[self.snr_db]])))

    def _added(self, size: int, rate_hz: int, seed: int) -> Samples:
        rng = np.random.default_rng(seed)
        if self.kind == "white":
            return rng.standard_normal(size).astype(np.float32)
        if self.kind == "heart":
            rate = float(rng.uniform(*HEART_BPM))
            return _cut(synthesise_heart(max(1.0, size / rate_hz), rate_hz, beats_per_min=rate, seed=seed), size)
        if self.speech:
            return _chorus([self.speech[index] for index in rng.integers(len(self.speech), size=VOICES)], size, rate_hz)
        scene = _scene(rate_hz, int(rng.integers(_SCENES)))
        return _cut(np.roll(scene, int(rng.integers(scene.size))), size)


@lru_cache(maxsize=2 * _SCENES)
def _scene(rate_hz: int, number: int) -> Samples:
    return synthesise_babble(_SCENE_S, rate_hz, seed=number)


def _cut(sound: Samples, size: int) -> Samples:
    return fit_length(sound, size, "repeat")


def _chorus(files: list[Path], size: int, rate_hz: int) -> Samples:
    """Return several files at once, equally loud."""
    total = np.zeros(size, dtype=np.float32)
    for file in files:
        sound = load_recording(file)
        voice = _cut(resample(sound.mono(), sound.rate_hz, rate_hz), size)
        total += voice / max(float(np.sqrt(np.mean(voice**2))), 1e-9)
    return total


def _speech_files(folder: Path) -> tuple[Path, ...]:
    found = tuple(path for path in walk(folder) if path.suffix.lower() in SOUND_ENDINGS)
    if not found:
        raise EvaluationError(f"{folder}: no sound file found; expected a folder of recorded speech")
    return found
