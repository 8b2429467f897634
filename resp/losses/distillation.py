"""What a network learns from the logits of a teacher."""

import torch.nn.functional as F
from torch import Tensor

from resp.losses.checks import full_precision
from resp.losses.errors import LossError


def self_distillation(
    logits: Tensor, teacher_logits: Tensor, temperature: float = 1.0, *, independent: bool = False
) -> Tensor:
    """Kullback-Leibler divergence of a network from its teacher, both softened: T² · KL(teacher ‖ network).

    Logits are divided by the temperature T first; T² keeps the gradient's size. No gradient reaches the
    teacher. Source: Hinton et al., "Distilling the knowledge in a neural network", 2015.

    Parameters
    ----------
    logits, teacher_logits
        [batch, classes].
    temperature
        T, positive; above 1 the classes that are not the most probable count for more.
    independent
        False: one distribution over the classes (softmax). True: every class is a yes or no of its own
        (sigmoid), as with several labels of a sample; the divergences of the classes are summed.

    Returns
    -------
    Tensor
        Scalar, the mean over samples; computed in float32 (float64 for float64 logits) even under mixed
        precision.

    Raises
    ------
    LossError
        Shapes that do not belong together, or a temperature that is not positive.
    """
    if logits.ndim != 2 or logits.shape != teacher_logits.shape:
        raise LossError(
            f"logits {tuple(logits.shape)} and teacher's {tuple(teacher_logits.shape)}; "
            "expected two of one shape [batch, classes]"
        )
    if not temperature > 0:
        raise LossError(f"temperature={temperature}; expected a positive number (1: as they are)")
    own = full_precision(logits) / temperature
    theirs = teacher_logits.detach().to(own) / temperature
    if independent:
        divergence = _divergence(F.logsigmoid(own), F.logsigmoid(theirs))
        divergence = divergence + _divergence(F.logsigmoid(-own), F.logsigmoid(-theirs))
    else:
        divergence = _divergence(own.log_softmax(dim=1), theirs.log_softmax(dim=1))
    return divergence * temperature**2


def _divergence(log_own: Tensor, log_theirs: Tensor) -> Tensor:
    return F.kl_div(log_own, log_theirs, reduction="batchmean", log_target=True)
