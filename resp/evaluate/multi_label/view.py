"""Several classes at once: from predictions to mean average precision and AUROC with intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resp.evaluate.bootstrap import Interval, draw_blocks, intervals
from resp.evaluate.calibration import Floats
from resp.evaluate.predictions import Predictions
from resp.evaluate.ranking import rank_classes
from resp.evaluate.results import RunRow
from resp.evaluate.tasks import mean_defined, measure

# Weights of items in resamples that are held at a time: 16 MB.
_MOST_WEIGHTS = 4_000_000


@dataclass(frozen=True, slots=True)
class RankedClassRow:
    """How one class fared: average precision and AUROC of its items against the rest."""

    name: str
    items: int
    average_precision: Interval
    auroc: Interval


@dataclass(frozen=True, slots=True)
class MultiLabelView:
    """All numbers of one choice of sources (recordings, videos: what no split divides).

    Parameters
    ----------
    name
        Which sources, in words.
    items, sources
        How many.
    map
        Mean average precision over the classes that occur.
    macro_auroc
        Mean AUROC over the classes that occur and are not everywhere.
    classes, runs
        The tables; ``runs`` is empty where there is only one.
    """

    name: str
    items: int
    sources: int
    map: Interval
    macro_auroc: Interval
    classes: tuple[RankedClassRow, ...]
    runs: tuple[RunRow, ...]

    @property
    def numbers(self) -> dict[str, Interval]:
        """The task's numbers, by the keys of `resp.evaluate.tasks`."""
        return {"map": self.map, "macro_auroc": self.macro_auroc}


def multi_label_view(name: str, predictions: Predictions, resamples: int, seed: int, level: float) -> MultiLabelView:
    """Measure predictions of several classes at once; see `resp.evaluate.evaluate` for the settings.

    A resample raises average precision, because a positive item that is drawn twice retrieves itself: the more so
    the rarer the class. The intervals of average precision are therefore moved by the difference between the
    resamples' mean and the value of all items.
    """
    names, cluster = np.unique(predictions.patients, return_inverse=True)
    areas, precisions = rank_classes(predictions.truth, predictions.logits)
    drawn_areas, drawn_precisions = _resample(predictions, cluster, len(names), resamples, seed)
    occurs = _sources_of_classes(predictions.truth, cluster, len(names))
    missing = _sources_of_classes(1 - predictions.truth, cluster, len(names))

    def rows(point: Floats, drawn: Floats, sources: NDArray[np.int64], *, centre: bool = False) -> list[Interval]:
        return intervals(point, _centred(drawn, point) if centre else drawn, sources, level)

    def overall(point: Floats, drawn: Floats, *, centre: bool = False) -> Interval:
        value, resampled = np.array([mean_defined(point)]), mean_defined(drawn)[:, None]
        return rows(value, resampled, np.array([len(names)]), centre=centre)[0]

    return MultiLabelView(
        name=name,
        items=len(predictions),
        sources=len(names),
        map=overall(precisions, drawn_precisions, centre=True),
        macro_auroc=overall(areas, drawn_areas),
        classes=tuple(
            RankedClassRow(one, int(items), precision, area)
            for one, items, precision, area in zip(
                predictions.classes,
                predictions.truth.sum(axis=0, dtype=np.int64),
                rows(precisions, drawn_precisions, occurs, centre=True),
                rows(areas, drawn_areas, np.minimum(occurs, missing)),
                strict=True,
            )
        ),
        runs=_run_rows(predictions),
    )


def _run_rows(predictions: Predictions) -> tuple[RunRow, ...]:
    """Return the numbers of every run, without intervals: these would take as long as those of the whole again."""
    return tuple(
        RunRow(
            run,
            len(mine),
            len(np.unique(mine.patients)),
            {key: Interval(value, float("nan"), float("nan")) for key, value in measure(mine).items()},
        )
        for run, mine in predictions.by_run()
    )


def _resample(
    predictions: Predictions, cluster: NDArray[np.int64], sources: int, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    """Return AUROC and average precision of every resample, each [resamples, classes]."""
    block = max(1, _MOST_WEIGHTS // max(len(predictions), sources))
    blocks = [
        # Items first, the way in which they are summed; counts are exact in single precision.
        rank_classes(predictions.truth, predictions.logits, draws.T.astype(np.float32)[cluster].T)
        for draws in draw_blocks(sources, resamples, seed, block=block)
    ]
    areas, precisions = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return areas, precisions


def _centred(drawn: Floats, point: Floats) -> Floats:
    """Move resampled values [resamples, n] so that their mean is ``point`` [n], within [0, 1]."""
    moved = drawn + (point - np.asarray(mean_defined(drawn.T)))
    return np.asarray(np.clip(moved, 0, 1))


def _sources_of_classes(truth: NDArray[np.int8], cluster: NDArray[np.int64], sources: int) -> NDArray[np.int64]:
    """Return how many sources have an item of each class, [classes]."""
    there = np.zeros((sources, truth.shape[1]), dtype=bool)
    items, classes = np.nonzero(truth)
    there[cluster[items], classes] = True
    return np.asarray(there.sum(axis=0))
