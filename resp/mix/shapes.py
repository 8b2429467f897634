"""Numbers of a draw, one for each sample, brought to the shape of a batch."""

from torch import Tensor


def per_sample(numbers: Tensor, value: Tensor) -> Tensor:
    """Return ``numbers`` [batch] on the device of ``value``, with as many axes, so that they broadcast over it."""
    return numbers.to(value.device).reshape(-1, *[1] * (value.ndim - 1))
