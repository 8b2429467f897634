"""What a network makes of recordings, heard in overlapping windows, in which scoring asks the same question."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from resp.audio.decode import load_recording
from resp.audio.heart_sounds import synthesise_heart
from resp.audio.measures import band_levels, spectrum
from resp.audio.noises import coloured_noise, handling_noise, mains_hum
from resp.audio.quality import measure_quality
from resp.audio.recording import Recording
from resp.augment.band import BandFilter
from resp.augment.bedside import SLOWEST_HZ, Bedside
from resp.augment.contract import WaveformTransform
from resp.augment.noise import ColouredNoise
from resp.augment.tilt import SpectralTilt
from resp.datasets.sound import prepare_waveform
from resp.evaluate.predicting import item_windows
from resp.models.config import ClipSettings
from resp.models.network import Network
from resp.models.predict import predict_pooled
from resp.train.familiarity.statistics import EDGES_HZ, Floats

Samples = NDArray[np.float32]
Change = Callable[[Samples, int], Samples]

# A sound that is not of a lung may be an hour of music: it is heard in stretches as long as a lung recording.
STRETCH_S, MOST_STRETCHES = 10.0, 12
_MADE_S = 10.0
_MADE_RATES_HZ = (4000, 8000, 16_000, 44_100)
_BATCH = 16


class Heard(NamedTuple):
    """What was heard of recordings.

    Parameters
    ----------
    features
        [recordings, channels] the pooled output of the stage.
    levels
        [recordings, bands] of the spectrum, in dB.
    """

    features: Floats
    levels: Floats


class Ear:
    """Hears recordings with a network.

    Parameters
    ----------
    network, clip
        Of the model. Ends are neither trimmed nor padded, as in scoring; breath cycles are not looked for.
    stage
        A site of the network.
    device
        Where the network runs; None leaves it where it is.
    """

    def __init__(self, network: Network, clip: ClipSettings, stage: str, device: str | None = None) -> None:
        self.network, self.stage, self.device = network, stage, device
        self.clip = clip.model_copy(update={"trim_db": None, "pad_share": 0.0, "crops": None})

    def hear(self, recordings: Iterable[Recording], changes: Sequence[Change | None] = (None,)) -> list[Heard]:
        """Return the features and levels of recordings, once for each change.

        Parameters
        ----------
        recordings
            Any number; one at a time is held.
        changes
            What happens to each waveform before the network hears it, given its number too; None for nothing.
        """
        features: list[list[Floats]] = [[] for _ in changes]
        levels: list[list[Floats]] = [[] for _ in changes]
        rate_hz = self.network.rate_hz
        for number, recording in enumerate(recordings):
            plain = prepare_waveform(recording, rate_hz, self.clip.fade_samples, self.clip.level)
            for place, change in enumerate(changes):
                waveform = plain if change is None else change(plain, number)
                windows = np.stack(item_windows(waveform, self.clip, rate_hz, whole=True))
                _, pooled = predict_pooled(self.network, windows, self.stage, batch_size=_BATCH, device=self.device)
                features[place].append(pooled.astype(np.float64).mean(axis=0))
                levels[place].append(band_levels(spectrum(waveform, rate_hz), EDGES_HZ))
        return [Heard(np.array(heard), np.array(shape)) for heard, shape in zip(features, levels, strict=True)]


class Changed:
    """Change waveforms by augmentations, each by its number in its own way.

    Parameters
    ----------
    transforms
        One after another.
    level
        ``peak`` scales the result to a peak of 1, as scoring would.
    seed
        The same seed, number and waveform give the same result.
    """

    def __init__(self, transforms: Sequence[WaveformTransform[Any]], level: str, seed: int) -> None:
        self._transforms, self._level, self._seed = tuple(transforms), level, seed

    def __call__(self, waveform: Samples, number: int) -> Samples:
        """Return the waveform as it is changed for this number."""
        # Any two neighbouring seeds give unrelated streams.
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1, np.uint32)[0])
        generator = torch.Generator().manual_seed(seed)
        value = torch.from_numpy(waveform.copy())[None]
        for transform in self._transforms:
            value = transform(value, generator)
        changed: Samples = value[0].numpy()
        peak = float(np.abs(changed).max())
        return np.asarray(changed / peak, np.float32) if self._level == "peak" and peak > 0 else changed


def other_device(rate_hz: int, level: str, seed: int) -> Changed:
    """Return what a device of another frequency response makes of waveforms of a rate.

    A tilt of up to 4 dB an octave either way, a band of its own, and noise 15 to 40 dB below the sound.
    """
    return Changed(_device(rate_hz), level, seed)


def beside_voices(rate_hz: int, level: str, seed: int) -> tuple[Changed, ...]:
    """Return what voices add to waveforms of a rate, and the same through another device.

    The babble of a ward, 0 to 20 dB below the sound: beside that networks call healthy lungs abnormal
    (benchmarks/kauh_robustness.md). Nothing is returned for rates below those at which sound is synthesised.
    """
    if rate_hz < SLOWEST_HZ:
        return ()
    voices = Bedside(rate_hz, kinds=("babble",), snr_db=(0.0, 20.0))
    return Changed([voices], level, seed), Changed([voices, *_device(rate_hz)], level, seed + 1)


def _device(rate_hz: int) -> list[WaveformTransform[Any]]:
    return [
        SpectralTilt(rate_hz, (-4.0, 4.0)),
        BandFilter(rate_hz, (20.0, 120.0), (900.0, 8000.0)),
        ColouredNoise((15.0, 40.0)),
    ]


def read(paths: Iterable[Path]) -> Iterator[tuple[Path, Recording]]:
    """Yield recordings that can be judged, each with its path; others, such as silence, are left out."""
    for path in paths:
        recording = load_recording(path)
        if measure_quality(recording).verdict != "unusable":
            yield path, recording


def stretches(recording: Recording, most: int) -> Iterator[Recording]:
    """Yield a recording, or where it is long, at most so many evenly spread stretches of 10 s, and never over 12."""
    size = round(STRETCH_S * recording.rate_hz)
    total = recording.samples.shape[1]
    if total < 2 * size:
        yield recording
        return
    for start in np.linspace(0, total - size, max(1, min(most, MOST_STRETCHES, total // size))).astype(int):
        yield Recording(recording.samples[:, start : start + size], recording.rate_hz)


def synthetic_sounds(count: int, seed: int) -> dict[str, list[Recording]]:
    """Return synthetic sounds that are not of a lung: ``heart`` and ``noise``, ``count`` of each.

    Heart sounds lie 20 to 60 dB above white or pink noise; the noises are white, pink, brown, hum and handling in
    turn. Rates are those of common recorders.
    """
    rng = np.random.default_rng(seed)
    made: dict[str, list[Recording]] = {"heart": [], "noise": []}
    for number in range(count):
        rate_hz, own = int(rng.choice(_MADE_RATES_HZ)), int(rng.integers(2**31))
        heart = synthesise_heart(_MADE_S, rate_hz, beats_per_min=float(rng.uniform(50, 130)), seed=own)
        floor = coloured_noise(_MADE_S, rate_hz, exponent=float(rng.integers(2)), seed=own + 1)
        made["heart"].append(_recording(heart + 10 ** (-rng.uniform(20, 60) / 20) * floor, rate_hz))
        kind = number % 5
        if kind < 3:
            noise = coloured_noise(_MADE_S, rate_hz, exponent=float(kind), seed=own)
        elif kind == 3:
            noise = mains_hum(_MADE_S, rate_hz, mains_hz=float(rng.choice([50.0, 60.0])), seed=own)
        else:
            noise = handling_noise(_MADE_S, rate_hz, seed=own)
        made["noise"].append(_recording(noise, rate_hz))
    return made


def _recording(samples: Samples, rate_hz: int) -> Recording:
    return Recording(samples[None].astype(np.float32), rate_hz, synthetic=True)
