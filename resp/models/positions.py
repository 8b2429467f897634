"""Positions that were learned on one grid of patches, brought to another.

The rules are those of AST (Gong et al., Interspeech 2021): along each axis a smaller size keeps the middle of
what was learned and a larger one is interpolated bilinearly.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from resp.models.ast_settings import PositionLayout
from resp.models.errors import ModelError

Grid = tuple[int, int]

AUDIOSET_GRID: Grid = (12, 101)
"""``(frequency, time)`` of the published weights: 128 bins and 1024 frames in patches of 16 every 10."""


def fit_positions(positions: Tensor, source: Grid, target: Grid, layout: PositionLayout = "frequency_time") -> Tensor:
    """Bring the position vectors of patches to another grid.

    Parameters
    ----------
    positions
        [F · T, width], frequency outermost.
    source, target
        ``(frequency, time)`` of ``positions`` and of what is wanted.
    layout
        ``frequency_time`` fits them to ``target``. ``reference`` fits them to the transposed grid, as the
        public reference implementation of Patch-Mix does: as many vectors, each at the wrong patch.

    Returns
    -------
    Tensor
        [target F · target T, width].

    Raises
    ------
    ModelError
        ``positions`` are not as many as ``source`` has patches.
    """
    if positions.ndim != 2 or positions.shape[0] != source[0] * source[1]:
        raise ModelError(
            f"positions of shape {tuple(positions.shape)}; "
            f"expected [{source[0] * source[1]}, width] for a grid (frequency, time) of {source}"
        )
    frequency, time = target if layout == "frequency_time" else (target[1], target[0])
    picture = positions.T.reshape(1, -1, *source)
    # Time first, then frequency: interpolating one axis leaves the other as it is, so the order is free.
    picture = _fit_axis(picture, 3, time)
    picture = _fit_axis(picture, 2, frequency)
    return picture[0].flatten(1).T.contiguous()


def fit_token_positions(positions: Tensor, tokens: int) -> Tensor:
    """Stretch the positions of a class token and of steps in time to another number of tokens.

    The class token keeps its own; those of the steps are interpolated linearly from end to end, as a clip of
    another length is to be heard whole. (EAT's implementation takes the nearest one, the class token's among
    them.)

    Parameters
    ----------
    positions
        [1, 1 + steps, width].
    tokens
        How many tokens there shall be, with the class token.

    Returns
    -------
    Tensor
        [1, tokens, width].
    """
    if positions.shape[1] == tokens:
        return positions
    steps = positions[:, 1:].float().transpose(1, 2)
    steps = F.interpolate(steps, size=tokens - 1, mode="linear", align_corners=False).transpose(1, 2)
    return torch.cat([positions[:, :1].float(), steps], dim=1)


def _fit_axis(picture: Tensor, axis: int, size: int) -> Tensor:
    """Bring one axis of [1, width, frequency, time] to ``size``."""
    learned = picture.shape[axis]
    if size <= learned:
        return picture.narrow(axis, learned // 2 - size // 2, size)
    wanted = [picture.shape[2], picture.shape[3]]
    wanted[axis - 2] = size
    return F.interpolate(picture.to(torch.float32), size=wanted, mode="bilinear", align_corners=False)
