"""A network's logits for any number of waveforms."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resp.models.errors import ModelError
from resp.models.network import Network

BATCH = 16


def predict_logits(
    network: Network,
    waveforms: Tensor | NDArray[np.floating[Any]],
    batch_size: int = BATCH,
    device: str | torch.device | None = None,
) -> NDArray[np.float32]:
    """Run a network over waveforms, a batch at a time, without gradients.

    Parameters
    ----------
    network
        It runs in evaluation mode and is left in the mode it was in.
    waveforms
        [n, time] floating-point samples at the network's rate, n may be 0.
    batch_size
        How many run at once.
    device
        The network is moved there; None leaves it where it is.

    Returns
    -------
    ndarray
        float32 [n, classes].

    Raises
    ------
    ModelError
        Waveforms of another shape or type, a length that the network does not take, or a batch size below 1.
    """
    batches = _checked(network, waveforms)
    if batch_size < 1:
        raise ModelError(f"batch_size={batch_size}; expected at least 1")
    if not len(batches):
        return np.zeros((0, len(network.classes)), dtype=np.float32)
    if device is not None:
        network.to(device)
    place = next((parameter.device for parameter in network.parameters()), torch.device(device or "cpu"))
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            logits = [
                network(batch.to(place, torch.float32)).float().cpu() for batch in torch.split(batches, batch_size)
            ]
    finally:
        network.train(was_training)
    return torch.cat(logits).numpy()


def _checked(network: Network, waveforms: Tensor | NDArray[np.floating[Any]]) -> Tensor:
    if isinstance(waveforms, np.ndarray) and np.issubdtype(waveforms.dtype, np.floating):
        # A copy where the array is read-only: torch has no read-only tensors.
        waveforms = torch.from_numpy(np.require(waveforms, np.float32, ["C", "W"]))
    if not isinstance(waveforms, Tensor) or not waveforms.is_floating_point():
        kind = getattr(waveforms, "dtype", type(waveforms).__name__)
        raise ModelError(f"waveforms of type {kind}; expected floating-point samples in [-1, 1]")
    network.check_waveform(waveforms)
    return waveforms
