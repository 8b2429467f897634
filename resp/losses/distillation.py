"""Learning a teacher's embedding."""

import torch
import torch.nn.functional as F
from torch import Tensor

from resp.losses.errors import LossError


def embedding_distillation(student: Tensor, teacher: Tensor) -> Tensor:
    """Pull a student's embeddings to the direction of a teacher's: the mean of 1 − cosine.

    It is half the squared distance of the unit vectors. The teacher gets no gradient.

    Parameters
    ----------
    student, teacher
        [batch, size]; bring the student to the teacher's size with a linear layer first.

    Returns
    -------
    Tensor
        Scalar in [0, 2].

    Raises
    ------
    LossError
        Shapes that differ.
    """
    if student.ndim != 2 or student.shape != teacher.shape:
        raise LossError(
            f"student {tuple(student.shape)} and teacher {tuple(teacher.shape)}; "
            "expected two of one shape [batch, size]"
        )
    exact = student if student.dtype == torch.float64 else student.float()
    return (1 - F.cosine_similarity(exact, teacher.detach().to(exact), dim=1)).mean()
