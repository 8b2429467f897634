"""What items have in common besides their label (device, site, sex, …): the groups that some objectives learn of."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from resp.datasets import DataSet
from resp.datasets.items import Item
from resp.losses.supervised import UNKNOWN
from resp.train.errors import TrainError

AGE, AGE_GROUP, ADULT_FROM_YEARS = "age_years", "age_group", 18.0


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a data set's items.

    Parameters
    ----------
    names
        Of the groups, sorted.
    of_item
        int64 [items], an index into ``names``; −1 where it is not known.
    """

    names: tuple[str, ...]
    of_item: Tensor


def find_groups(dataset: DataSet, part: Sequence[int], by: Sequence[str]) -> Groups:
    """Group items by what is known of them.

    Parameters
    ----------
    dataset
        The items.
    part
        The training items: only what they are is a group, all others are not known.
    by
        ``device``, ``site``, ``patient``, ``class``, ``age_group`` (adult from 18 years, else child), or the name of an
        attribute of the items; several together make one group of those who are alike in all. An item of which one
        is not known belongs to no group.

    Raises
    ------
    TrainError
        There are fewer than two groups: nothing to tell apart.
    """
    names = [_name(dataset, dataset.items[index], by) for index in part]
    known = tuple(sorted({name for name in names if name is not None}))
    if len(known) < 2:
        what = " and ".join(by)
        found = f"all that have one have {known[0]!r}" if known else "none has one"
        raise TrainError(
            f"{dataset.name}: {len(part)} training items, grouped by {what}: {found}; expected two groups or more. "
            "Take another objective.by, or an objective without groups"
        )
    place = {name: number for number, name in enumerate(known)}
    of_item = torch.full((len(dataset),), UNKNOWN, dtype=torch.int64)
    for index, name in zip(part, names, strict=True):
        if name is not None:
            of_item[index] = place[name]
    return Groups(known, of_item)


def _name(dataset: DataSet, item: Item, by: Sequence[str]) -> str | None:
    parts = [_known(dataset, item, key) for key in by]
    return None if None in parts else ", ".join(part for part in parts if part is not None)


def _known(dataset: DataSet, item: Item, key: str) -> str | None:
    if key in ("device", "site", "patient"):
        value: str | None = getattr(item, key)
        return value or None
    if key == "class":
        return dataset.classes[item.label]
    if key == AGE_GROUP and AGE_GROUP not in item.attributes:
        return _age_group(item.attributes.get(AGE))
    return item.attributes.get(key) or None


def _age_group(years: str | None) -> str | None:
    try:
        return None if years is None else "adult" if float(years) >= ADULT_FROM_YEARS else "child"
    except ValueError:
        return None
