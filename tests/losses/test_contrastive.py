import math

import pytest
import torch
from torch import Tensor, nn

from resp.losses import TARGETS, LossError, Projector, contrastive_target, patch_mix_contrastive


def _slow(
    query: Tensor,
    target: Tensor,
    partner: Tensor,
    weight: list[float],
    temperature: float,
    labels: list[int] | None,
) -> float:
    """The loss as the formula reads, one number at a time."""
    q, t = query.tolist(), target.tolist()
    size = len(q)

    def similarity(i: int, j: int) -> float:
        dot = sum(a * b for a, b in zip(q[i], t[j], strict=True))
        length = math.sqrt(sum(a * a for a in q[i])) * math.sqrt(sum(b * b for b in t[j]))
        return dot / length / temperature

    total = 0.0
    for i in range(size):
        positives = {i: weight[i]}
        positives[int(partner[i])] = positives.get(int(partner[i]), 0.0) + 1 - weight[i]
        positives = {j: share for j, share in positives.items() if share > 0}
        denominator = 0.0
        for k in range(size):
            if labels is not None and k not in positives and labels[k] in {labels[j] for j in positives}:
                continue
            denominator += math.exp(similarity(i, k))
        row_sum = sum(positives.values())
        for j, share in positives.items():
            total -= share / row_sum * math.log(math.exp(similarity(i, j)) / denominator)
    return total / size


def _views(size: int, width: int = 7, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    query = torch.randn(size, width, generator=generator, dtype=torch.float64)
    target = query + torch.randn(size, width, generator=generator, dtype=torch.float64)
    return query, target, torch.randperm(size, generator=generator)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("temperature", [0.06, 1.0])
@pytest.mark.parametrize("with_labels", [False, True])
def test_loss_is_the_slow_loop(size: int, weight: float, temperature: float, with_labels: bool) -> None:
    for seed in range(4):
        query, target, partner = _views(size, seed=seed)
        labels = [i % 3 for i in range(size)] if with_labels else None
        loss = patch_mix_contrastive(
            query,
            target,
            partner,
            weight,
            temperature,
            labels=None if labels is None else torch.tensor(labels),
        )
        assert float(loss) == pytest.approx(
            _slow(query, target, partner, [weight] * size, temperature, labels), rel=1e-10, abs=1e-12
        )


def test_weight_may_differ_from_sample_to_sample() -> None:
    query, target, partner = _views(5)
    weight = torch.tensor([0.0, 0.25, 0.5, 0.9, 1.0])
    loss = patch_mix_contrastive(query, target, partner, weight, 0.1)
    weights = weight.double().tolist()
    assert float(loss) == pytest.approx(_slow(query, target, partner, weights, 0.1, None), rel=1e-10)


def test_an_unmixed_batch_gives_cross_entropy_with_itself() -> None:
    query, target, partner = _views(6)
    cosine = nn.functional.cosine_similarity(query[:, None], target[None], dim=2)
    expected = nn.functional.cross_entropy(cosine / 0.06, torch.arange(6))
    assert float(patch_mix_contrastive(query, target, partner, 1.0)) == pytest.approx(float(expected))


def test_a_lone_sample_costs_nothing() -> None:
    query, target, _ = _views(1)
    assert float(patch_mix_contrastive(query, target, torch.tensor([0]), 0.4)) == pytest.approx(0.0)


def test_fewer_negatives_cost_less() -> None:
    query, target, partner = _views(8)
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 2, 2])
    all_negatives = patch_mix_contrastive(query, target, partner, 0.5, 0.5)
    assert patch_mix_contrastive(query, target, partner, 0.5, 0.5, labels=labels) < all_negatives
    different = torch.arange(8)
    same = patch_mix_contrastive(query, target, partner, 0.5, 0.5, labels=different)
    assert float(same) == pytest.approx(float(all_negatives))


@pytest.mark.parametrize("labels", [None, torch.tensor([0, 1, 0, 1, 2])])
def test_gradients_by_finite_differences(labels: Tensor | None) -> None:
    query, target, partner = _views(5, width=4)
    query.requires_grad_()
    target.requires_grad_()
    weight = torch.tensor([0.2, 0.2, 0.7, 1.0, 0.0], dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda q, t: patch_mix_contrastive(q, t, partner, weight, 0.3, labels=labels), (query, target)
    )


