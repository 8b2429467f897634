"""Gradient reversal against the sign and size that it is defined by."""

import math

import pytest
import torch

from resp.losses import LossError, reversal_factor, reverse_gradient


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0])
def test_values_pass_and_gradients_are_turned(factor: float) -> None:
    value = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    passed = reverse_gradient(value, factor)
    assert torch.equal(passed, value)
    (passed**3).sum().backward()
    torch.testing.assert_close(value.grad, -factor * 3 * value.detach() ** 2)


def test_the_factor_rises_from_nothing_to_nearly_one() -> None:
    assert reversal_factor(0) == 0
    # The same curve: tanh(γ p / 2).
    for progress in (0.1, 0.5, 0.9):
        assert reversal_factor(progress) == pytest.approx(math.tanh(5 * progress))
    assert reversal_factor(1) == pytest.approx(1, abs=1e-4)
    assert reversal_factor(0.5, gamma=2) == pytest.approx(math.tanh(0.5))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(LossError, match="factor=-1"):
        reverse_gradient(torch.zeros(1), -1)
    with pytest.raises(LossError, match=r"progress=1\.5"):
        reversal_factor(1.5)
