"""Batches of clips of one length, drawn the same way from the same seed."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resp.audio.clip import FitMode, fit_length
from resp.audio.time_scale import rescale_time, rescaled_length
from resp.datasets.errors import DataError
from resp.datasets.sampling import balanced_draw
from resp.datasets.waveforms import Waveforms

Targets = Sequence[int] | NDArray[np.int64] | NDArray[np.float32]


class Batch(NamedTuple):
    """Clips, their labels, and which items they are.

    Parameters
    ----------
    waveform
        float32 [batch, time].
    labels
        int64 [batch], or float32 [batch, classes] where an item may have several.
    indices
        int64 [batch].
    """

    waveform: Tensor
    labels: Tensor
    indices: Tensor


def plan_batches(
    waveforms: Waveforms,
    labels: Targets,
    indices: Sequence[int],
    *,
    batch_size: int,
    length: int,
    fit: FitMode = "repeat",
    crop: Literal["start", "random"] = "start",
    fade_samples: int = 0,
    pad: int = 0,
    time_scale: tuple[float, float] | None = None,
    generator: torch.Generator | None = None,
    shuffle: bool = False,
    drop_last: bool = False,
    balanced: bool = False,
    pin_memory: bool = False,
) -> list[Callable[[], Batch]]:
    """Plan to go once through items, in batches of clips of one length.

    A clip has its time scaled, is padded, cropped if it is then longer than ``length``, and filled up if shorter.
    All that is random is drawn from the generator before this returns, so the batches are the same whenever they
    are made, and a generator in the same state gives the same batches.

    Parameters
    ----------
    waveforms
        Where the clips come from.
    labels
        Class index of every item (not only of the chosen ones), or float32 [items, classes] of zeros and ones.
    indices
        The items to go through.
    batch_size
        Clips in a batch; the last one may have fewer.
    length
        Length of a clip in samples.
    fit
        How a shorter clip is brought to that length: ``repeat`` it or pad with ``zero``.
    crop
        Which part of a longer clip is kept: its ``start``, or ``length`` samples from a ``random`` place.
    fade_samples
        Length of the fade out of a repeated clip, in samples.
    pad
        Zeros before, and as many behind, an item that is a whole recording.
    time_scale
        Bounds of the factor that the duration of each item is multiplied by, drawn uniformly on a logarithmic axis
        as in BC learning, so that halving is as likely as doubling (see `resp.audio.rescale_time`); None leaves it.
    generator
        Source of randomness (a CPU generator); needed when anything is random.
    shuffle
        Go through the items in random order instead of the given one.
    drop_last
        Leave out a last batch that is not full.
    balanced
        Draw as many items as there are, with replacement, rare classes as often as common ones (`balanced_draw`).
    pin_memory
        Make tensors from which CUDA can copy while it computes.

    Returns
    -------
    list of callables
        Each makes its batch when it is called, in any thread, and the same one again when called again.

    Raises
    ------
    DataError
        A size below 1, bounds that are none, labels of another shape, an item that does not exist, or no generator
        where one is needed.
    """
    if batch_size < 1 or length < 1 or pad < 0:
        raise DataError(f"batch_size {batch_size}, length {length}, pad {pad}; expected 1 or more, pad 0 or more")
    if time_scale is not None and not 0 < time_scale[0] <= time_scale[1] < float("inf"):
        raise DataError(f"time_scale {list(time_scale)}; expected bounds of a positive factor, such as [0.8, 1.25]")
    if len(labels) != len(waveforms):
        raise DataError(f"{len(labels)} labels for {len(waveforms)} items; expected one for every item")
    order = torch.as_tensor(list(indices), dtype=torch.int64)
    if len(order) and (int(order.min()) < 0 or int(order.max()) >= len(waveforms)):
        raise DataError(f"items {int(order.min())} to {int(order.max())}; there are items 0 to {len(waveforms) - 1}")
    if generator is None and (shuffle or balanced or crop == "random" or time_scale is not None):
        raise DataError(
            "shuffle, balanced, crop='random' and time_scale need a generator; pass a seeded torch.Generator"
        )
    targets = as_targets(labels)
    if balanced and len(order):
        order = order[balanced_draw(targets[order], len(order), generator)]
    elif shuffle:
        order = order[torch.randperm(len(order), generator=generator)]
    places, factors = [0.0] * len(order), [1.0] * len(order)
    if crop == "random":
        places = torch.rand(len(order), generator=generator, dtype=torch.float64).tolist()
    if time_scale is not None:
        low, high = time_scale
        drawn = torch.rand(len(order), generator=generator, dtype=torch.float64)
        factors = (low * (high / low) ** drawn).tolist()

    def make(first: int) -> Batch:
        chosen = order[first : first + batch_size]
        waveform = torch.empty((len(chosen), length), dtype=torch.float32, pin_memory=pin_memory)
        for number, row in enumerate(waveform.numpy(), start=first):
            index, place, factor = int(order[number]), places[number], factors[number]
            _fill(row, waveforms, index, place, factor, pad=pad, fit=fit, fade_samples=fade_samples)
        mine = targets[chosen]
        return Batch(waveform, mine.pin_memory() if pin_memory else mine, chosen)

    count = batch_count(len(order), batch_size, drop_last=drop_last)
    return [partial(make, number * batch_size) for number in range(count)]


def batch_count(items: int, batch_size: int, *, drop_last: bool = False) -> int:
    """Return how many batches `plan_batches` makes of so many items."""
    return items // batch_size if drop_last else -(-items // batch_size)


def as_targets(labels: Targets) -> Tensor:
    """Return int64 [items] or float32 [items, classes]."""
    given = np.asarray(labels)
    if given.ndim == 2 and given.dtype == np.float32:
        return torch.as_tensor(given)
    if given.ndim == 1 and (given.dtype.kind in "iu" or not given.size):
        return torch.as_tensor(given.astype(np.int64))
    raise DataError(
        f"labels {list(given.shape)} of {given.dtype}; expected whole numbers [items], or float32 [items, classes]"
    )


def _fill(
    row: NDArray[np.float32],
    waveforms: Waveforms,
    index: int,
    place: float,
    factor: float,
    *,
    pad: int,
    fit: FitMode,
    fade_samples: int,
) -> None:
    """Fill a row with an item: its time scaled, padded, cropped at ``place`` in [0, 1) of where a crop may start.

    Only what is kept is computed, and read straight into its place where time is not scaled.
    """
    there = waveforms.samples(index)
    scaled = there if factor == 1 else rescaled_length(there, factor)
    pad = pad if waveforms.is_whole(index) else 0
    spare = scaled + 2 * pad - len(row)
    if spare < 0:
        clip = np.pad(rescale_time(waveforms.clip(index), factor), pad)
        row[:] = fit_length(clip, len(row), fit, fade_samples)
        return
    # The row's first sample, counted from the item's first one; negative within the padding before it.
    start = int(place * (spare + 1)) - pad
    first, last = max(start, 0), min(start + len(row), scaled)
    if first >= last:  # padding alone, where that is longer than the row
        row[:] = 0
        return
    row[: first - start] = 0
    row[last - start :] = 0
    kept = row[first - start : last - start]
    if factor == 1:
        waveforms.read(index, first, kept)
    else:
        kept[:] = rescale_time(waveforms.clip(index), factor, first, last)
