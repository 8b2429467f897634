"""Batches of clips of one length, drawn the same way from the same seed."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from resp.audio.clip import fit_length
from resp.datasets.cache import Waveforms
from resp.datasets.errors import DataError


class Batch(NamedTuple):
    """Clips, their labels, and which items they are.

    Parameters
    ----------
    waveform
        float32 [batch, time].
    labels, indices
        int64 [batch].
    """

    waveform: Tensor
    labels: Tensor
    indices: Tensor


def batches(
    waveforms: Waveforms,
    labels: Sequence[int],
    indices: Sequence[int],
    *,
    batch_size: int,
    length: int,
    fit: Literal["repeat", "zero"] = "repeat",
    crop: Literal["start", "random"] = "start",
    fade_samples: int = 0,
    generator: torch.Generator | None = None,
    shuffle: bool = False,
    drop_last: bool = False,
    balanced: bool = False,
) -> Iterator[Batch]:
    """Go once through items, in batches of clips of one length.

    All that is random is drawn from the generator before the first batch, so the batches are the same however
    fast they are consumed, and a generator in the same state gives the same batches.

    Parameters
    ----------
    waveforms
        Where the clips come from.
    labels
        Class index of every item (not only of the chosen ones).
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
    generator
        Source of randomness (a CPU generator); needed when anything is random.
    shuffle
        Go through the items in random order instead of the given one.
    drop_last
        Leave out a last batch that is not full.
    balanced
        Draw as many items as there are, with replacement, every class equally often on average.

    Returns
    -------
    Iterator of Batch
        Also a plain triple of tensors.

    Raises
    ------
    DataError
        A size below 1, an item that does not exist, or no generator where one is needed.
    """
    if batch_size < 1 or length < 1:
        raise DataError(f"batch_size {batch_size}, length {length}; expected 1 or more of each")
    if len(labels) != len(waveforms):
        raise DataError(f"{len(labels)} labels for {len(waveforms)} items; expected one for every item")
    order = torch.as_tensor(list(indices), dtype=torch.int64)
    if len(order) and (int(order.min()) < 0 or int(order.max()) >= len(waveforms)):
        raise DataError(f"items {int(order.min())} to {int(order.max())}; there are items 0 to {len(waveforms) - 1}")
    if generator is None and (shuffle or balanced or crop == "random"):
        raise DataError("shuffle, balanced and crop='random' need a generator; pass a seeded torch.Generator")
    classes = torch.as_tensor(list(labels), dtype=torch.int64)
    if balanced and len(order):
        order = order[_balanced_draw(classes[order], generator)]
    elif shuffle:
        order = order[torch.randperm(len(order), generator=generator)]
    places = torch.rand(len(order), generator=generator, dtype=torch.float64) if crop == "random" else None

    def generate() -> Iterator[Batch]:
        for first in range(0, len(order), batch_size):
            chosen = order[first : first + batch_size]
            if drop_last and len(chosen) < batch_size:
                return
            clips = np.empty((len(chosen), length), dtype=np.float32)
            for row, index in enumerate(chosen.tolist()):
                clip = waveforms.clip(index)
                spare = len(clip) - length
                if places is not None and spare > 0:
                    start = int(places[first + row] * (spare + 1))
                    clip = clip[start : start + length]
                clips[row] = fit_length(clip, length, fit, fade_samples)
            yield Batch(torch.from_numpy(clips), classes[chosen], chosen)

    return generate()


def batch_count(items: int, batch_size: int, *, drop_last: bool = False) -> int:
    """Return how many batches `batches` makes of so many items."""
    return items // batch_size if drop_last else -(-items // batch_size)


def _balanced_draw(labels: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw positions so that every class that occurs is equally likely."""
    counts = torch.bincount(labels).to(torch.float64)
    return torch.multinomial(1 / counts[labels], len(labels), replacement=True, generator=generator)
