"""What several losses check and do first."""

import torch
from torch import Tensor

from resp.losses.errors import LossError


def check_partner(partner: Tensor, size: int) -> None:
    """Refuse partners that are not [size] indices into the batch.

    Raises
    ------
    LossError
        Another shape, numbers that are no integers, or an index out of range.
    """
    if partner.shape != (size,) or partner.is_floating_point():
        raise LossError(f"partner {tuple(partner.shape)} of {partner.dtype}; expected [{size}] integers")
    if size and not 0 <= int(partner.min()) <= int(partner.max()) < size:
        raise LossError(f"partner holds {partner.tolist()}; expected indices from 0 to {size - 1}")


def check_class_weights(class_weights: Tensor | None, classes: int) -> None:
    """Refuse class weights that are not [classes]; None is none.

    Raises
    ------
    LossError
        Another shape.
    """
    if class_weights is not None and class_weights.shape != (classes,):
        raise LossError(f"class weights {tuple(class_weights.shape)}; expected [{classes}], one a class")


def full_precision(values: Tensor) -> Tensor:
    """Return ``values`` in float32, float64 as it is: losses are not computed in half precision."""
    return values if values.dtype == torch.float64 else values.float()


def per_sample_weight(weight: Tensor | float, size: int) -> Tensor:
    """Return ``weight`` (a scalar or [size]) as [size].

    Raises
    ------
    LossError
        Another shape, or a weight outside [0, 1].
    """
    given = torch.as_tensor(weight, dtype=None if isinstance(weight, Tensor) else torch.float64)
    if given.ndim > 1 or (given.ndim == 1 and given.shape[0] != size):
        raise LossError(f"weight {tuple(given.shape)}; expected a scalar or [{size}]")
    if given.numel():
        low, high = float(given.min()), float(given.max())
        if not (low >= 0 and high <= 1):
            raise LossError(f"weight from {low} to {high}; expected values from 0 to 1")
    return given.expand(size)
