"""What a calibration is worth: before and after, with intervals over patients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.bootstrap import LEVEL, RESAMPLES, Interval, draw_patients, percentile_interval
from resp.evaluate.calibration import Floats, bin_places, brier_parts, reliability
from resp.evaluate.cells import table
from resp.evaluate.confidence.apply import Applied
from resp.evaluate.confidence.fitting import check_one_label
from resp.evaluate.confidence.selective import RiskCoverage, area_under_risk, risk_coverage
from resp.evaluate.predictions import Predictions
from resp.evaluate.tasks import task_numbers
from resp.models.results import Interval as IntervalCell
from resp.models.results import ResultTable, show_cell

BINS = 15
_TINIEST = float(np.finfo(np.float64).tiny)

# Key → what a reader calls it.
_TITLES = {
    "loss": "negative log-likelihood in nats",
    "brier": "Brier score (0 to 2)",
    "ece": "expected calibration error",
    "aurc": "area under the risk-coverage curve",
    "accuracy": "accuracy",
    "set_coverage": "share of prediction sets that hold the true class",
    "set_size": "classes in the prediction set",
    "labelled": "share given a label",
    "accuracy_labelled": "accuracy of what is given a label",
}


@dataclass(frozen=True, slots=True)
class ConfidenceResults:
    """Measured calibration, prediction sets and abstention.

    Parameters
    ----------
    items, patients
        How many.
    unit
        What is resampled, in the plural.
    coverage
        The stated share of prediction sets that hold the true class; None where none is stated.
    before, after
        Key → number with its interval, without and with the calibration: ``loss``, ``brier``, ``ece``, ``aurc``
        and ``accuracy``; and after alone ``set_coverage``, ``set_size``, ``labelled`` (in these three every patient
        counts alike, as the promises do) and ``accuracy_labelled``.
    of_class
        Class → share of its items whose prediction set holds it, and the number of its patients. What is promised is
        promised over all classes together.
    reliability
        Share of items, mean confidence and accuracy of the bins of the top probability, before and after.
    curves
        Risk against coverage, before and after.
    level
        Of the intervals.
    """

    items: int
    patients: int
    unit: str
    coverage: float | None
    before: dict[str, Interval]
    after: dict[str, Interval]
    of_class: dict[str, tuple[Interval, int]]
    reliability: tuple[tuple[Floats, Floats, Floats], tuple[Floats, Floats, Floats]]
    curves: tuple[RiskCoverage, RiskCoverage]
    level: float

    def text(self) -> str:
        """Return the table as aligned text."""
        whole = self.to_table()
        rows = [[show_cell(cell) for cell in row] for row in whole.rows]
        return f"{whole.title}\n{whole.data}\n\n{table(whole.columns, rows)}\n\n" + "\n".join(whole.notes)

    def to_table(self, *, command: str = "", data: str = "", seeds: Sequence[int] = ()) -> ResultTable:
        """Return the numbers as a table for a model's ``config.json`` and card.

        Parameters
        ----------
        command
            What measures it again.
        data
            On what and how, in words.
        seeds
            Of the runs that predicted.
        """
        stated = "none stated" if self.coverage is None else f"stated {self.coverage:.0%}"
        titles = {**_TITLES, "set_coverage": f"{_TITLES['set_coverage']} ({stated})"}
        rows = [
            (title, _cell(self.before[key]) if key in self.before else None, _cell(self.after[key]))
            for key, title in titles.items()
        ]
        rows += [
            (f"prediction sets that hold *{name}*, of its items ({patients} {self.unit})", None, _cell(share))
            for name, (share, patients) in self.of_class.items()
        ]
        return ResultTable(
            title="How sure: calibration, prediction sets and abstention",
            command=command,
            data=data or f"{self.items} predictions of {self.patients} {self.unit}",
            seeds=tuple(seeds),
            columns=("", "before", "after"),
            rows=tuple(rows),
            notes=(
                f"{self.level:.0%} intervals, {self.unit} resampled; of sets and of the share given a label all of "
                "them count alike, however many items they have.",
                "The calibration error of few items is too high on average, and so is its interval.",
            ),
        )


def measure_confidence(
    applied: Applied, *, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> ConfidenceResults:
    """Measure what a calibration made of predictions.

    Parameters
    ----------
    applied
        What `cross_fitted` gave, or `apply_calibration` of patients on which the calibration was not fitted.
    resamples, seed, level
        Of the patient bootstrap.

    Raises
    ------
    EvaluationError
        Predictions of several labels an item, or a setting out of range.
    """
    check_one_label(applied.raw)
    bootstrap = _Bootstrap(applied.raw.patients, resamples, seed, level)
    correct = applied.calibrated.prediction == applied.calibrated.truth
    held = applied.sets[np.arange(len(correct)), applied.calibrated.truth]
    return ConfidenceResults(
        items=len(correct),
        patients=bootstrap.patients,
        unit=task_numbers(applied.raw.task).unit,
        coverage=applied.coverage,
        before=_probabilities(applied.raw, bootstrap),
        after={
            **_probabilities(applied.calibrated, bootstrap),
            "set_coverage": bootstrap.of_patients(held),
            "set_size": bootstrap.of_patients(applied.sets.sum(axis=1)),
            "labelled": bootstrap.of_patients(applied.labelled),
            "accuracy_labelled": bootstrap.ratio(correct & applied.labelled, applied.labelled),
        },
        of_class=_of_class(applied.calibrated, held, bootstrap),
        reliability=(_bins(applied.raw), _bins(applied.calibrated)),
        curves=(_curve(applied.raw), _curve(applied.calibrated)),
        level=level,
    )


def _probabilities(predictions: Predictions, bootstrap: "_Bootstrap") -> dict[str, Interval]:
    probabilities, truth = predictions.probabilities, predictions.truth
    everything = np.ones(len(truth))
    top, correct = probabilities.max(axis=1), predictions.prediction == truth
    own = np.maximum(probabilities[np.arange(len(truth)), truth], _TINIEST)
    return {
        "loss": bootstrap.ratio(-np.log(own), everything),
        "brier": bootstrap.ratio(brier_parts(probabilities, truth), everything),
        "ece": bootstrap.calibration_error(top, correct),
        "aurc": bootstrap.of_items(area_under_risk, top, correct),
        "accuracy": bootstrap.ratio(correct, everything),
    }


def _of_class(
    predictions: Predictions, held: NDArray[np.bool_], bootstrap: "_Bootstrap"
) -> dict[str, tuple[Interval, int]]:
    own = {name: predictions.truth == place for place, name in enumerate(predictions.classes)}
    return {
        name: (bootstrap.ratio(held & items, items), len(set(predictions.patients[items].tolist())))
        for name, items in own.items()
        if items.any()
    }


class _Bootstrap:
    """The same resampled patients for every number."""

    def __init__(self, patients: NDArray[np.str_], resamples: int, seed: int, level: float) -> None:
        names, self._cluster, self._sizes = np.unique(patients, return_inverse=True, return_counts=True)
        self.patients = len(names)
        self._draws = draw_patients(self.patients, resamples, seed)
        self._level = level

    def ratio(self, above: NDArray[Any], below: NDArray[Any]) -> Interval:
        """Return the sum of ``above`` [items] over the sum of ``below`` [items]."""
        totals = self._sums(above), self._sums(below)
        drawn = [self._draws @ total for total in totals]
        resampled = np.divide(drawn[0], drawn[1], out=np.full(len(self._draws), np.nan), where=drawn[1] > 0)
        value = totals[0].sum() / totals[1].sum() if totals[1].sum() else float("nan")
        return self._interval(value, resampled)

    def of_patients(self, values: NDArray[Any]) -> Interval:
        """Return the mean over patients of the mean of each one's ``values`` [items]."""
        own = self._sums(values) / self._sizes
        return self._interval(own.mean(), self._draws @ own / self.patients)

    def calibration_error(self, confidence: Floats, correct: NDArray[np.bool_]) -> Interval:
        """Return the expected calibration error: Σ over bins |sum of correct - sum of confidence| / items."""
        place = self._cluster * BINS + bin_places(confidence, BINS)
        gap = np.bincount(place, correct - confidence, self.patients * BINS).reshape(self.patients, BINS)
        resampled = np.abs(self._draws @ gap).sum(axis=1) / (self._draws @ self._sizes)
        return self._interval(np.abs(gap.sum(axis=0)).sum() / self._sizes.sum(), resampled)

    def of_items(self, statistic: Callable[..., float], *arrays: NDArray[Any]) -> Interval:
        """Return a statistic of arrays [items, …]."""
        items = np.arange(len(self._cluster))
        resampled = np.array(
            [
                statistic(*(array[chosen] for array in arrays))
                for chosen in (np.repeat(items, drawn[self._cluster]) for drawn in self._draws)
            ]
        )
        return self._interval(statistic(*arrays), resampled)

    def _sums(self, values: NDArray[Any]) -> Floats:
        # As floating point, so that all parts of a ratio are.
        return np.asarray(np.bincount(self._cluster, values, self.patients), dtype=np.float64)

    def _interval(self, value: Any, resampled: Floats) -> Interval:
        return percentile_interval(float(value), resampled, patients=self.patients, level=self._level)


def _bins(predictions: Predictions) -> tuple[Floats, Floats, Floats]:
    return reliability(predictions.probabilities, predictions.truth, BINS)


def _curve(predictions: Predictions) -> RiskCoverage:
    return risk_coverage(predictions.probabilities.max(axis=1), predictions.prediction == predictions.truth)


def _cell(interval: Interval) -> IntervalCell:
    return IntervalCell(value=interval.value, low=interval.low, high=interval.high)
