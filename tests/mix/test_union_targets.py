import pytest
import torch

from resp.mix import MixDraw, mixed_targets, union_targets


def _draw(partner: list[int], weight: list[float]) -> MixDraw:
    return MixDraw(torch.tensor(partner), torch.tensor(weight))


def test_both_labels_count_in_full_until_the_partner_is_hardly_there() -> None:
    draw = _draw([1, 2, 3, 0], [0.2, 0.89, 0.9, 1.0])
    expected = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert union_targets(torch.eye(4), draw).tolist() == expected


def test_a_label_that_both_have_counts_once() -> None:
    targets = torch.tensor([[1.0, 1.0, 0.0], [0.0, 1.0, 0.3]])
    assert union_targets(targets, _draw([1, 0], [0.5, 0.5])).tolist() == [[1.0, 1.0, pytest.approx(0.3)]] * 2
    # Of one class, or alone, a sample keeps its label.
    same = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    assert torch.equal(union_targets(same, _draw([1, 0], [0.5, 0.5])), same)
    assert torch.equal(union_targets(same[:1], _draw([0], [0.5])), same[:1])


@pytest.mark.parametrize(("drop", "kept"), [(0.5, False), (0.51, True), (0.0, False), (2.0, True)])
def test_the_limit_is_a_setting(drop: float, kept: bool) -> None:
    union = union_targets(torch.eye(2), _draw([1, 0], [0.5, 0.5]), drop=drop)
    assert torch.equal(union, torch.ones(2, 2) if kept else torch.eye(2))


def test_the_targets_are_left_as_they_were_and_keep_their_type() -> None:
    targets = torch.eye(3, dtype=torch.bfloat16)
    before = targets.clone()
    union = union_targets(targets, _draw([2, 0, 1], [0.5, 0.899, 0.95]))
    assert union.dtype == torch.bfloat16
    assert torch.equal(targets, before)
    # bfloat16 would round 0.899 up to 0.9: the weight is compared as it was drawn.
    assert union.float().sum(1).tolist() == [2, 2, 1]


def test_it_never_asks_for_less_than_the_weighted_labels() -> None:
    generator = torch.Generator().manual_seed(0)
    targets = torch.rand(8, 5, generator=generator)
    draw = MixDraw(torch.randperm(8, generator=generator), 0.5 + 0.4 * torch.rand(8, generator=generator))
    assert bool((union_targets(targets, draw) >= mixed_targets(targets, draw) - 1e-6).all())
