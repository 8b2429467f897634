"""How far an exported model's answers are from those of torch in fp32, and whether that is near enough."""

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from resp.models.config import ModelConfig
from resp.score.confidence import calibrate
from resp.score.engines.contract import Answer, Precision

LOGIT_TOLERANCE = 1e-3
"""Of fp32: how far a logit may move."""
PROBABILITY_TOLERANCE = 0.03
"""Of bf16 and int8: how far a probability may move."""
LEAST_AGREEMENT = 0.99
"""The share of windows whose label, and whose familiarity, must stay the same."""

Share = Annotated[float, Field(ge=0, le=1)]
Distance = Annotated[float, Field(ge=0)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tolerance(_Frozen):
    """What an export may differ by; ``as_default`` says whether somebody asked for another limit than is usual."""

    measure: Literal["logit", "probability"]
    limit: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    least_agreement: Share
    as_default: bool

    @classmethod
    def of(cls, precision: Precision, limit: float | None = None) -> "Tolerance":
        """Return the tolerance of a precision; ``limit`` in place of the usual one."""
        exact = precision == "fp32"
        usual = LOGIT_TOLERANCE if exact else PROBABILITY_TOLERANCE
        return cls(
            measure="logit" if exact else "probability",
            limit=usual if limit is None else limit,
            least_agreement=LEAST_AGREEMENT,
            as_default=limit is None or limit == usual,
        )


class Agreement(_Frozen):
    """An exported model beside the network it was made of, run by torch in fp32, on the same windows.

    Parameters
    ----------
    sounds
        Whether the windows are of ``real`` recordings or of ``synthetic`` ones.
    recordings, windows
        How many.
    largest_logit_change
        Over all windows and classes.
    largest_probability_change, mean_probability_change
        Of calibrated probabilities.
    labels_agree
        Share of windows with the same most probable class.
    largest_feature_change
        Of the feature that familiarity is judged by, in its own standard deviations; None where the model has none.
    familiarity_agrees
        Share of windows with the same verdict; None likewise.
    """

    sounds: Literal["real", "synthetic"]
    recordings: Annotated[int, Field(ge=1)]
    windows: Annotated[int, Field(ge=1)]
    largest_logit_change: Distance
    largest_probability_change: Distance
    mean_probability_change: Distance
    labels_agree: Share
    largest_feature_change: Distance | None = None
    familiarity_agrees: Share | None = None

    @classmethod
    def between(
        cls,
        expected: Answer,
        found: Answer,
        config: ModelConfig,
        *,
        sounds: Literal["real", "synthetic"],
        recordings: int,
    ) -> "Agreement":
        """Compare what torch says with what an engine says of the same windows.

        Parameters
        ----------
        expected, found
            Of torch in fp32, and of the engine.
        config
            The model's: calibration, task, familiarity.
        sounds, recordings
            What the windows are of.
        """
        logits = [np.asarray(answer.logits, dtype=np.float64) for answer in (expected, found)]
        probabilities = [calibrate(each, config.calibration, config.task) for each in logits]
        moved = np.abs(probabilities[1] - probabilities[0])
        same = probabilities[0].argmax(axis=1) == probabilities[1].argmax(axis=1)
        feature, verdicts = None, None
        if config.familiarity is not None:
            features = [np.asarray(answer.pooled, dtype=np.float64) for answer in (expected, found)]
            deviation = config.familiarity.distance.deviation.array()
            feature = _largest((features[1] - features[0]) / deviation)
            judged = [[config.familiarity.judge(row).verdict for row in rows] for rows in features]
            verdicts = float(np.mean([one == other for one, other in zip(*judged, strict=True)]))
        return cls(
            sounds=sounds,
            recordings=recordings,
            windows=len(same),
            largest_logit_change=_largest(logits[1] - logits[0]),
            largest_probability_change=_largest(moved),
            mean_probability_change=_finite(moved.mean()),
            labels_agree=float(same.mean()),
            largest_feature_change=feature,
            familiarity_agrees=verdicts,
        )

    def problem(self, tolerance: Tolerance) -> str | None:
        """Return why this is not near enough, or None where it is."""
        changed = self.largest_logit_change if tolerance.measure == "logit" else self.largest_probability_change
        problems = []
        # Written so that NaN is refused.
        if not changed <= tolerance.limit:
            problems.append(f"a {tolerance.measure} moves by {changed:.3g} (at most {tolerance.limit:g})")
        for what, share in (("labels", self.labels_agree), ("familiarity verdicts", self.familiarity_agrees)):
            if share is not None and not share >= tolerance.least_agreement:
                problems.append(f"{share:.1%} of {what} agree (at least {tolerance.least_agreement:.0%})")
        return "; ".join(problems) or None

    def told(self) -> str:
        """Return the figures in words."""
        words = (
            f"on {self.windows} windows of {self.recordings} {self.sounds} recordings: logits move by up to "
            f"{self.largest_logit_change:.2g}, probabilities by up to {self.largest_probability_change:.2g} "
            f"(mean {self.mean_probability_change:.2g}), {self.labels_agree:.1%} of labels agree"
        )
        if self.familiarity_agrees is None:
            return words
        return f"{words}, {self.familiarity_agrees:.1%} of familiarity verdicts"


def _largest(values: np.ndarray) -> float:
    return _finite(np.abs(values).max())


def _finite(value: float) -> float:
    """Return ``value``; the largest number in place of what is none, for which JSON has no word."""
    return float(value) if np.isfinite(value) else float(np.finfo(np.float64).max)
