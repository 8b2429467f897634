"""From the items of a data set to a network's predictions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resp.audio.clip import cut_windows, fit_length, spread_windows
from resp.datasets.census import name_some
from resp.evaluate.calibration import Floats, sigmoid, softmax
from resp.evaluate.confidence.apply import calibrated
from resp.evaluate.errors import EvaluationError
from resp.evaluate.predictions import UNKNOWN, Predictions

if TYPE_CHECKING:
    from resp.audio import Recording
    from resp.datasets import DataSet, Item, WaveformCache
    from resp.models.config import ClipSettings
    from resp.models.folder import LoadedModel
    from resp.models.network import Network
    from resp.models.task import Task

Progress = Callable[[int, int], None]

# Windows that are held in memory at a time: 32 MB at 8 s of 16 kHz.
_AT_A_TIME = 64
_TINIEST = float(np.finfo(np.float64).tiny)


def predict_items(
    model: "LoadedModel",
    dataset: "DataSet",
    indices: Sequence[int],
    *,
    cache: "WaveformCache | None" = None,
    batch_size: int = 16,
    device: str = "cpu",
    run: str = "",
    change: "Callable[[Recording], Recording] | None" = None,
    progress: Progress | None = None,
    decoding: Progress | None = None,
) -> Predictions:
    """Run a model over items of a data set.

    A breath cycle becomes one clip, of which a longer one keeps its beginning, as published. A whole
    recording that is longer than the clip is cut into overlapping windows (padded, and evenly spread ones, where
    the model's configuration says so), and its probability is the mean over them (or the softmax of the mean
    logits). The model's own temperature, of the item's device where it has one, is applied to the result.

    Parameters
    ----------
    model
        Network and configuration; its classes may stand in another order than the data set's.
    dataset, indices
        Which items.
    cache
        Where decoded waveforms are kept; None for the default one.
    batch_size, device
        Of the network.
    run
        Name of the run, which tells several apart.
    change
        What happens to every recording before all else, such as added noise; None for nothing. Changed recordings
        are not cached.
    progress, decoding
        Called with the number of items predicted (recordings decoded) and the number of all.

    Returns
    -------
    Predictions
        In the order of ``indices``; the logits, or the logarithm of the mean probabilities, over the model's
        temperature.

    Raises
    ------
    EvaluationError
        No items, or a data set with classes that the model does not know.
    RespError
        Sounds that cannot be read.
    """
    from resp.datasets import WaveformCache

    if not indices:
        raise EvaluationError(f"{dataset.name}: no items to predict; choose another part or split")
    place = _class_places(dataset.classes, model.config.classes)
    part = replace(dataset, items=tuple(dataset.items[index] for index in indices))
    clip = model.config.clip
    sounds: Iterable[NDArray[np.float32]]
    if change is None:
        waveforms = (cache or WaveformCache()).open(
            part, model.network.rate_hz, clip.fade_samples, clip.level, trim_db=clip.trim_db, progress=decoding
        )
        sounds = (waveforms.clip(index) for index in range(len(part.items)))
    else:
        sounds = changed_sounds(part.items, change, clip, model.network.rate_hz)
    logits = item_logits(
        model.network,
        clip,
        ((sound, item.start_s is None) for sound, item in zip(sounds, part.items, strict=True)),
        batch_size=batch_size,
        device=device,
        task=dataset.task,
        progress=(lambda done: progress(done, len(part.items))) if progress else None,
    )
    truth = _placed(part.targets(), place, len(model.config.classes))
    raw = label_predictions(part.items, truth, np.stack(logits), model.config.classes, run, dataset.task)
    return calibrated(raw, model.config.calibration)


def changed_sounds(
    items: Sequence["Item"], change: "Callable[[Recording], Recording]", clip: "ClipSettings", rate_hz: int
) -> Iterator[NDArray[np.float32]]:
    """Yield the samples [time] of items, each cut out of its changed recording.

    Parameters
    ----------
    items
        Those of one recording behind each other, or it is changed anew.
    change
        See `predict_items`.
    clip, rate_hz
        How the changed recording is prepared; the same steps as those of `resp.datasets.WaveformCache`.

    Raises
    ------
    RespError
        A sound that cannot be read.
    """
    from resp.audio import load_recording
    from resp.datasets.sound import prepare_waveform

    path, waveform = None, np.zeros(0, dtype=np.float32)
    for item in items:
        if item.path != path:
            recording = change(load_recording(item.path))
            path = item.path
            waveform = prepare_waveform(recording, rate_hz, clip.fade_samples, clip.level, clip.trim_db)
        if item.start_s is None or item.end_s is None:
            yield waveform
        else:
            yield waveform[int(item.start_s * rate_hz) : int(item.end_s * rate_hz)]


def label_predictions(
    items: Sequence["Item"],
    truth: NDArray[Any],
    logits: Floats,
    classes: tuple[str, ...],
    run: str,
    task: "Task",
) -> Predictions:
    """Put what is known of items beside their logits.

    Parameters
    ----------
    items
        Of a data set.
    truth
        [items] their classes, as indices into ``classes``; of a multi-label task [items, classes] of 0 and 1.
    logits
        [items, classes].
    classes
        Class names, in the order of the logits.
    run
        Name of the run, which tells several apart.
    task
        What is predicted.
    """
    return Predictions(
        classes=classes,
        items=np.array([item.name for item in items]),
        patients=np.array([item.patient for item in items]),
        devices=np.array([item.device or UNKNOWN for item in items]),
        sites=np.array([item.site or UNKNOWN for item in items]),
        truth=truth,
        logits=logits,
        runs=np.full(len(items), run),
        task=task,
    )


def _placed(targets: NDArray[Any], place: Sequence[int], classes: int) -> NDArray[Any]:
    """Turn what a data set says of its classes into the model's: indices [items], or flags [items, classes]."""
    if targets.ndim == 1:
        return np.asarray(np.array(place, dtype=np.int64)[targets])
    placed = np.zeros((len(targets), classes), dtype=np.int8)
    placed[:, list(place)] = targets
    return placed


