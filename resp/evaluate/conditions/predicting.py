"""What a model says of items under a condition."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from resp.audio.recording import Recording
from resp.evaluate.conditions.attack import Attack
from resp.evaluate.conditions.contract import Condition
from resp.evaluate.errors import EvaluationError
from resp.evaluate.predicting import Progress, item_windows, predict_items
from resp.evaluate.predictions import Predictions
from resp.models.predict import predict_logits

if TYPE_CHECKING:
    from resp.datasets import WaveformCache
    from resp.evaluate.jobs import Job
    from resp.models.folder import LoadedModel

# Gradients of windows that are held at a time.
_ATTACKED_AT_A_TIME = 16


def predict_job(
    job: "Job",
    condition: Condition | Attack | None = None,
    *,
    seed: int = 0,
    cache: "WaveformCache | None" = None,
    batch_size: int = 16,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Predictions:
    """Run a job's model over its items under a condition.

    Parameters
    ----------
    job
        Model and items.
    condition
        What happens to recordings or to windows; None for nothing. Of an item under attack the middle window is
        judged alone (a breath cycle is one window in any case).
    seed
        Of all that is random in the condition.
    cache, batch_size, device, progress
        See `predict_items`.

    Raises
    ------
    EvaluationError
        What `predict_items` refuses, and an attack on items of several classes each.
    """

    def predict(model: "LoadedModel", condition: Condition | None = None) -> Predictions:
        def change(recording: Recording) -> Recording:
            return condition.change(recording, seed) if condition is not None else recording

        return predict_items(
            model,
            job.dataset,
            job.indices,
            cache=cache,
            batch_size=batch_size,
            device=device,
            run=job.name,
            change=change if condition is not None else None,
            progress=progress,
        )

    if not isinstance(condition, Attack):
        return predict(job.model, condition)
    clip = job.model.config.clip.model_copy(update={"crops": 1})
    model = replace(job.model, config=job.model.config.model_copy(update={"clip": clip}))
    before = predict(model)
    return before if condition.method == "none" else _attacked(job, model, condition, before, seed, cache, device)


def _attacked(
    job: "Job",
    model: "LoadedModel",
    attack: Attack,
    before: Predictions,
    seed: int,
    cache: "WaveformCache | None",
    device: str,
) -> Predictions:
    from resp.datasets import WaveformCache

    if before.truth.ndim != 1:
        raise EvaluationError("an attack on items of several classes each; expected one class an item")
    clip, rate_hz = model.config.clip, model.network.rate_hz
    part = replace(job.dataset, items=job.items)
    waveforms = (cache or WaveformCache()).open(part, rate_hz, clip.fade_samples, clip.level, trim_db=clip.trim_db)
    logits = []
    for first in range(0, len(part.items), _ATTACKED_AT_A_TIME):
        places = range(first, min(first + _ATTACKED_AT_A_TIME, len(part.items)))
        (*windows,) = (
            window
            for index in places
            for window in item_windows(waveforms.clip(index), clip, rate_hz, part.items[index].start_s is None)
        )
        batch = torch.from_numpy(np.stack(windows).clip(-1, 1)).to(device)
        labels = torch.from_numpy(before.truth[first : first + len(places)]).to(device)
        changed = attack.change(model.network, batch, labels, seed + first)
        logits.append(predict_logits(model.network, changed.cpu().numpy(), device=device))
    raw = np.concatenate(logits).astype(np.float64)
    # Calibrated as the windows that were not attacked were.
    divided = np.ones(len(raw)) if before.temperatures is None else before.temperatures
    return replace(before, logits=raw / divided[:, None])
