"""Frames of samples: the end-to-end representation."""

from torch import Tensor

from resp.features.errors import FeatureError
from resp.features.tensors import Waveform, as_waveform


def sample_frames(waveform: Waveform, length: int, hop: int) -> Tensor:
    """Cut a waveform into overlapping frames of samples.

    Only whole frames are cut: N_f = ⌊(N − W_f) / H_f⌋ + 1 of them; samples behind the last one are left out.

    Parameters
    ----------
    waveform
        [..., N] floating-point samples, tensor or array.
    length
        W_f, the frame length in samples.
    hop
        H_f, the step between frames in samples.

    Returns
    -------
    Tensor
        [..., N_f, W_f], in memory of its own.

    Raises
    ------
    FeatureError
        ``length`` or ``hop`` is not positive, or the waveform is shorter than one frame.

    Examples
    --------
    >>> import torch
    >>> sample_frames(torch.arange(5.0), length=3, hop=2).tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]]
    """
    samples = as_waveform(waveform)
    check_window(samples.shape[-1], length, hop, "samples")
    # A copy: frames of a view share samples, and writing to one would write to its neighbours.
    return samples.unfold(-1, length, hop).clone()


def check_window(size: int, length: int, hop: int, unit: str) -> None:
    """Raise `FeatureError` unless ``hop`` is positive and a window of ``length`` fits into ``size``."""
    if length < 1 or hop < 1:
        raise FeatureError(f"a window of {length} {unit} every {hop}; expected positive numbers")
    if size < length:
        raise FeatureError(f"{size} {unit}; expected at least one window of {length}: give a longer clip or pad it")
