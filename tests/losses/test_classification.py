import pytest
import torch
import torch.nn.functional as F

from resp.losses import (
    LossError,
    inverse_frequency_weights,
    mixed_cross_entropy,
)

LABELS = torch.tensor([0, 1, 2, 3, 0, 0])
PARTNER = torch.tensor([3, 0, 2, 1, 5, 4])


def _logits(seed: int = 0) -> torch.Tensor:
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("weight", [0.0, 0.35, 1.0])
@pytest.mark.parametrize("class_weights", [None, torch.tensor([0.1, 0.2, 0.3, 0.4])])
def test_one_share_for_all_is_the_published_formula(weight: float, class_weights: torch.Tensor | None) -> None:
    logits = _logits()
    c = None if class_weights is None else class_weights.double()
    expected = weight * F.cross_entropy(logits, LABELS, c) + (1 - weight) * F.cross_entropy(logits, LABELS[PARTNER], c)
    loss = mixed_cross_entropy(logits, LABELS, PARTNER, weight, class_weights=class_weights)
    assert float(loss) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("class_weights", [None, [0.1, 0.2, 0.3, 0.4]])
def test_shares_may_differ_from_sample_to_sample(class_weights: list[float] | None) -> None:
    logits = _logits(1)
    weight = [0.0, 0.1, 0.5, 0.8, 1.0, 0.6]
    total, counted = 0.0, 0.0
    for i in range(6):
        probability = logits[i].softmax(0)
        for label, share in ((LABELS[i], weight[i]), (LABELS[PARTNER[i]], 1 - weight[i])):
            c = 1.0 if class_weights is None else class_weights[int(label)]
            total -= share * c * float(probability[label].log())
            counted += share * c
    loss = mixed_cross_entropy(
        logits,
        LABELS,
        PARTNER,
        torch.tensor(weight, dtype=torch.float64),
        class_weights=None if class_weights is None else torch.tensor(class_weights, dtype=torch.float64),
    )
    assert float(loss) == pytest.approx(total / counted)


@pytest.mark.parametrize("class_weights", [None, torch.tensor([0.4, 0.1, 0.2, 0.3], dtype=torch.float64)])
def test_gradients_by_finite_differences(class_weights: torch.Tensor | None) -> None:
    logits = _logits(2).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: mixed_cross_entropy(x, LABELS, PARTNER, 0.3, class_weights=class_weights), (logits,)
    )


def test_half_precision_logits_are_summed_in_float32() -> None:
    loss = mixed_cross_entropy(_logits().half(), LABELS, PARTNER, 0.3)
    assert loss.dtype == torch.float32


def test_mixed_cross_entropy_checks_shapes() -> None:
    with pytest.raises(LossError, match="expected"):
        mixed_cross_entropy(_logits(), LABELS[:5], PARTNER, 0.3)
    with pytest.raises(LossError, match="class weights"):
        mixed_cross_entropy(_logits(), LABELS, PARTNER, 0.3, class_weights=torch.ones(3))
    with pytest.raises(LossError, match="partner"):
        mixed_cross_entropy(_logits(), LABELS, PARTNER[:5], 0.3)
    with pytest.raises(LossError, match="weight"):
        mixed_cross_entropy(_logits(), LABELS, PARTNER, -0.1)


def test_inverse_frequency_weights() -> None:
    weights = inverse_frequency_weights([0] * 6 + [1] * 3 + [3], 4)
    # 1/6, 1/3, nothing and 1, over their sum 3/2.
    assert weights.tolist() == pytest.approx([1 / 9, 2 / 9, 0.0, 2 / 3])
    assert torch.equal(weights, inverse_frequency_weights(torch.tensor([0] * 6 + [1] * 3 + [3]), 4))


def test_inverse_frequency_weights_of_the_published_training_part() -> None:
    counts = (2063, 1215, 501, 363)
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    inverse = [1 / count for count in counts]
    expected = [value / sum(inverse) for value in inverse]
    assert inverse_frequency_weights(labels, 4).tolist() == pytest.approx(expected)


def test_inverse_frequency_weights_checks_labels() -> None:
    with pytest.raises(LossError, match="no labels"):
        inverse_frequency_weights([], 4)
    with pytest.raises(LossError, match="expected 0 to 3"):
        inverse_frequency_weights([0, 4], 4)
