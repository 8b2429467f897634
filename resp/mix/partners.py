"""With whom every sample of a batch is mixed."""

import torch
from torch import Tensor

from resp.mix.errors import MixError


def check_generator(generator: torch.Generator) -> None:
    """Raise `MixError` for a generator that is not on the CPU: devices would not draw alike."""
    if generator.device.type != "cpu":
        raise MixError(f"a generator on {generator.device}; expected a CPU generator, so that all devices agree")


def shuffled_partners(size: int, generator: torch.Generator) -> Tensor:
    """Draw partners as a permutation of the batch: a sample may be its own partner.

    Parameters
    ----------
    size
        Number of samples in the batch.
    generator
        A CPU generator.

    Returns
    -------
    Tensor
        [size] int64 on the CPU.

    Raises
    ------
    MixError
        No samples, or the generator is not on the CPU.
    """
    _check(size, generator)
    return torch.randperm(size, generator=generator)


def other_class_partners(size: int, labels: Tensor | None, generator: torch.Generator) -> Tensor:
    """Draw for each sample a partner of another class, uniformly among all there are in the batch.

    Where no sample has another class, or the classes are not known, the partner is any other sample; the
    only sample of a batch is its own partner.

    Parameters
    ----------
    size
        Number of samples in the batch.
    labels
        [size] class indices, or [size, classes] label distributions, of which two are another class where
        their rows differ at all; None where they are not known.
    generator
        A CPU generator; as much is drawn whatever the labels are.

    Returns
    -------
    Tensor
        [size] int64 on the CPU.

    Raises
    ------
    MixError
        No samples, the labels are not the batch's, or the generator is not on the CPU.
    """
    _check(size, generator)
    uniform = torch.rand(size, generator=generator, dtype=torch.float64)
    if size == 1:
        return torch.zeros(1, dtype=torch.int64)
    group = torch.arange(size) if labels is None else _classes(size, labels)
    if bool((group == group[0]).all()):
        group = torch.arange(size)
    # Sorted by class, everyone of another class stands before or behind the block of one's own class.
    order = torch.argsort(group, stable=True)
    members = torch.bincount(group)
    first = members.cumsum(0) - members
    others = (size - members)[group]
    place = (uniform * others).long()
    place = torch.where(place < first[group], place, place + members[group])
    return order[place]


def _check(size: int, generator: torch.Generator) -> None:
    check_generator(generator)
    if size < 1:
        raise MixError("a batch of no samples; expected at least one")


def _classes(size: int, labels: Tensor) -> Tensor:
    """Return the class of each sample as a number from 0, [size] on the CPU."""
    if labels.ndim not in (1, 2) or len(labels) != size:
        raise MixError(
            f"labels of shape {tuple(labels.shape)} for a batch of {size}; "
            f"expected [{size}] class indices or [{size}, classes]"
        )
    numbers: Tensor = torch.unique(labels.detach().cpu(), dim=0, return_inverse=True)[1]
    return numbers
