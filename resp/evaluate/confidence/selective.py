"""Labels for the sure and silence for the rest: how the error falls with the share that is given a label.

Sources: risk-coverage curve, El-Yaniv & Wiener, "On the foundations of noise-free selective classification", JMLR
11, 2010; its area (AURC) and the excess over the best order, Geifman, Uziel & El-Yaniv, "Bias-reduced uncertainty
estimation for deep neural classifiers", ICLR 2019; choosing a threshold by testing one after another, Angelopoulos
et al., "Learn then test: calibrating predictive algorithms to achieve risk control", 2021; the test, Waudby-Smith &
Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86, 2024, with the bets of Bates et al.,
"Distribution-free, risk-controlling prediction sets", Journal of the ACM 68, 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resp.evaluate.calibration import Floats
from resp.evaluate.errors import EvaluationError

# Shares of labelled items at which `risk_threshold` tests, in this order.
_SHARES = np.linspace(0.5, 1.0, 11)


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """How the error depends on how many items are given a label, the surest first.

    Parameters
    ----------
    threshold
        [levels] confidence from which a label is given, falling.
    coverage, risk
        [levels] share of items that get one, and share of these whose label is wrong.
    area
        AURC: the mean of the risk over all numbers of labelled items.
    excess
        How much of it a perfect order, all right ones first, would save.
    """

    threshold: Floats
    coverage: Floats
    risk: Floats
    area: float
    excess: float


def risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> RiskCoverage:
    """Compute the risk-coverage curve.

    Parameters
    ----------
    confidence
        [items] how sure; only its order matters. Items that are equally sure get their label together.
    correct
        [items] whether the label is right.

    Raises
    ------
    EvaluationError
        No items, or two different numbers of them.
    """
    sure, right = _checked(confidence, correct)
    levels, place = np.unique(-sure, return_inverse=True)
    items = np.bincount(place).astype(np.float64)
    wrong = np.bincount(place, ~right)
    labelled, failed = np.cumsum(items), np.cumsum(wrong)
    area = area_under_risk(sure, right)
    return RiskCoverage(
        threshold=-levels,
        coverage=labelled / len(sure),
        risk=failed / labelled,
        area=area,
        excess=area - _area(np.sort(~right).astype(np.float64)),
    )


def area_under_risk(confidence: Floats, correct: NDArray[np.bool_]) -> float:
    """Return the area alone of `risk_coverage`; equally sure items share their mean risk, as in every order alike."""
    _, place = np.unique(-confidence, return_inverse=True)
    items = np.bincount(place)
    return _area(np.repeat(np.bincount(place, ~correct) / items, items))


def risk_threshold(
    confidence: ArrayLike,
    correct: ArrayLike,
    patients: Sequence[str] | NDArray[Any],
    risk: float,
    error: float = 0.1,
) -> float | None:
    """Find the lowest confidence from which labels are wrong no more often than ``risk``, with a bound by patient.

    Thresholds at which half, 55 %, 60 % … and all of the items are labelled are tested one after another, until one
    is not shown to keep the risk: the chance that a chosen threshold does not keep it is at most ``error``, however
    many were tested. A patient k has the loss L_k = e_k + risk · (1 - c_k), with the shares c_k of its items that are
    labelled and e_k that are labelled wrongly; the risk is kept where the mean of L is at most ``risk``. Patients are
    taken as independent of each other, their items are not.

    Parameters
    ----------
    confidence
        [items] how sure, between 0 and 1, on patients that the network did not train on.
    correct
        [items] whether the label is right.
    patients
        [items] whose item it is.
    risk
        The greatest share of wrong labels among those given, of patients to come; between 0 and 1.
    error
        The greatest chance that the choice does not keep it.

    Returns
    -------
    float or None
        The threshold, 0 where all may be labelled; None where even the surer half is not shown to keep the risk.

    Raises
    ------
    EvaluationError
        Arrays of different lengths, or a setting out of range.

    Notes
    -----
    Where the tested thresholds lie follows from the same patients' confidences (not from whether they were right),
    which the bound does not count.
    """
    sure, right = _checked(confidence, correct)
    keys = np.asarray(patients)
    if keys.shape != sure.shape:
        raise EvaluationError(f"{keys.shape} patients for {sure.shape} items; expected one an item")
    for name, value in (("risk", risk), ("error", error)):
        if not 0 < value < 1:
            raise EvaluationError(f"{name}={value}; expected a number between 0 and 1")
    _, cluster, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    chosen: float | None = None
    for share in _SHARES:
        threshold = float(np.quantile(sure, 1 - share, method="lower")) if share < 1 else 0.0
        labelled = sure >= threshold
        wrong, given = (np.bincount(cluster, rows) / sizes for rows in (labelled & ~right, labelled))
        if not _mean_is_below(wrong + risk * (1 - given), risk, error):
            return chosen
        chosen = threshold
    return chosen


def _mean_is_below(losses: Floats, limit: float, error: float) -> bool:
    """Test whether independent losses in [0, 1] have a mean below ``limit``; wrongly yes with at most ``error``.

    A gambler who bets on losses below the limit becomes 1 / error times as rich with a chance of at most ``error``
    where their mean is not below it (Ville's inequality). A bet rests on the losses before it alone.
    """
    # Patients come in the order of their names, which may mean something.
    shuffled = np.random.default_rng(0).permutation(losses)
    number = np.arange(1, len(shuffled) + 1)
    mean = (0.5 + np.cumsum(shuffled)) / (1 + number)
    variance = (0.25 + np.cumsum((shuffled - mean) ** 2)) / (1 + number)
    before = np.concatenate([[0.25], variance[:-1]])
    bet = np.minimum(1.0, np.sqrt(2 * np.log(1 / error) / (len(shuffled) * before)))
    wealth = np.cumsum(np.log1p(-bet * (shuffled - limit)))
    return bool(wealth.max() >= np.log(1 / error))


def _area(wrong: Floats) -> float:
    """Return the mean risk over all numbers of labelled items, from [items] the surest first."""
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())


def _checked(confidence: ArrayLike, correct: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    sure, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.bool_)
    if sure.ndim != 1 or sure.shape != right.shape or not sure.size:
        raise EvaluationError(f"confidence {sure.shape} and correct {right.shape}; expected [items] both, not empty")
    return sure, right
