"""Does a recording sound like those that a model learned from? What is stored for that, and how it answers.

Three measures, all of numbers that scoring has anyway:

- How far the network's own features lie from those of lung sounds (`FeatureDistance`): the Mahalanobis distance of
  Lee et al., "A simple unified framework for detecting out-of-distribution samples", NeurIPS 2018, under the
  covariance of probabilistic PCA (Tipping & Bishop, J R Stat Soc B 61, 1999), which can be estimated from fewer
  recordings than there are channels.
- What else it may be (`SoundKinds`): a logistic regression over named kinds of sound, learned with sounds that are not
  of lungs (outlier exposure: Hendrycks, Mazeika & Dietterich, ICLR 2019).
- How its spectrum is shaped (`SpectrumShape`): the long-term average spectrum tells devices apart.
"""

from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from resp.audio.measures import Spectrum, band_levels
from resp.models.packed import PackedArray

Floats = NDArray[np.float64]
FamiliarityVerdict = Literal["familiar", "unfamiliar", "not_lung"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

LUNG = "lung"
"""The kind of sound that a lung makes; every other one is refused."""

# A band is named when it deviates by this many standard deviations, and by as many dB.
_NAMED_DEVIATIONS, _NAMED_DB = 2.0, 3.0
_MOST_NAMED = 3


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FeatureDistance(_Frozen):
    """How far features lie from those of the lung sounds that a model learned from.

    Parameters
    ----------
    mean, deviation
        [channels] of the lung sounds; features are standardised by them.
    axes
        [axes, channels] orthonormal directions in which lung sounds differ most.
    variances
        [axes] variance of the standardised features along each.
    rest
        Variance in each of the directions that are left.
    """

    mean: PackedArray
    deviation: PackedArray
    axes: PackedArray
    variances: PackedArray
    rest: Positive

    @model_validator(mode="after")
    def _fits_together(self) -> "FeatureDistance":
        if len(self.axes.shape) != 2:
            raise ValueError(f"axes of shape {list(self.axes.shape)}; expected [axes, channels]")
        axes, channels = self.axes.shape
        given = self.mean.shape, self.deviation.shape, self.variances.shape
        if given != ((channels,), (channels,), (axes,)) or axes >= channels:
            raise ValueError(f"mean, deviation, variances {given} do not belong to axes {list(self.axes.shape)}")
        if self.deviation.array().min() <= 0 or self.variances.array().min() <= 0:
            raise ValueError("a deviation or variance that is not positive")
        return self

    @property
    def channels(self) -> int:
        """How many channels a feature has."""
        return self.mean.shape[0]

    def of(self, features: Floats) -> Floats:
        """Return the distance of each of ``features`` [n, channels], [n].

        Root mean square over directions, in standard deviations of the lung sounds: about 1 for those themselves.
        """
        standardised = (features - self.mean.array()) / self.deviation.array()
        along = standardised @ self.axes.array().T
        left = (standardised**2).sum(axis=1) - (along**2).sum(axis=1)
        squared = (along**2 / self.variances.array()).sum(axis=1) + np.maximum(left, 0) / self.rest
        return np.asarray(np.sqrt(squared / self.channels))


class SoundKinds(_Frozen):
    """Which of several kinds of sound features are most like.

    Parameters
    ----------
    names
        Of the kinds; ``lung`` is the first.
    weights, offsets
        [kinds, channels] and [kinds]: the softmax of ``weights · feature + offsets`` are the probabilities.
    """

    names: tuple[str, ...]
    weights: PackedArray
    offsets: PackedArray

    @model_validator(mode="after")
    def _fits_together(self) -> "SoundKinds":
        if len(self.names) < 2 or self.names[0] != LUNG or len(set(self.names)) != len(self.names):
            raise ValueError(f"kinds {list(self.names)}; expected {LUNG!r} and at least one other, none twice")
        if len(self.weights.shape) != 2 or (self.weights.shape[0], self.offsets.shape) != (
            len(self.names),
            (len(self.names),),
        ):
            raise ValueError(f"weights {self.weights.shape}, offsets {self.offsets.shape} of {len(self.names)} kinds")
        return self

    def probabilities(self, features: Floats) -> Floats:
        """Return [n, kinds] of ``features`` [n, channels]."""
        logits = features @ self.weights.array().T + self.offsets.array()
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


class SpectrumShape(_Frozen):
    """The long-term average spectra of the recordings that a model learned from, without their level.

    Parameters
    ----------
    edges_hz
        [bands + 1] of the bands, whose levels are in dB relative to their mean.
    mean_db, precision
        [bands] and [bands, bands]: mean and inverse covariance of the levels.
    deviation_db
        [bands] their standard deviations.
    limit
        Of the Mahalanobis distance over the root of the number of bands: beyond it lie few recordings of the devices
        that the model learned from.
    """

    edges_hz: tuple[Positive, ...]
    mean_db: PackedArray
    precision: PackedArray
    deviation_db: PackedArray
    limit: Positive

    @model_validator(mode="after")
    def _fits_together(self) -> "SpectrumShape":
        bands = len(self.edges_hz) - 1
        if (self.mean_db.shape, self.precision.shape, self.deviation_db.shape) != ((bands,), (bands, bands), (bands,)):
            raise ValueError(f"mean, precision and deviation of other shapes than {bands} bands have")
        return self

    def levels(self, measured: Spectrum) -> Floats:
        """Return [bands] the levels of a spectrum."""
        return band_levels(measured, self.edges_hz)

    def distance(self, levels: Floats) -> float:
        """Return how far levels [bands] lie from those learned, about 1 for those themselves."""
        off = levels - self.mean_db.array()
        return float(np.sqrt(max(0.0, float(off @ self.precision.array() @ off)) / off.size))

    def differences(self, levels: Floats) -> str:
        """Say in words which bands deviate most, the lowest first; empty where none stands out on its own."""
        off = levels - self.mean_db.array()
        deviations = np.abs(off) / self.deviation_db.array()
        order = [
            index
            for index in np.argsort(-deviations, kind="stable")
            if deviations[index] >= _NAMED_DEVIATIONS and abs(off[index]) >= _NAMED_DB
        ]
        return ", ".join(
            f"{off[index]:+.0f} dB at {self.edges_hz[index]:.0f}–{self.edges_hz[index + 1]:.0f} Hz"
            for index in sorted(order[:_MOST_NAMED])
        )


class Judgement(NamedTuple):
    """What `Familiarity.judge` says of one recording.

    ``kind`` is the most probable of ``kinds`` (kind → probability), None and empty where none were learned.
    """

    verdict: FamiliarityVerdict
    distance: float
    kind: str | None
    kinds: dict[str, float]


class Familiarity(_Frozen):
    """What a model stores to know the sounds that it does not know.

    Parameters
    ----------
    stage
        The network's stage whose output, averaged over all axes but its channels, is the feature.
    distance
        From the features of lung sounds.
    limit
        The distance within which the share ``keep`` of the recordings of held-out patients lie. Beyond it a recording
        is refused when it sounds like another kind of sound, and only warned about otherwise.
    far_limit
        The same of those recordings as devices of other frequency responses would have made them (simulated): beyond
        it a recording is refused whatever it sounds like.
    kinds
        None where no sounds were there to learn from that are not of lungs.
    spectrum
        None where it was not learned.
    keep
        See ``limit``.
    fitted_on
        On what, in words.
    """

    stage: str
    distance: FeatureDistance
    limit: Positive
    far_limit: Positive
    kinds: SoundKinds | None = None
    spectrum: SpectrumShape | None = None
    keep: Annotated[float, Field(gt=0, lt=1)]
    fitted_on: str

    @model_validator(mode="after")
    def _fits_together(self) -> "Familiarity":
        if self.far_limit < self.limit:
            raise ValueError(f"far_limit {self.far_limit:g} is below limit {self.limit:g}")
        if self.kinds and self.kinds.weights.shape[1] != self.distance.channels:
            raise ValueError(f"kinds of {self.kinds.weights.shape[1]} channels, distance of {self.distance.channels}")
        return self

    def judge(self, feature: Floats) -> Judgement:
        """Judge a recording by its feature [channels]."""
        distance = float(self.distance.of(feature[None])[0])
        kinds: dict[str, float] = {}
        if self.kinds:
            shares = self.kinds.probabilities(feature[None])[0]
            kinds = {name: float(share) for name, share in zip(self.kinds.names, shares, strict=True)}
        kind = max(kinds, key=lambda name: kinds[name]) if kinds else None
        verdict: FamiliarityVerdict = "familiar"
        if distance > self.limit:
            verdict = "not_lung" if distance > self.far_limit or kind not in (None, LUNG) else "unfamiliar"
        return Judgement(verdict, distance, kind, kinds)
