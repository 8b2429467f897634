"""From features to what a model stores: distance, kinds, spectrum and limits; pure functions of arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from resp.models.familiarity import LUNG, FeatureDistance, SoundKinds, SpectrumShape
from resp.models.packed import PackedArray
from resp.train.errors import TrainError

Floats = NDArray[np.float64]

# Edges of the bands in which devices are told apart, about half an octave each, up to where all of them hear.
EDGES_HZ = (40.0, 60.0, 90.0, 130.0, 180.0, 260.0, 360.0, 500.0, 700.0, 1000.0, 1400.0, 2000.0)

# Inverse strength of the regression's L2 penalty on standardised features, for each channel: 0.01 of 384 channels.
_PENALTY = 4.0
# Channels that never change in lung sounds must not divide by zero; relative to the mean deviation.
_LEAST_DEVIATION = 1e-3


def fit_distance(features: Floats, axes: int) -> FeatureDistance:
    """Describe the cloud of lung sounds' features by probabilistic PCA.

    The maximum-likelihood solution of Tipping & Bishop (1999): the leading eigenvectors of the covariance with their
    variances, and the mean of the other variances in all directions that are left.

    Parameters
    ----------
    features
        [recordings, channels].
    axes
        How many leading directions; fewer where there are not so many recordings or channels.

    Raises
    ------
    TrainError
        Fewer than three recordings or two channels, or features that are all alike.
    """
    count, channels = features.shape
    if count < 3 or channels < 2:
        raise TrainError(f"{count} recordings with features of {channels} channels; expected at least 3 and 2")
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    if not deviation.max() > 0:
        raise TrainError(f"{count} recordings have one and the same feature; is the network trained?")
    deviation = np.maximum(deviation, _LEAST_DEVIATION * deviation.mean())
    standardised = (features - mean) / deviation
    _, singular, directions = np.linalg.svd(standardised - standardised.mean(axis=0), full_matrices=False)
    variances = singular**2 / count
    kept = min(axes, int((variances > 1e-9 * variances[0]).sum()) - 1, channels - 1)
    if kept < 1:
        raise TrainError(f"the features of {count} recordings differ in one direction only; give more recordings")
    return FeatureDistance(
        mean=PackedArray.pack(mean),
        deviation=PackedArray.pack(deviation),
        axes=PackedArray.pack(directions[:kept]),
        variances=PackedArray.pack(variances[:kept]),
        rest=float(variances[kept:].sum() / (channels - kept)),
    )


def fit_kinds(features: Mapping[str, Floats]) -> SoundKinds:
    """Fit a logistic regression over kinds of sound; every kind weighs alike.

    Parameters
    ----------
    features
        Kind → [recordings, channels]; ``lung`` and at least one other.

    Raises
    ------
    TrainError
        No lung sounds, or no others.
    """
    from sklearn.linear_model import LogisticRegression

    names = (LUNG, *sorted(set(features) - {LUNG}))
    if LUNG not in features or len(names) < 2:
        raise TrainError(f"features of {', '.join(sorted(features)) or 'nothing'}; expected {LUNG!r} and other kinds")
    given = np.concatenate([features[name] for name in names])
    truth = np.repeat(np.arange(len(names)), [len(features[name]) for name in names])
    mean, deviation = given.mean(axis=0), given.std(axis=0)
    deviation = np.maximum(deviation, _LEAST_DEVIATION * deviation.mean())
    model = LogisticRegression(C=_PENALTY / given.shape[1], class_weight="balanced", max_iter=1000)
    model.fit((given - mean) / deviation, truth)
    slopes, offsets = model.coef_, model.intercept_
    if len(names) == 2:
        # Of two kinds there is one slope, that of the second against the first.
        slopes, offsets = np.concatenate([-slopes, slopes]) / 2, np.concatenate([-offsets, offsets]) / 2
    weights = slopes / deviation
    return SoundKinds(
        names=names, weights=PackedArray.pack(weights), offsets=PackedArray.pack(offsets - weights @ mean)
    )


def fit_spectrum(levels: Floats, limit: float = 1.0) -> SpectrumShape:
    """Describe the spectra of lung recordings, their covariance shrunk as Ledoit & Wolf (J Multivar Anal 2004) do.

    Parameters
    ----------
    levels
        [recordings, bands] in dB, of `EDGES_HZ`.
    limit
        See `SpectrumShape`.
    """
    from sklearn.covariance import LedoitWolf

    fitted = LedoitWolf().fit(levels)
    return SpectrumShape(
        edges_hz=EDGES_HZ,
        mean_db=PackedArray.pack(fitted.location_),
        precision=PackedArray.pack(np.linalg.inv(fitted.covariance_)),
        deviation_db=PackedArray.pack(np.sqrt(np.diag(fitted.covariance_))),
        limit=limit,
    )


def patient_quantile(values: Floats, patients: Sequence[str] | NDArray[Any], share: float) -> float:
    """Return the least value below or at which ``share`` of the recordings lie, every patient weighing alike.

    Parameters
    ----------
    values, patients
        [recordings].
    share
        Between 0 and 1.
    """
    _, place, counts = np.unique(np.asarray(patients), return_inverse=True, return_counts=True)
    weights = 1 / (counts[place] * len(counts))
    order = np.argsort(values, kind="stable")
    # The sum of many parts may fall short of the whole by a rounding error.
    reached = np.flatnonzero(np.cumsum(weights[order]) >= share - 1e-12)
    return float(values[order[reached[0]]])


def patient_folds(patients: Sequence[str], folds: int) -> list[NDArray[np.intp]]:
    """Return the held-out recordings of each fold; no patient is in two, and the folds are about equally large.

    Fewer patients than folds make as many folds as there are patients; one alone cannot be held out from itself.
    """
    names = np.unique(np.asarray(patients))
    if len(names) < 2:
        return [np.arange(len(patients))]
    splitter = GroupKFold(min(folds, len(names)))
    return [held_out for _, held_out in splitter.split(patients, groups=patients)]