def test_length_does_not_matter_and_inputs_are_untouched() -> None:
    query, target, partner = _views(4)
    before = query.clone(), target.clone(), partner.clone()
    loss = patch_mix_contrastive(query, target, partner, 0.4)
    assert float(patch_mix_contrastive(query * 9, target * 0.1, partner, 0.4)) == pytest.approx(float(loss))
    assert all(torch.equal(a, b) for a, b in zip(before, (query, target, partner), strict=True))


def test_mixed_precision_is_computed_in_float32() -> None:
    query, target, partner = _views(6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = patch_mix_contrastive(query.bfloat16(), target.bfloat16(), partner, 0.4)
    expected = patch_mix_contrastive(query.bfloat16().double(), target.bfloat16().double(), partner, 0.4)
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(float(expected), rel=1e-4)


def test_learning_brings_the_query_to_its_positives() -> None:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(6, 16, generator=generator)
    query = torch.randn(6, 16, generator=generator, requires_grad=True)
    partner = torch.tensor([1, 0, 3, 2, 5, 4])
    optimiser = torch.optim.Adam([query], lr=0.1)
    for _ in range(200):
        optimiser.zero_grad()
        patch_mix_contrastive(query, target, partner, 0.7).backward()
        optimiser.step()
    cosine = nn.functional.cosine_similarity(query[:, None], target[None], dim=2)
    for i in range(6):
        assert cosine[i].argsort(descending=True).tolist()[:2] == [i, int(partner[i])]


def test_shapes_and_ranges_are_checked() -> None:
    query, target, partner = _views(3)
    with pytest.raises(LossError, match="one shape"):
        patch_mix_contrastive(query, target[:, :2], partner, 0.5)
    with pytest.raises(LossError, match="one shape"):
        patch_mix_contrastive(query[0], target[0], partner, 0.5)
    with pytest.raises(LossError, match="temperature"):
        patch_mix_contrastive(query, target, partner, 0.5, 0.0)
    with pytest.raises(LossError, match="partner"):
        patch_mix_contrastive(query, target, partner[:2], 0.5)
    with pytest.raises(LossError, match="integers"):
        patch_mix_contrastive(query, target, partner.double(), 0.5)
    with pytest.raises(LossError, match="from 0 to 2"):
        patch_mix_contrastive(query, target, torch.tensor([0, 1, 3]), 0.5)
    with pytest.raises(LossError, match="weight"):
        patch_mix_contrastive(query, target, partner, torch.tensor([0.5, 0.5]))
    with pytest.raises(LossError, match="from 0 to 1"):
        patch_mix_contrastive(query, target, partner, 1.5)
    with pytest.raises(LossError, match="from 0 to 1"):
        patch_mix_contrastive(query, target, partner, float("nan"))
    with pytest.raises(LossError, match="labels"):
        patch_mix_contrastive(query, target, partner, 0.5, labels=torch.tensor([0, 1]))


@pytest.mark.parametrize("mode", TARGETS)
def test_contrastive_target_options(mode: str) -> None:
    projector = Projector(5)
    feature = torch.randn(4, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    target = contrastive_target(feature, projector, mode)  # type: ignore[arg-type]
    expected = projector(feature) if mode.startswith("project") else feature
    assert torch.equal(target, expected)
    assert target.requires_grad == mode.endswith("flow")


def test_unknown_contrastive_target_is_refused() -> None:
    with pytest.raises(LossError, match="grad_block"):
        contrastive_target(torch.zeros(2, 5), Projector(5), "stop")  # type: ignore[arg-type]


def test_projector_is_linear_norm_relu_linear() -> None:
    projector = Projector(6)
    kinds = [type(layer) for layer in projector.layers]
    assert kinds == [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Linear]
    feature = torch.randn(8, 6, generator=torch.Generator().manual_seed(1))
    hidden = feature @ projector.layers[0].weight.T + projector.layers[0].bias
    normal = (hidden - hidden.mean(0)) / (hidden.var(0, unbiased=False) + 1e-5).sqrt()
    expected = normal.clamp(min=0) @ projector.layers[3].weight.T + projector.layers[3].bias
    assert torch.allclose(projector(feature), expected, atol=1e-5)


def test_projector_refuses_what_batch_norm_cannot_train_on() -> None:
    projector = Projector(6)
    with pytest.raises(LossError, match="batch of one"):
        projector(torch.zeros(1, 6))
    assert projector.eval()(torch.zeros(1, 6)).shape == (1, 6)
    with pytest.raises(LossError, match="expected"):
        projector(torch.zeros(2, 5))
    with pytest.raises(LossError, match="size 0"):
        Projector(0)
