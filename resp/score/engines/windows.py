"""The windows that an engine is calibrated and compared on, cut from recordings as scoring cuts them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from resp.audio import Recording, load_recording, synthesise_breathing
from resp.errors import RespError
from resp.models.config import ModelConfig
from resp.score.engines.contract import Floats
from resp.score.errors import ScoreError
from resp.score.inputs import find_inputs
from resp.score.prepare import prepare

_RECORDINGS, _PER_RECORDING = 75, 4
"""How many recordings at most, and windows of each: about 100 windows to calibrate on, 200 to compare on."""
_SYNTHETIC = 9


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows for two uses.

    Parameters
    ----------
    calibrating, compared
        float32 [n, samples]; no recording gives to both, unless there is only one.
    sounds
        What they are of.
    calibrating_recordings, compared_recordings
        How many recordings each are of.
    """

    calibrating: Floats
    compared: Floats
    sounds: Literal["real", "synthetic"]
    calibrating_recordings: int
    compared_recordings: int


def real_windows(folder: Path, config: ModelConfig, rate_hz: int) -> Windows:
    """Cut windows from the recordings of a folder.

    Parameters
    ----------
    folder
        It is searched with its subfolders; recordings evenly spread over it are read.
    config
        The model's: how recordings are cut.
    rate_hz
        The network's.

    Raises
    ------
    ScoreError
        Fewer than two windows could be cut from all that is there; it names the first thing that is wrong.
    """
    files = find_inputs([folder])
    # More than enough, as some may be unusable.
    places = np.unique(np.linspace(0, len(files) - 1, min(len(files), 2 * _RECORDINGS)).astype(int))
    refused: list[str] = []
    cut: list[Floats] = []
    for place in _from_everywhere(len(places)):
        if len(cut) == _RECORDINGS:
            break
        try:
            windows = _cut(load_recording(files[places[place]]), config, rate_hz)
        except (RespError, OSError) as error:
            refused.append(f"{files[places[place]]}: {error}")
            continue
        if len(windows):
            cut.append(windows)
    if sum(map(len, cut)) < 2:
        first = f" ({refused[0]})" if refused else ""
        raise ScoreError(f"{folder}: no recording to compare or calibrate on{first}; give a folder of usable sounds")
    return _shared(cut, "real")


def synthetic_windows(config: ModelConfig, rate_hz: int) -> Windows:
    """Cut windows from breathing that is made up: the same ones at every call."""
    cut = [_cut(sound, config, rate_hz) for sound in _made_up()]
    return _shared([windows for windows in cut if len(windows)], "synthetic")


def _made_up() -> Iterator[Recording]:
    kinds: tuple[Literal["fine", "coarse"] | None, ...] = (None, "fine", "coarse")
    for seed in range(_SYNTHETIC):
        yield synthesise_breathing(
            duration_s=20.0,
            rate_hz=8000,
            breaths_per_min=12.0 + seed,
            crackles=kinds[seed % len(kinds)],
            wheeze=seed % 2 == 1,
            noise_db=-60.0 + 2 * seed,
            seed=seed,
        ).recording


def _cut(recording: Recording, config: ModelConfig, rate_hz: int) -> Floats:
    prepared = prepare(recording, config, rate_hz, file=recording.source or "a sound")
    if not prepared.spans:
        return np.zeros((0, 0), dtype=np.float32)
    every = np.concatenate(list(prepared.batches(len(prepared.spans))))
    places = np.unique(np.linspace(0, len(every) - 1, min(len(every), _PER_RECORDING)).astype(int))
    chosen: Floats = every[places]
    return chosen


def _from_everywhere(count: int) -> Iterable[int]:
    """Every second place first, so that a shortfall is made up from everywhere too."""
    return [*range(0, count, 2), *range(1, count, 2)]


def _shared(cut: list[Floats], sounds: Literal["real", "synthetic"]) -> Windows:
    if len(cut) == 1:
        cut = [cut[0][0::2], cut[0][1::2]]
    # Two of three are compared on: shares of labels need many windows.
    calibrating = [part for number, part in enumerate(cut) if number % 3 == 0]
    compared = [part for number, part in enumerate(cut) if number % 3]
    return Windows(np.concatenate(calibrating), np.concatenate(compared), sounds, len(calibrating), len(compared))