def _class_places(given: tuple[str, ...], known: tuple[str, ...]) -> list[int]:
    missing = [name for name in given if name not in known]
    if missing:
        raise EvaluationError(
            f"{len(missing)} of the data set's {len(given)} classes are not known to the model ({name_some(missing)}), "
            f"which has {name_some(list(known))}; measure it on data that it was trained for, and of lung sounds "
            "choose labels that fit (four_class, two_class, diagnosis)"
        )
    return [known.index(name) for name in given]


def item_logits(
    network: "Network",
    clip: "ClipSettings",
    items: Iterable[tuple[NDArray[np.float32], bool]],
    *,
    batch_size: int,
    device: str | None = None,
    task: "Task" = "single_label",
    progress: Callable[[int], None] | None = None,
) -> list[Floats]:
    """Run a network over items; windows of several items share a batch.

    Parameters
    ----------
    network, clip
        What predicts, and how an item becomes its input.
    items
        Samples [time] at the network's rate, and whether they are a whole recording.
    batch_size, device
        See `resp.models.predict.predict_logits`.
    task
        Decides whether probabilities are a softmax or, of ``multi_label``, a sigmoid.
    progress
        Called with the number of items that are done.

    Returns
    -------
    list
        [classes] of each item; see `join_windows`.
    """
    from resp.models.predict import predict_logits

    predicted: list[Floats] = []
    held: list[list[NDArray[np.float32]]] = []

    def flush() -> None:
        if not held:
            return
        stacked = np.stack([window for windows in held for window in windows])
        logits = predict_logits(network, stacked, batch_size=batch_size, device=device)
        left = np.asarray(logits, dtype=np.float64)
        for windows in held:
            mine, left = left[: len(windows)], left[len(windows) :]
            predicted.append(join_windows(mine, clip.summary, task))
        held.clear()
        if progress:
            progress(len(predicted))

    for samples, whole in items:
        held.append(item_windows(samples, clip, network.rate_hz, whole))
        if sum(map(len, held)) >= _AT_A_TIME:
            flush()
    flush()
    return predicted


def join_windows(
    logits: Floats, summary: str, task: "Task" = "single_label", weights: NDArray[np.float64] | None = None
) -> Floats:
    """Join the logits of an item's windows, before any temperature.

    Parameters
    ----------
    logits
        [windows, classes].
    summary
        ``mean`` of the probabilities, or ``mean_logit``; see `resp.models.config.ClipSettings`.
    task
        Decides whether probabilities are a softmax or, of ``multi_label``, a sigmoid.
    weights
        [windows] how much each counts; None for all alike.

    Returns
    -------
    ndarray
        [classes]: the logits of a lone window or their mean, or what the mean probabilities are the softmax
        (sigmoid) of.
    """
    if len(logits) == 1 or summary == "mean_logit":
        return np.average(logits, axis=0, weights=weights)
    if task == "multi_label":
        # From both sides, so that a probability next to one keeps its digits.
        yes, no = (np.average(sigmoid(sign * logits), axis=0, weights=weights) for sign in (1, -1))
        return _log(yes) - _log(no)
    return _log(np.average(softmax(logits), axis=0, weights=weights))


def _log(probabilities: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(probabilities, _TINIEST)))


def item_windows(
    samples: NDArray[np.float32], clip: "ClipSettings", rate_hz: int, whole: bool
) -> list[NDArray[np.float32]]:
    """Cut an item into the clips that a network is given.

    Parameters
    ----------
    samples
        [time] of the item.
    clip
        Length, padding, how many windows or their step, and how shorter items are filled up.
    rate_hz
        Of the samples, in Hz.
    whole
        True for a whole recording, which is padded and becomes several windows; a breath cycle keeps its beginning.

    Returns
    -------
    list of ndarray
        At least one, each [round(window_s · rate_hz)].
    """
    length = clip.window_samples(rate_hz)
    if not whole:
        return [fit_length(samples, length, clip.fit, clip.fade_samples)]
    samples = np.pad(samples, clip.pad_samples(rate_hz))
    if clip.crops is not None:
        return spread_windows(samples, length, clip.crops, clip.fit, clip.fade_samples)
    hop = min(round(clip.hop_s * rate_hz), length)
    return [window for _, window in cut_windows(samples, length, hop, clip.fit, clip.fade_samples)]
