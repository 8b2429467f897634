"""What a recipe trains on: items, their parts, and their waveforms."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from resp.datasets import (
    DataSet,
    Split,
    WaveformCache,
    Waveforms,
    data_fingerprint,
    open_dataset,
    split_dataset,
)
from resp.datasets.batches import Targets, as_targets
from resp.datasets.cache import Progress
from resp.datasets.sampling import balanced_draw
from resp.train.errors import TrainError
from resp.train.recipe import Recipe


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The data of a run.

    Parameters
    ----------
    dataset, split
        Items and their parts; only what is used.
    found
        The data set as it was found, before any limit.
    waveforms
        One clip per item of ``dataset``.
    """

    dataset: DataSet
    split: Split
    found: DataSet
    waveforms: Waveforms

    def describe(self, cache: WaveformCache) -> dict[str, Any]:
        """Return fingerprint, census, and size and patients of every part as plain values."""
        parts = {
            name: {
                "items": len(part),
                "patients": sorted({self.dataset.items[index].patient for index in part}),
                "classes": self.dataset.class_counts(part),
            }
            for name, part in (
                ("train", self.split.train),
                ("validation", self.split.validation),
                ("test", self.split.test),
            )
        }
        return {
            "dataset": self.dataset.name,
            "classes": list(self.dataset.classes),
            "fingerprint": data_fingerprint(self.dataset, cache.memory).to_dict(),
            "census": self.found.census.to_dict(),
            "parts": parts,
            "shared_patients": list(self.split.shared_patients),
            "unassigned_items": len(self.split.unassigned),
            "withheld_items": len(self.split.withheld),
            "learned_from": self._learned_from(),
        }

    def _learned_from(self) -> dict[str, dict[str, int]]:
        """Return patients of every class, and items of every device and site, in the training part."""
        items = [self.dataset.items[index] for index in self.split.train]
        patients: dict[str, set[str]] = {name: set() for name in self.dataset.classes}
        for item in items:
            for label in (item.label, *item.more_labels):
                patients[self.dataset.classes[label]].add(item.patient)
        return {
            "patients_of_class": {name: len(known) for name, known in patients.items()},
            "items_of_device": dict(sorted(Counter(item.device for item in items if item.device).items())),
            "items_of_site": dict(sorted(Counter(item.site for item in items if item.site).items())),
        }


class Parts(NamedTuple):
    """A data set as found, the part of it that is used, and how the latter is divided."""

    found: DataSet
    dataset: DataSet
    split: Split


def open_parts(recipe: Recipe) -> Parts:
    """Open and divide a recipe's data set.

    Raises
    ------
    RespError
        The data cannot be read or divided, or there are fewer training items than one batch.
    """
    found = open_dataset(recipe.data)
    split = split_dataset(found, recipe.data)
    dataset = found
    if recipe.max_items is not None:
        dataset, split = _limit(found, split, recipe.max_items)
    training = recipe.training
    clips = len(split.train) * training.repeats
    if clips < (training.batch_size if training.drop_last else 1):
        raise TrainError(
            f"{dataset.name}: {clips} training clips, fewer than one batch of {training.batch_size}; "
            "take a smaller training.batch_size, or training.drop_last=false"
        )
    return Parts(found, dataset, split)


def open_training_data(
    parts: Parts, recipe: Recipe, cache: WaveformCache, rate_hz: int, progress: Progress | None = None
) -> TrainingData:
    """Give opened parts their waveforms at ``rate_hz``; `DataError` where sounds cannot be read."""
    found, dataset, split = parts
    clip = recipe.clip
    waveforms = cache.open(dataset, rate_hz, clip.fade_samples, clip.level, trim_db=clip.trim_db, progress=progress)
    return TrainingData(dataset, split, found, waveforms)


def epoch_order(
    labels: Targets, indices: Sequence[int], *, repeats: int, balanced: bool, generator: torch.Generator
) -> Tensor:
    """Draw the order in which an epoch goes through items.

    Parameters
    ----------
    labels
        Class of every item of the data set, or float32 [items, classes] of zeros and ones.
    indices
        The training items.
    repeats
        How often each comes.
    balanced
        Draw with replacement, rare classes as often as common ones (`balanced_draw`), instead of each item
        ``repeats`` times.
    generator
        Source of randomness.

    Returns
    -------
    Tensor
        [items × repeats] int64.
    """
    items = torch.as_tensor(list(indices), dtype=torch.int64)
    count = len(items) * repeats
    if not balanced:
        return items.repeat(repeats)[torch.randperm(count, generator=generator)]
    return items[balanced_draw(as_targets(labels)[items], count, generator)]


def own_share(order: Tensor, batch_size: int, *, drop_last: bool, process: int, processes: int) -> Tensor:
    """Return what one process takes of an epoch's order: an equal share of every batch.

    All processes together go through the very batches of a single one; a last batch that does not divide
    loses its remainder.
    """
    whole = len(order) // batch_size * batch_size
    if not drop_last:
        whole += (len(order) - whole) // processes * processes
    batches = torch.split(order[:whole], batch_size)
    return torch.cat([batch[process::processes] for batch in batches])


def _limit(dataset: DataSet, split: Split, most: int) -> tuple[DataSet, Split]:
    """Keep at most so many items of every part, one class after another."""
    chosen = [_one_class_after_another(dataset, part, most) for part in (split.train, split.validation, split.test)]
    kept = sorted(index for part in chosen for index in part)
    place = {index: position for position, index in enumerate(kept)}
    train, validation, test = (tuple(sorted(place[index] for index in part)) for part in chosen)
    items = tuple(dataset.items[index] for index in kept)
    return replace(dataset, items=items), replace(
        split, train=train, validation=validation, test=test, unassigned=(), withheld=()
    )


def _one_class_after_another(dataset: DataSet, part: Sequence[int], most: int) -> list[int]:
    queues: list[list[int]] = [[] for _ in dataset.classes]
    for index in part:
        queues[dataset.items[index].label].append(index)
    chosen: list[int] = []
    for depth in range(max(map(len, queues), default=0)):
        for queue in queues:
            if depth < len(queue) and len(chosen) < most:
                chosen.append(queue[depth])
    return chosen
