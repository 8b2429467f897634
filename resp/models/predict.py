"""A network's logits, and what a stage on the way makes, for any number of waveforms."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resp.models.errors import ModelError
from resp.models.network import OUTPUT, Network

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
    return predict_pooled(network, waveforms, OUTPUT, batch_size, device)[0]


def predict_pooled(
    network: Network,
    waveforms: Tensor | NDArray[np.floating[Any]],
    stage: str,
    batch_size: int = BATCH,
    device: str | torch.device | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Run a network once, and return what a stage of it makes beside the logits.

    Parameters
    ----------
    network, waveforms, batch_size, device
        See `predict_logits`.
    stage
        A site of the network whose axes are known, or ``logits``.

    Returns
    -------
    logits
        float32 [n, classes].
    pooled
        float32 [n, channels]: the stage's output, averaged over all axes but its channels.

    Raises
    ------
    ModelError
        As `predict_logits`, or a stage without a channel axis.
    """
    batches = _checked(network, waveforms)
    if batch_size < 1:
        raise ModelError(f"batch_size={batch_size}; expected at least 1")
    pool = pooling(network, stage)
    if device is not None:
        network.to(device)
    place = next((parameter.device for parameter in network.parameters()), torch.device(device or "cpu"))
    was_training = network.training
    network.eval()
    logits, pooled = [], []
    try:
        with torch.inference_mode():
            for batch in torch.split(batches, batch_size) if len(batches) else ():
                value = network.run(batch.to(place, torch.float32), stop=stage)
                logits.append(network.run(value, start=stage).float().cpu())
                pooled.append(pool(value).float().cpu())
    finally:
        network.train(was_training)
    if not logits:
        nothing = np.zeros((0, len(network.classes)), dtype=np.float32)
        return nothing, np.zeros((0, 0), dtype=np.float32) if stage != OUTPUT else nothing
    return torch.cat(logits).numpy(), torch.cat(pooled).numpy()


def pooling(network: Network, stage: str) -> Callable[[Tensor], Tensor]:
    """Return what averages a stage's output over all axes but batch and channels.

    Raises
    ------
    ModelError
        A stage that is no site, or has no channel axis; ``logits`` stay as they are.
    """
    if stage == OUTPUT:
        return lambda value: value
    axes = network.site(stage).axes
    if "channel" not in axes:
        raise ModelError(f"stage {stage!r} has the axes {', '.join(axes)}; expected one with channels")
    others = tuple(index for index, axis in enumerate(axes) if axis not in ("batch", "channel"))
    return lambda value: value.mean(others) if others else value


def _checked(network: Network, waveforms: Tensor | NDArray[np.floating[Any]]) -> Tensor:
    if isinstance(waveforms, np.ndarray) and np.issubdtype(waveforms.dtype, np.floating):
        # A copy where the array is read-only: torch has no read-only tensors.
        waveforms = torch.from_numpy(np.require(waveforms, np.float32, ["C", "W"]))
    if not isinstance(waveforms, Tensor) or not waveforms.is_floating_point():
        kind = getattr(waveforms, "dtype", type(waveforms).__name__)
        raise ModelError(f"waveforms of type {kind}; expected floating-point samples in [-1, 1]")
    network.check_waveform(waveforms)
    return waveforms
