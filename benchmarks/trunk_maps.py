"""What a frozen trunk makes of recordings, computed once; and what learns on it, fed with that map."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from resp.augment import WaveformAugment
from resp.models import create
from resp.models.mn04_speeds import MAP, SpeedTrunk, load_trunk
from resp.models.network import Network
from resp.train.recipe import Recipe

_BATCH = 32


class Maps(NamedTuple):
    """Maps of recordings, flattened, in half precision.

    Parameters
    ----------
    windows
        [windows, size] of the windows by which a recording is judged.
    recording
        [windows] which recording each window is of.
    views
        [views, recordings, size] of random, augmented windows to learn from; no views where none were asked for.
    """

    windows: Tensor
    recording: NDArray[np.int64]
    views: Tensor


def hear(recipe: Recipe, weights: Path, samples: Sequence[NDArray[np.float32]], views: int, seed: int = 0) -> Maps:
    """Run the frozen front of a recipe's network over recordings at its rate, each with a peak of 1.

    Parameters
    ----------
    recipe
        Its network has a frozen trunk; its windows and its augmentation are used.
    weights
        The published ``mn04_as`` checkpoint.
    samples
        Recordings, [time] each.
    views
        How many augmented random windows of each recording to learn from.
    seed
        Of windows and augmentation.
    """
    network = create(recipe.network.name, classes=("any",), **recipe.network.settings).eval()
    load_trunk(network, weights)
    width = recipe.clip.window_samples(network.rate_hz)
    hop = round(recipe.clip.hop_s * network.rate_hz)
    augment = WaveformAugment.of(recipe.augment.waveform, network.rate_hz)
    generator = torch.Generator().manual_seed(seed)
    long = [_filled(sound, width) for sound in samples]
    cut = [_windows(sound, width, hop) for sound in long]
    with torch.inference_mode():
        judged = _run(network, torch.from_numpy(np.concatenate(cut)))
        learned = []
        for _ in range(views):
            starts = [int(torch.randint(len(sound) - width + 1, (), generator=generator)) for sound in long]
            random = np.stack([sound[start : start + width] for sound, start in zip(long, starts, strict=True)])
            learned.append(_run(network, augment(torch.from_numpy(random), generator)))
    recording = np.repeat(np.arange(len(samples)), [len(windows) for windows in cut])
    return Maps(judged, recording, torch.stack(learned) if learned else torch.empty(0, len(samples), judged.shape[1]))


def learner(recipe: Recipe, classes: tuple[str, ...]) -> Network:
    """Return what of a recipe's network learns: the stages behind the map, fed with flattened maps [batch, size].

    Random weights come from torch's global generator.
    """
    whole = create(recipe.network.name, classes=classes, **recipe.network.settings)
    trunk = whole.stages[MAP]
    if not isinstance(trunk, SpeedTrunk):
        raise TypeError(f"the stage {MAP!r} of {recipe.network.name} is a {type(trunk).__name__}, not a SpeedTrunk")
    behind = whole.stage_names[whole.stage_names.index(MAP) + 1 :]
    size = (trunk.channels, trunk.bands, sum(trunk.columns))
    return Network(
        {MAP: nn.Unflatten(1, size), **{name: whole.stages[name] for name in behind}},
        sites=[site for name, site in whole.sites.items() if name in (MAP, *behind)],
        classes=classes,
        rate_hz=whole.rate_hz,
        input_samples=None,
        feature_size=whole.feature_size,
    )


def _filled(sound: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    return np.tile(sound, -(-width // len(sound)))[: max(width, len(sound))] if len(sound) < width else sound


def _windows(sound: NDArray[np.float32], width: int, hop: int) -> NDArray[np.float32]:
    starts = list(range(0, len(sound) - width + 1, hop))
    if starts[-1] + width < len(sound):
        starts.append(len(sound) - width)
    return np.stack([sound[start : start + width] for start in starts])


def _run(network: Network, waves: Tensor) -> Tensor:
    return torch.cat([network.run(part, stop=MAP).flatten(1).half() for part in waves.split(_BATCH)])
