"""Losses of target distributions against PyTorch, SciPy and sums that are written out."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from scipy.special import rel_entr

from resp.losses import (
    LossError,
    binary_cross_entropy,
    kl_to_targets,
    mixed_cross_entropy,
    smooth,
    soft_cross_entropy,
)

LABELS = torch.tensor([0, 1, 2, 3, 0, 0])
ONE_HOT = F.one_hot(LABELS, 4).double()
WEIGHTS = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
SOFT = (soft_cross_entropy, kl_to_targets)


def _logits(seed: int = 0) -> torch.Tensor:
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _targets() -> torch.Tensor:
    targets = _logits(7).softmax(dim=1)
    # Rows of two labels and of one hold zeros.
    return torch.cat([targets[:3], torch.tensor([[0.3, 0.0, 0.7, 0.0], [0.0, 0.0, 0.0, 1.0], [0.5, 0.5, 0.0, 0.0]])])


def test_soft_cross_entropy_is_torchs() -> None:
    torch.testing.assert_close(soft_cross_entropy(_logits(), _targets()), F.cross_entropy(_logits(), _targets()))


def test_divergence_is_scipys() -> None:
    expected = rel_entr(_targets().numpy(), _logits().softmax(dim=1).numpy()).sum(axis=1).mean()
    assert float(kl_to_targets(_logits(), _targets())) == pytest.approx(expected)
    assert float(kl_to_targets(_targets()[:3].log(), _targets()[:3])) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("loss", SOFT)
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_labels_of_one_class_give_the_plain_cross_entropy(loss: Any, weights: torch.Tensor | None) -> None:
    expected = F.cross_entropy(_logits(), LABELS, weights)
    torch.testing.assert_close(loss(_logits(), ONE_HOT, class_weights=weights), expected)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_two_mixed_labels_give_the_mixed_cross_entropy(weights: torch.Tensor | None) -> None:
    partner = torch.tensor([3, 0, 2, 1, 5, 4])
    share = torch.tensor([0.0, 0.1, 0.5, 0.8, 1.0, 0.6], dtype=torch.float64)
    targets = share[:, None] * ONE_HOT + (1 - share[:, None]) * ONE_HOT[partner]
    expected = mixed_cross_entropy(_logits(), LABELS, partner, share, class_weights=weights)
    torch.testing.assert_close(soft_cross_entropy(_logits(), targets, class_weights=weights), expected)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_divergence_and_cross_entropy_have_one_gradient(weights: torch.Tensor | None) -> None:
    gradients = []
    for loss in SOFT:
        logits = _logits().requires_grad_()
        loss(logits, _targets(), class_weights=weights).backward()
        gradients.append(logits.grad)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("over_classes", ["mean", "sum"])
def test_binary_cross_entropy_by_hand(over_classes: Any) -> None:
    total = weighted = 0.0
    for row, targets in zip(_logits(), _targets(), strict=True):
        for place, (z, t) in enumerate(zip(row.tolist(), targets.tolist(), strict=True)):
            p = 1 / (1 + math.exp(-z))
            entropy = -t * math.log(p) - (1 - t) * math.log(1 - p)
            total += entropy
            weighted += entropy * float(WEIGHTS[place]) / float(WEIGHTS.sum())
    factor = 4 if over_classes == "sum" else 1
    plain = binary_cross_entropy(_logits(), _targets(), over_classes=over_classes)
    assert float(plain) == pytest.approx(factor * total / 24)
    loss = binary_cross_entropy(_logits(), _targets(), class_weights=WEIGHTS, over_classes=over_classes)
    assert float(loss) == pytest.approx(factor * weighted / 6)


def test_binary_cross_entropy_is_torchs() -> None:
    several = torch.tensor([[1.0, 0, 1, 0]] * 6)
    expected = F.binary_cross_entropy_with_logits(_logits().float(), several)
    torch.testing.assert_close(binary_cross_entropy(_logits().float(), several), expected)


@pytest.mark.parametrize("loss", [*SOFT, binary_cross_entropy])
def test_gradients_by_finite_differences(loss: Any) -> None:
    logits = _logits(2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, _targets(), class_weights=WEIGHTS), (logits,))


@pytest.mark.parametrize("loss", [*SOFT, binary_cross_entropy])
def test_mixed_precision_computes_in_float32(loss: Any) -> None:
    half = _logits().bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(half, _targets().float())
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(float(loss(half.double(), _targets())), rel=1e-5)


@pytest.mark.parametrize("loss", [*SOFT, binary_cross_entropy])
def test_shapes_that_are_refused(loss: Any) -> None:
    with pytest.raises(LossError, match=r"logits \(6, 4\) and targets \(6,\) of torch.int64; expected"):
        loss(_logits(), LABELS)
    with pytest.raises(LossError, match="expected two of one shape"):
        loss(_logits(), ONE_HOT.long())
    with pytest.raises(LossError, match=r"class weights \(3,\); expected \[4\]"):
        loss(_logits(), ONE_HOT, class_weights=torch.ones(3))


def test_smoothing_is_torchs() -> None:
    smoothed = smooth(ONE_HOT, 0.1)
    assert smoothed[0].tolist() == pytest.approx([0.925, 0.025, 0.025, 0.025])
    expected = F.cross_entropy(_logits(), LABELS, label_smoothing=0.1)
    torch.testing.assert_close(soft_cross_entropy(_logits(), smoothed), expected)
    assert torch.equal(smooth(_targets(), 0.0), _targets())


def test_smoothing_that_is_refused() -> None:
    for amount in (-0.1, 1.0, float("nan")):
        with pytest.raises(LossError, match=r"expected a share from 0 to below 1"):
            smooth(ONE_HOT, amount)
    with pytest.raises(LossError, match=r"expected \[batch, classes\] distributions"):
        smooth(LABELS, 0.1)
