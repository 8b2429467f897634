"""What follows linear logits, by task: the activation that makes an output of them, and the loss.

=========== ==================== ========================== =============================================
Head        Output               Loss                       Target
=========== ==================== ========================== =============================================
multi_class softmax              categorical cross-entropy  [batch] classes, or [batch, classes] that sum
                                                            to 1
multi_label sigmoid              binary cross-entropy       [batch, classes] from 0 to 1
regression  the logits           mean squared error         [batch, classes]
=========== ==================== ========================== =============================================
"""

from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor

from resp.losses.checks import full_precision
from resp.losses.errors import LossError
from resp.losses.soft import binary_cross_entropy, soft_cross_entropy

Head = Literal["multi_class", "multi_label", "regression"]
HEADS: tuple[Head, ...] = get_args(Head)


def head_output(head: Head, logits: Tensor) -> Tensor:
    """Return what a network with this head says.

    Parameters
    ----------
    head
        The task; see the table above.
    logits
        [batch, classes].

    Returns
    -------
    Tensor
        [batch, classes]: probabilities, or the values themselves for regression; float32 (float64 for float64 logits).

    Raises
    ------
    LossError
        No such head, or logits of another shape.
    """
    exact = _checked(head, logits)
    if head == "multi_class":
        return exact.softmax(1)
    return exact.sigmoid() if head == "multi_label" else exact


def head_loss(head: Head, logits: Tensor, target: Tensor) -> Tensor:
    """Return the loss that belongs to the head, averaged over the batch and, but for ``multi_class``, over classes.

    Parameters
    ----------
    head
        The task; see the table above.
    logits
        [batch, classes].
    target
        What is true; see the table above.

    Returns
    -------
    Tensor
        Scalar; computed in float32 (float64 for float64 logits) even under mixed precision.

    Raises
    ------
    LossError
        No such head, or a target that does not belong to it.
    """
    exact = _checked(head, logits)
    if head == "multi_class" and target.ndim == 1:
        if target.shape != exact.shape[:1] or target.is_floating_point():
            raise LossError(f"target {tuple(target.shape)} of {target.dtype}; expected [{len(exact)}] class indices")
        if len(target) and not 0 <= int(target.min()) <= int(target.max()) < exact.shape[1]:
            raise LossError(f"target holds {target.tolist()}; expected classes from 0 to {exact.shape[1] - 1}")
        return F.cross_entropy(exact, target.to(exact.device))
    if target.shape != exact.shape or not target.is_floating_point():
        raise LossError(
            f"target {tuple(target.shape)} of {target.dtype}; expected floating point {list(exact.shape)} for {head}"
        )
    if head == "regression":
        return F.mse_loss(exact, target.to(exact))
    if target.numel() and not 0 <= float(target.min()) <= float(target.max()) <= 1:
        raise LossError(f"target from {float(target.min())} to {float(target.max())}; expected 0 to 1 for {head}")
    return soft_cross_entropy(exact, target) if head == "multi_class" else binary_cross_entropy(exact, target)


def _checked(head: Head, logits: Tensor) -> Tensor:
    if head not in HEADS:
        raise LossError(f"no head {head!r}; expected one of {', '.join(HEADS)}")
    if logits.ndim != 2:
        raise LossError(f"logits {tuple(logits.shape)}; expected [batch, classes]")
    return full_precision(logits)
