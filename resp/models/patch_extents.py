"""Where the patches of a transformer lie in the sound: in seconds and in Hz."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from resp.features import LogMel
from resp.features.mel import mel_centres_hz
from resp.models.ast_stages import Patches, SpectrogramFrontEnd
from resp.models.errors import ModelError
from resp.models.mn04_spectrogram import BINS, HIGH_HZ, STEP_S, Mn04Spectrogram, frame_count
from resp.models.mn04_speeds import SpeedSpectrograms, SpeedTrunk
from resp.models.network import Network

Floats = NDArray[np.float64]

SPECTROGRAM, MAP, PATCHES = "spectrogram", "map", "patches"


@dataclass(frozen=True, slots=True)
class _Cells:
    """Edges of a spectrogram's frames, in seconds of the sound, and of its bins, in Hz."""

    times_s: Floats
    frequencies_hz: Floats


def patch_extents(network: Network, samples: int) -> Floats:
    """Return what stretch of time and frequency each patch of a network was made of.

    Parameters
    ----------
    network
        With a site ``patches`` in a grid of frequency × time.
    samples
        Length of its waveform.

    Returns
    -------
    ndarray
        float64 [N, 4]: start and end in seconds from the beginning of the waveform, lowest and highest frequency in
        Hz. Patches of a convolutional trunk are given their equal share of the spectrogram, not all that their
        receptive field reaches. Of a sound that is heard at several playing speeds each has its own patches, which
        lie at the same moments.

    Raises
    ------
    ModelError
        No such patches, or none whose place is known.
    """
    site = network.sites.get(PATCHES)
    if site is None or site.grid is None:
        raise ModelError(
            "no patches in a grid of frequency × time; "
            f"this network has the stages {', '.join(network.stage_names)}: expected one such as ast or ast_conv"
        )
    spectrograms = _spectrograms(network.stages[SPECTROGRAM], samples) if SPECTROGRAM in network.stages else []
    rows, columns = site.grid
    stage = network.stages[PATCHES]
    trunk = dict(network.stages.items()).get(MAP)
    if isinstance(stage, Patches) and len(spectrograms) == 1:
        times, bands = _sliding(stage, spectrograms[0], rows, columns)
    elif isinstance(trunk, SpeedTrunk) and len(trunk.columns) == len(spectrograms):
        times = np.concatenate(
            [_shared(cells.times_s, count) for cells, count in zip(spectrograms, trunk.columns, strict=True)]
        )
        per_speed = [_shared(cells.frequencies_hz, rows) for cells in spectrograms]
        bands = np.repeat(np.stack(per_speed, axis=1), trunk.columns, axis=1)
    else:
        raise ModelError(f"patches made by {type(stage).__name__}: what sound each was made of is not known")
    if times.shape != (columns, 2) or bands.shape != (rows, columns, 2):
        raise ModelError(f"patches in a grid of {site.grid}; {times.shape[0]} columns are known to lie in time")
    every = np.concatenate([np.broadcast_to(times, bands.shape), bands], axis=2)
    return every.reshape(rows * columns, 4)


def _spectrograms(stage: nn.Module, samples: int) -> list[_Cells]:
    """Return the cells of each spectrogram that a front end makes, in order."""
    if isinstance(stage, SpeedSpectrograms):
        found = []
        for speed, part in zip(stage.speeds, stage.each, strict=True):
            (cells,) = _spectrograms(part, samples)
            # Played k times as fast, it is over k times as soon and sounds k times as high.
            found.append(_Cells(cells.times_s * speed, cells.frequencies_hz / speed))
        return found
    if isinstance(stage, Mn04Spectrogram):
        centres_s = STEP_S * np.arange(frame_count(samples, stage.rate_hz), dtype=np.float64)
        return [_Cells(_edges(centres_s, STEP_S), _bin_edges(BINS, 0.0, HIGH_HZ))]
    if isinstance(stage, SpectrogramFrontEnd):
        return _spectrograms(stage.log_mel, samples)
    if isinstance(stage, LogMel):
        settings = stage.settings
        starts = settings.frame_shift * np.arange(settings.frames(samples), dtype=np.float64)
        centres_s = (starts + settings.frame_length / 2) / settings.rate_hz
        bins = _bin_edges(settings.bins, settings.low_hz, settings.top_hz)
        return [_Cells(_edges(centres_s, settings.frame_shift / settings.rate_hz), bins)]
    return []


def _sliding(stage: Patches, cells: _Cells, rows: int, columns: int) -> tuple[Floats, Floats]:
    """Return the extents of windows that slide over a spectrogram: [columns, 2] and [rows, columns, 2]."""
    (bins, frames), (down, along) = stage.projection.kernel_size, stage.projection.stride
    first_frame, first_bin = along * np.arange(columns), down * np.arange(rows)
    times = np.stack([cells.times_s[first_frame], cells.times_s[first_frame + frames]], axis=1)
    bands = np.stack([cells.frequencies_hz[first_bin], cells.frequencies_hz[first_bin + bins]], axis=1)
    return times, np.repeat(bands[:, None], columns, axis=1)


def _shared(edges: Floats, count: int) -> Floats:
    """Return ``count`` equal stretches of cells that cover all between ``edges``, [count, 2]."""
    cuts = np.interp(np.linspace(0, len(edges) - 1, count + 1), np.arange(len(edges)), edges)
    return np.stack([cuts[:-1], cuts[1:]], axis=1)


def _edges(centres: Floats, step: float) -> Floats:
    return np.append(centres, centres[-1] + step) - step / 2


def _bin_edges(bins: int, low_hz: float, high_hz: float) -> Floats:
    """Return the edges of mel bins: their neighbours' centres half way, the band's own ends outside."""
    centres = mel_centres_hz(bins, low_hz, high_hz).numpy()
    return np.concatenate([[low_hz], (centres[1:] + centres[:-1]) / 2, [high_hz]])
