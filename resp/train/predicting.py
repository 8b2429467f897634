"""Predictions of the network in training, by the rules by which finished models are measured."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from numpy.typing import NDArray

from resp.evaluate import Predictions
from resp.evaluate.predicting import item_windows, join_windows, label_predictions
from resp.models.config import ClipSettings
from resp.models.network import Network
from resp.train.data import TrainingData


def predict_part(
    network: Network,
    data: TrainingData,
    indices: Sequence[int],
    clip: ClipSettings,
    accelerator: Accelerator,
    *,
    batch_size: int,
    exact: bool = False,
    run: str = "",
) -> Predictions:
    """Predict items of a run's data; every process takes its share and all get the whole.

    Parameters
    ----------
    network
        On the accelerator's device; it comes back in the mode that it was in.
    data, indices
        Which items.
    clip
        A breath cycle becomes one clip; a whole recording is cut into windows, and its prediction is their
        mean as ``clip.summary`` says.
    accelerator
        Device, precision and processes.
    batch_size
        Clips of one forward pass.
    exact
        In float32, whatever the run's precision.
    run
        Name for the predictions.

    Returns
    -------
    Predictions
        In the order of ``indices``.
    """
    mine = indices[accelerator.process_index :: accelerator.num_processes]
    training = network.training
    network.eval()
    try:
        context: AbstractContextManager[object] = nullcontext() if exact else accelerator.autocast()
        with torch.inference_mode(), context:
            logits = _item_logits(network, data, mine, clip, accelerator.device, batch_size)
    finally:
        network.train(training)
    if accelerator.num_processes > 1:
        shared = dict(gather_object(list(zip(mine, logits, strict=True))))
        logits = [shared[index] for index in indices]
    items = [data.dataset.items[index] for index in indices]
    truth = [item.label for item in items]
    return label_predictions(items, truth, np.stack(logits), data.dataset.classes, run)


def _item_logits(
    network: Network,
    data: TrainingData,
    indices: Sequence[int],
    clip: ClipSettings,
    device: torch.device,
    batch_size: int,
) -> list[NDArray[np.float64]]:
    """Return the logits of each item; windows of several items share a batch."""
    held: list[NDArray[np.float32]] = []
    counts: list[int] = []
    windows: list[NDArray[np.float64]] = []

    def flush(size: int) -> None:
        while len(held) >= size:
            batch = torch.from_numpy(np.stack(held[:batch_size])).to(device)
            windows.append(network(batch).double().cpu().numpy())
            del held[:batch_size]

    for index in indices:
        whole = data.dataset.items[index].start_s is None
        cut = item_windows(data.waveforms.clip(index), clip, data.waveforms.rate_hz, whole)
        counts.append(len(cut))
        held.extend(cut)
        flush(batch_size)
    flush(1)
    if not counts:
        return []
    ends = np.cumsum(counts)[:-1]
    return [join_windows(part, clip.summary) for part in np.split(np.concatenate(windows), ends)]
