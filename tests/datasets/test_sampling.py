"""Balanced drawing: the weights by a slow count, and the frequencies they lead to."""

import numpy as np
import pytest
import torch

from resp.datasets import DataError
from resp.datasets.sampling import balanced_draw

LABELS = torch.tensor([0] * 80 + [1] * 15 + [3] * 5)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def one_hot(labels):
    return torch.nn.functional.one_hot(labels).to(torch.float32)


def test_one_class_each_draws_the_positions_of_the_reciprocal_counts():
    weights = torch.tensor([1 / LABELS.tolist().count(label) for label in LABELS.tolist()], dtype=torch.float64)
    expected = torch.multinomial(weights, 1000, replacement=True, generator=seeded())
    assert torch.equal(balanced_draw(LABELS, 1000, seeded()), expected)
    drawn = torch.bincount(LABELS[balanced_draw(LABELS, 30_000, seeded())], minlength=4)
    # Three classes of 10 000 each, standard deviation 82.
    assert drawn[2] == 0
    assert (drawn[[0, 1, 3]] - 10_000).abs().max() < 330


def test_one_class_each_as_a_matrix_draws_the_same():
    assert torch.equal(balanced_draw(one_hot(LABELS), 500, seeded()), balanced_draw(LABELS, 500, seeded()))


def test_several_classes_weigh_the_sum_of_their_reciprocal_counts():
    targets = (torch.rand(40, 6, generator=seeded(1)) < torch.tensor([0.9, 0.5, 0.3, 0.1, 0.05, 0])).to(torch.float32)
    weights = np.zeros(40)
    for item in range(40):
        for label in range(6):
            if targets[item, label]:
                weights[item] += 1 / sum(bool(other[label]) for other in targets)
    assert (weights == 0).any()
    count = 200_000
    drawn = np.bincount(balanced_draw(targets, count, seeded()).numpy(), minlength=40)
    expected = count * weights / weights.sum()
    assert (drawn[weights == 0] == 0).all()
    assert (np.abs(drawn - expected) <= 5 * np.sqrt(expected)).all()


def test_inputs_stay_and_a_seed_gives_one_draw():
    targets = one_hot(LABELS)
    before = targets.clone()
    assert torch.equal(balanced_draw(targets, 50, seeded(3)), balanced_draw(targets, 50, seeded(3)))
    assert torch.equal(targets, before)


def test_nothing_to_draw_by_is_refused():
    for targets in (torch.zeros(3, 4), torch.empty(0, dtype=torch.int64)):
        with pytest.raises(DataError, match="has a class to draw it by"):
            balanced_draw(targets, 2, seeded())
