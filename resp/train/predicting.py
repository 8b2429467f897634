"""Predictions of the network in training, by the rules by which finished models are measured."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from numpy.typing import NDArray

from resp.audio.clip import cut_windows, fit_length
from resp.evaluate import Predictions
from resp.evaluate.predictions import UNKNOWN
from resp.models.config import ClipSettings
from resp.models.network import Network
from resp.train.data import TrainingData

_TINIEST = float(np.finfo(np.float64).tiny)


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
    return Predictions(
        classes=data.dataset.classes,
        items=np.array([item.name for item in items]),
        patients=np.array([item.patient for item in items]),
        devices=np.array([item.device or UNKNOWN for item in items]),
        sites=np.array([item.site or UNKNOWN for item in items]),
        truth=np.array([item.label for item in items]),
        logits=np.stack(logits),
        runs=np.full(len(items), run),
    )


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
        while len(held) >= size and held:
            batch = torch.from_numpy(np.stack(held[:batch_size])).to(device)
            windows.append(network(batch).double().cpu().numpy())
            del held[:batch_size]

    for index in indices:
        cut = _windows(data, index, clip)
        counts.append(len(cut))
        held.extend(cut)
        flush(batch_size)
    flush(1)
    if not counts:
        return []
    ends = np.cumsum(counts)[:-1]
    return [_summarise(part, clip.summary) for part in np.split(np.concatenate(windows), ends)]


def _windows(data: TrainingData, index: int, clip: ClipSettings) -> list[NDArray[np.float32]]:
    samples, rate_hz = data.waveforms.clip(index), data.waveforms.rate_hz
    length = round(clip.window_s * rate_hz)
    if data.dataset.items[index].start_s is not None:
        return [fit_length(samples, length, clip.fit, clip.fade_samples)]
    hop = min(round(clip.hop_s * rate_hz), length)
    return [window for _, window in cut_windows(samples, length, hop, clip.fit, clip.fade_samples)]


def _summarise(logits: NDArray[np.float64], summary: str) -> NDArray[np.float64]:
    if len(logits) == 1 or summary == "mean_logit":
        return np.asarray(logits.mean(axis=0))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability = (shifted / shifted.sum(axis=1, keepdims=True)).mean(axis=0)
    return np.asarray(np.log(np.maximum(probability, _TINIEST)))
