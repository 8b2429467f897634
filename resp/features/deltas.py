"""Deltas: how fast features change."""

import torch
from torch import Tensor

from resp.features.errors import FeatureError


def deltas(features: Tensor, width: int = 9) -> Tensor:
    """Return the slope of each feature over time, by linear regression over some frames (Furui 1986).

    With N = ``width // 2``, d(t) = Σ n · (c(t + n) − c(t − n)) / (2 · Σ n²), n from 1 to N; beyond its ends a
    feature keeps its first and its last value.

    Parameters
    ----------
    features
        [..., frames, features], floating point.
    width
        Frames that a slope is taken over: an odd number from 3 on.

    Returns
    -------
    Tensor
        The shape of ``features``; per frame.

    Raises
    ------
    FeatureError
        No frames, or a width that is even or less than 3.
    """
    if width < 3 or width % 2 == 0:
        raise FeatureError(f"deltas over {width} frames; expected an odd number from 3 on")
    if features.ndim < 2 or features.shape[-2] == 0:
        raise FeatureError(f"features of shape {tuple(features.shape)}; expected [..., frames, features]")
    reach, frames = width // 2, features.shape[-2]
    first, last = features[..., :1, :], features[..., -1:, :]
    ends = [-1] * features.ndim
    ends[-2] = reach
    held = torch.cat((first.expand(ends), features, last.expand(ends)), dim=-2)
    slope = torch.zeros_like(features)
    for step in range(1, reach + 1):
        ahead = held.narrow(-2, reach + step, frames)
        behind = held.narrow(-2, reach - step, frames)
        slope = slope + step * (ahead - behind)
    return slope / (2 * sum(step**2 for step in range(1, reach + 1)))
