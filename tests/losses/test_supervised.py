"""The supervised contrastive loss against a slow version that is written out term by term."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from resp.losses import LossError, supervised_contrastive

GROUPS = torch.tensor([0, 2, 0, 1, 2])


def random_views(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(5, 7, generator=generator), torch.randn(5, 7, generator=generator)


def term_by_term(first: Tensor, second: Tensor, groups: list[int], temperature: float) -> float:
    vectors = [*first, *second]
    group = [*groups, *groups]
    total = 0.0
    for anchor, own in enumerate(vectors):
        similar = {
            other: float(F.cosine_similarity(own, one, dim=0)) / temperature
            for other, one in enumerate(vectors)
            if other != anchor
        }
        everything = math.log(sum(math.exp(value) for value in similar.values()))
        positives = [value for other, value in similar.items() if group[other] == group[anchor]]
        total -= sum(value - everything for value in positives) / len(positives)
    return total / len(vectors)


@pytest.mark.parametrize("temperature", [0.06, 0.5])
def test_it_is_the_sum_of_its_terms(temperature: float) -> None:
    first, second = random_views()
    expected = term_by_term(first, second, GROUPS.tolist(), temperature)
    assert float(supervised_contrastive(first, second, GROUPS, temperature)) == pytest.approx(expected, rel=1e-5)


def test_groups_of_one_leave_the_loss_of_two_views() -> None:
    """NT-Xent (Chen et al., 2020): the cross-entropy of finding the own other view among all others."""
    first, second = random_views(1)
    vectors = F.normalize(torch.cat([first, second]), dim=1)
    logits = (vectors @ vectors.T / 0.1).fill_diagonal_(float("-inf"))
    expected = F.cross_entropy(logits, torch.arange(10).roll(5))
    torch.testing.assert_close(supervised_contrastive(first, second, torch.arange(5), 0.1), expected)


def test_vectors_that_are_apart_by_group_cost_least() -> None:
    axes = torch.eye(3)
    apart = supervised_contrastive(axes[GROUPS], axes[GROUPS], GROUPS)
    together = supervised_contrastive(axes[GROUPS * 0], axes[GROUPS * 0], GROUPS)
    # All positives are alike and everything else is orthogonal: the logarithm of how many positives there are.
    assert float(apart) == pytest.approx((8 * math.log(3) + 2 * math.log(1)) / 10, abs=1e-4)
    assert float(together) == pytest.approx(math.log(9))


def test_unknown_groups_take_no_part() -> None:
    first, second = (view.requires_grad_() for view in random_views(2))
    some = torch.tensor([0, -1, 0, 1, -1])
    known = some >= 0
    loss = supervised_contrastive(first, second, some)
    torch.testing.assert_close(loss, supervised_contrastive(first[known], second[known], some[known]))
    nothing = supervised_contrastive(first, second, torch.full((5,), -1))
    assert float(nothing.detach()) == 0
    nothing.backward()
    assert first.grad is not None
    assert not first.grad.any()


def test_it_is_computed_in_full_precision() -> None:
    first, second = random_views(3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = supervised_contrastive(first, second, GROUPS)
    assert torch.equal(inside, supervised_contrastive(first, second, GROUPS))
    assert supervised_contrastive(first.double(), second.double(), GROUPS).dtype == torch.float64


@pytest.mark.parametrize(
    ("first", "groups", "temperature", "message"),
    [
        (torch.zeros(4, 7), GROUPS, 0.1, r"views \(4, 7\) and \(5, 7\)"),
        (torch.zeros(5, 7), GROUPS[:3], 0.1, r"groups \(3,\)"),
        (torch.zeros(5, 7), GROUPS.float(), 0.1, "expected .5. integers"),
        (torch.zeros(5, 7), GROUPS - 2, 0.1, "-1 for one that is not known"),
        (torch.zeros(5, 7), GROUPS, 0.0, "temperature=0.0"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    first: Tensor, groups: Tensor, temperature: float, message: str
) -> None:
    with pytest.raises(LossError, match=message):
        supervised_contrastive(first, torch.zeros(5, 7), groups, temperature)
