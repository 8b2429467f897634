"""What every feature does first: any waveform becomes a floating-point tensor."""

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resp.features.errors import FeatureError

Waveform = Tensor | NDArray[np.floating]


def as_waveform(waveform: Waveform) -> Tensor:
    """Bring samples to a floating-point tensor that full-precision features can be made of.

    Parameters
    ----------
    waveform
        [..., time] tensor or array of a floating-point type.

    Returns
    -------
    Tensor
        float64 tensors stay as they are; every other tensor and every array becomes float32. An array is
        copied, so that a read-only one (a `Recording`'s) is safe.

    Raises
    ------
    FeatureError
        Neither a tensor nor an array, no time axis, or not of a floating-point type.
    """
    if isinstance(waveform, np.ndarray):
        floating = np.issubdtype(waveform.dtype, np.floating)
    elif isinstance(waveform, Tensor):
        floating = waveform.is_floating_point()
    else:
        raise FeatureError(f"samples of type {type(waveform).__name__}; expected a torch tensor or a numpy array")
    if not floating:
        raise FeatureError(
            f"samples of type {waveform.dtype}; expected floating point in [-1, 1]: divide integers by their full scale"
        )
    if waveform.ndim == 0:
        raise FeatureError("a single number; expected samples of shape [..., time]")
    if isinstance(waveform, np.ndarray):
        return torch.from_numpy(np.array(waveform, dtype=np.float32))
    return waveform if waveform.dtype == torch.float64 else waveform.float()


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """Return a context in which autocast leaves ``device`` alone."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)
