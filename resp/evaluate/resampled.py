"""The numbers that several tables share, of all items and of resampled patients, so that tables can be subtracted.

Two sets of predictions of the same items are resampled by the very same draws of patients: the interval of their
difference is then a paired one, far narrower than two intervals side by side suggest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.bootstrap import LEVEL, RESAMPLES, Interval, draw_blocks, intervals
from resp.evaluate.errors import EvaluationError
from resp.evaluate.metrics import Floats, normal_class, share
from resp.evaluate.predictions import Predictions
from resp.evaluate.ranking import auroc

# Weights of items in resamples that are held at a time: 32 MB.
_MOST_WEIGHTS = 4_000_000
ABSTAINED = "abstained"


@dataclass(frozen=True, slots=True)
class Resampled:
    """Numbers of predictions.

    Parameters
    ----------
    titles
        What each number is called: of lung sounds Sp, Se, Score, AUROC (normal against abnormal), of one class of
        several accuracy; and the share abstained on where that was asked for.
    point
        [numbers] of all items.
    drawn
        [resamples, numbers].
    patients
        [numbers] how many patients each rests on: of two kinds, the fewer.
    """

    titles: tuple[str, ...]
    point: Floats
    drawn: Floats
    patients: NDArray[np.int64]

    def intervals(self, level: float = LEVEL) -> dict[str, Interval]:
        """Return every number with its percentile interval over patients."""
        return dict(zip(self.titles, intervals(self.point, self.drawn, self.patients, level), strict=True))

    def minus(self, base: "Resampled") -> "Resampled":
        """Return how far these numbers lie above those of the same items, patients drawn alike.

        Raises
        ------
        EvaluationError
            Other numbers, or another number of draws.
        """
        if self.titles != base.titles or self.drawn.shape != base.drawn.shape:
            raise EvaluationError(
                f"{', '.join(self.titles)} of {len(self.drawn)} resamples less {', '.join(base.titles)} of "
                f"{len(base.drawn)}; expected the same numbers of the same resamples"
            )
        patients = np.minimum(self.patients, base.patients)
        return Resampled(self.titles, self.point - base.point, self.drawn - base.drawn, patients)


def resample_numbers(
    predictions: Predictions,
    *,
    abstain_below: float | Floats | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Resampled:
    """Compute the numbers of predictions and of resampled patients.

    Parameters
    ----------
    predictions
        Of lung sounds, or of one class of several.
    abstain_below
        Adds the share of items whose most probable class is less probable than this, a number for all or [items];
        None leaves it out.
    resamples, seed
        Of the patient bootstrap; the same for predictions that are to be compared.

    Returns
    -------
    Resampled
        NaN where there is nothing to count. All items count in every number, abstained on or not.

    Raises
    ------
    EvaluationError
        Items of several classes each.
    """
    if predictions.task not in ("respiratory", "single_label"):
        raise EvaluationError(f"predictions of a {predictions.task} task; expected one class an item")
    correct = predictions.prediction == predictions.truth
    everything = np.ones(len(predictions), dtype=bool)
    normal = predictions.truth == normal_class(predictions.classes)
    respiratory = predictions.task == "respiratory"
    kinds = {"Sp": normal, "Se": ~normal} if respiratory else {"accuracy": everything}
    counted = [column for kind in kinds.values() for column in (kind & correct, kind)]
    if abstain_below is not None:
        counted += [predictions.probabilities.max(axis=1) < abstain_below, everything]
    names, cluster = np.unique(predictions.patients, return_inverse=True)
    of_patient = np.zeros((len(names), len(counted)))
    np.add.at(of_patient, cluster, np.stack(counted, axis=1))
    value = 1 - predictions.probabilities[:, normal_class(predictions.classes)]

    def numbers(draws: NDArray[np.int64]) -> Floats:
        sums = draws @ of_patient
        shares = [share(sums[:, place], sums[:, place + 1]) for place in range(0, len(counted), 2)]
        if respiratory:
            ranked = auroc(~normal, value, draws[:, cluster])
            shares[2:2] = [(shares[0] + shares[1]) / 2, ranked]
        return np.stack(shares, axis=1)

    block = max(1, _MOST_WEIGHTS // len(predictions))
    drawn = np.concatenate([numbers(draws) for draws in draw_blocks(len(names), resamples, seed, block=block)])
    there = (of_patient > 0).sum(axis=0)[1::2].tolist()
    if respiratory:
        there[2:2] = [min(there[:2])] * 2
    titles = [*kinds, *(("Score", "AUROC") if respiratory else ()), *(() if abstain_below is None else (ABSTAINED,))]
    return Resampled(
        tuple(titles),
        numbers(np.ones((1, len(names)), dtype=np.int64))[0],
        drawn,
        np.array(there, dtype=np.int64),
    )
