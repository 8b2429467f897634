"""Predictions of the network in training, by the rules by which finished models are measured."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np
from accelerate import Accelerator
from accelerate.utils import gather_object

from resp.evaluate import Predictions
from resp.evaluate.predicting import item_logits, label_predictions
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
    items = data.dataset.items
    context: AbstractContextManager[object] = nullcontext() if exact else accelerator.autocast()
    with context:
        logits = item_logits(
            network,
            clip,
            ((data.waveforms.clip(index), items[index].start_s is None) for index in mine),
            batch_size=batch_size,
            task=data.dataset.task,
        )
    if accelerator.num_processes > 1:
        shared = dict(gather_object(list(zip(mine, logits, strict=True))))
        logits = [shared[index] for index in indices]
    part = replace(data.dataset, items=tuple(items[index] for index in indices))
    return label_predictions(part.items, part.targets(), np.stack(logits), part.classes, run, part.task)
