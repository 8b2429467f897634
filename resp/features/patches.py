"""Spectrogram patches: the image-like representation."""

from torch import Tensor

from resp.features.errors import FeatureError
from resp.features.frames import check_window


def spectrogram_patches(spectrogram: Tensor, width: int, hop: int) -> Tensor:
    """Cut a spectrogram along time into overlapping patches of all its bins.

    Only whole patches are cut: N_p = ⌊(N_f − W_p) / H_p⌋ + 1 of them.

    Parameters
    ----------
    spectrogram
        [..., F, N_f]: bins, then frames (`log_mel` gives the transpose: use ``.mT``).
    width
        W_p, the patch width in frames.
    hop
        H_p, the step between patches in frames.

    Returns
    -------
    Tensor
        [..., N_p, F, W_p], in memory of its own.

    Raises
    ------
    FeatureError
        Fewer than two axes, ``width`` or ``hop`` not positive, or fewer frames than one patch.

    Examples
    --------
    >>> import torch
    >>> spectrogram_patches(torch.zeros(128, 798), width=100, hop=50).shape
    torch.Size([14, 128, 100])
    """
    if spectrogram.ndim < 2:
        raise FeatureError(f"a spectrogram of shape {tuple(spectrogram.shape)}; expected [..., bins, frames]")
    check_window(spectrogram.shape[-1], width, hop, "frames")
    return spectrogram.unfold(-1, width, hop).movedim(-2, -3).clone()
