"""Distillation against sums that are written out."""

import pytest
import torch
from scipy.special import expit, rel_entr

from resp.losses import LossError, self_distillation


def _logits(seed: int) -> torch.Tensor:
    return 3 * torch.randn(5, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_of_one_distribution(temperature: float) -> None:
    own, theirs = ((_logits(seed) / temperature).softmax(dim=1).numpy() for seed in (0, 1))
    expected = temperature**2 * rel_entr(theirs, own).sum(axis=1).mean()
    assert float(self_distillation(_logits(0), _logits(1), temperature)) == pytest.approx(expected)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_of_independent_classes(temperature: float) -> None:
    own, theirs = (expit((_logits(seed) / temperature).numpy()) for seed in (0, 1))
    expected = (rel_entr(theirs, own) + rel_entr(1 - theirs, 1 - own)).sum(axis=1).mean() * temperature**2
    found = self_distillation(_logits(0), _logits(1), temperature, independent=True)
    assert float(found) == pytest.approx(expected)


@pytest.mark.parametrize("independent", [False, True])
def test_gradient_reaches_the_network_alone_and_ends_at_the_teacher(independent: bool) -> None:
    own, theirs = _logits(0).requires_grad_(), _logits(1).requires_grad_()
    self_distillation(own, theirs, 2.0, independent=independent).backward()
    assert theirs.grad is None
    assert own.grad is not None
    same = _logits(1).requires_grad_()
    loss = self_distillation(same, theirs, 2.0, independent=independent)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0, abs=1e-12)
    torch.testing.assert_close(same.grad, torch.zeros_like(same))


def test_temperature_keeps_the_size_of_the_gradient() -> None:
    """Softened beyond measure, T² · KL becomes half the variance of the difference of logits."""
    difference = _logits(0) - _logits(1)
    expected = 0.5 * difference.var(dim=1, correction=0).mean()
    assert float(self_distillation(_logits(0), _logits(1), 1000.0)) == pytest.approx(float(expected), rel=1e-2)


@pytest.mark.parametrize("independent", [False, True])
def test_half_precision_and_large_logits(independent: bool) -> None:
    loss = self_distillation((100 * _logits(0)).half(), (100 * _logits(1)).half(), independent=independent)
    assert loss.dtype == torch.float32
    assert bool(loss.isfinite())


def test_what_is_refused() -> None:
    with pytest.raises(LossError, match="expected two of one shape"):
        self_distillation(_logits(0), _logits(1)[:3])
    with pytest.raises(LossError, match="temperature=0; expected a positive number"):
        self_distillation(_logits(0), _logits(1), 0)
