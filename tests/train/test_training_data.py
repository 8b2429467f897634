"""What an epoch goes through: order, shares of processes, limits."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch

from resp.datasets import WaveformCache
from resp.train import Recipe, TrainError
from resp.train.data import epoch_order, open_parts, open_training_data, own_share
from resp.train.seeds import Purpose, derived_generator, derived_seed

LABELS = [0] * 80 + [1] * 15 + [2] * 5


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_item_comes_as_often_as_asked() -> None:
    indices = list(range(10, 60))
    order = epoch_order(LABELS, indices, repeats=3, balanced=False, generator=seeded())
    assert Counter(order.tolist()) == dict.fromkeys(indices, 3)
    again = epoch_order(LABELS, indices, repeats=3, balanced=False, generator=seeded())
    other = epoch_order(LABELS, indices, repeats=3, balanced=False, generator=seeded(1))
    assert torch.equal(order, again)
    assert not torch.equal(order, other)


def test_balanced_draws_classes_alike() -> None:
    order = epoch_order(LABELS, range(100), repeats=60, balanced=True, generator=seeded())
    drawn = Counter(LABELS[index] for index in order.tolist())
    assert len(order) == 6000
    # Three classes of 2000 each, standard deviation 37.
    assert all(abs(count - 2000) < 160 for count in drawn.values())
    missing = epoch_order([0, 2, 2], range(3), repeats=1, balanced=True, generator=seeded())
    assert set(missing.tolist()) <= {0, 1, 2}


def test_balanced_draws_items_of_several_classes_by_all_of_them() -> None:
    targets = np.eye(3, dtype=np.float32)[LABELS]
    one = epoch_order(LABELS, range(5, 100), repeats=2, balanced=True, generator=seeded())
    assert torch.equal(epoch_order(targets, range(5, 100), repeats=2, balanced=True, generator=seeded()), one)
    # The one item of a class has as much weight as the 99 of the other together: 3000, standard deviation 39.
    targets = np.zeros((100, 3), dtype=np.float32)
    targets[:, 0] = 1
    targets[7] = [0, 0, 1]
    order = epoch_order(targets, range(100), repeats=60, balanced=True, generator=seeded())
    assert abs(int((order == 7).sum()) - 3000) < 200


@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("processes", [1, 2, 4])
def test_processes_share_the_very_batches(processes: int, drop_last: bool) -> None:
    order = torch.randperm(27, generator=seeded())
    shares = [
        own_share(order, 8, drop_last=drop_last, process=number, processes=processes) for number in range(processes)
    ]
    assert len({len(share) for share in shares}) == 1
    each = 8 // processes
    for first in range(3):
        together = {index for share in shares for index in share[first * each : (first + 1) * each].tolist()}
        assert together == set(order[first * 8 : (first + 1) * 8].tolist())
    used = sum(len(share) for share in shares)
    assert used == (24 if drop_last else 24 + 3 // processes * processes)


def test_a_limit_takes_every_class_from_every_part(recipe_with: Callable[..., Recipe], cache: WaveformCache) -> None:
    parts = open_parts(recipe_with(max_items=6))
    assert len(parts.found) == 40
    assert [len(part) for part in (parts.split.train, parts.split.validation, parts.split.test)] == [6, 6, 6]
    data = open_training_data(parts, recipe_with(max_items=6), cache, 4000)
    assert len(data.waveforms) == len(data.dataset) == 18
    for name in ("train", "validation", "test"):
        assert {data.dataset.items[index].label for index in getattr(data.split, name)} == {0, 1, 2, 3}
    described = data.describe(cache)
    assert described["parts"]["train"]["items"] == 6
    patients = [set(part["patients"]) for part in described["parts"].values()]
    assert not patients[0] & patients[1] | patients[0] & patients[2] | patients[1] & patients[2]
    assert len(described["fingerprint"]["sha256"]) == 64


def test_fewer_items_than_a_batch(recipe_with: Callable[..., Recipe]) -> None:
    with pytest.raises(TrainError, match="training clips, fewer than one batch of 64"):
        open_parts(recipe_with(training={"batch_size": 64}))
    assert open_parts(recipe_with(training={"batch_size": 64, "drop_last": False}))


def test_seeds_differ_by_purpose_and_place() -> None:
    places = [(purpose, epoch, step) for purpose in Purpose for epoch in range(5) for step in range(5)]
    seeds = {derived_seed(0, purpose, epoch, step) for purpose, epoch, step in places}
    assert len(seeds) == len(places)
    assert derived_seed(0, Purpose.STEP, 1) == derived_seed(0, Purpose.STEP, 1)
    assert derived_seed(0, Purpose.STEP, 1) != derived_seed(1, Purpose.STEP, 1)
    assert derived_generator(0, Purpose.STEP).device.type == "cpu"
