"""The table of conditions: every number under every condition, and how far it lies from the unchanged recordings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from resp.evaluate.bootstrap import LEVEL, RESAMPLES, Interval
from resp.evaluate.conditions import ATTACK_BASE, CONDITIONS, is_attack
from resp.evaluate.conditions.predicting import predict_job
from resp.evaluate.errors import EvaluationError
from resp.evaluate.jobs import Models, Part, find_all, open_jobs
from resp.evaluate.metrics import Floats
from resp.evaluate.predicting import Progress
from resp.evaluate.predictions import Predictions
from resp.evaluate.resampled import ABSTAINED, Resampled, resample_numbers
from resp.evaluate.results import Protocol
from resp.evaluate.tasks import task_numbers
from resp.models.results import Interval as IntervalCell
from resp.models.results import ResultTable

if TYPE_CHECKING:
    from resp.datasets import DataSettings, WaveformCache
    from resp.evaluate.conditions import AnyCondition

CLEAN = "clean"
# Of models that abstain on nothing: the share of clean items below the threshold that is watched in their place.
WATCHED_SHARE = 0.1
# Numbers whose change is told, where they are there.
_CHANGES = ("Score", "AUROC", "accuracy")


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """A model under one condition.

    Parameters
    ----------
    name, description
        Of the condition.
    numbers
        Title → number with its interval.
    changes
        Title → how far the number lies above that of the unchanged recordings (of an attack: windows), with the
        interval of the paired difference; empty of these themselves.
    """

    name: str
    description: str
    numbers: dict[str, Interval]
    changes: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class ConditionResults:
    """A model, or several runs together, under several conditions.

    Parameters
    ----------
    subject, data
        What was measured, on what.
    rows
        The unchanged recordings first.
    items, patients
        How many.
    level, notes
        Of the intervals, and what a reader must know besides.
    """

    subject: str
    data: str
    rows: tuple[ConditionRow, ...]
    items: int
    patients: int
    level: float
    notes: tuple[str, ...]

    def to_table(self, *, command: str = "", seeds: Sequence[int] = ()) -> ResultTable:
        """Return the results as a table that says how it was made."""
        titles, changes = list(self.rows[0].numbers), [one for one in _CHANGES if one in self.rows[0].numbers]
        rows = [
            (
                row.description,
                *(_cell(row.numbers[title]) for title in titles),
                *(_cell(row.changes[title]) if title in row.changes else None for title in changes),
            )
            for row in self.rows
        ]
        return ResultTable(
            title="Robustness: the same recordings under other conditions",
            command=command,
            data=f"{self.subject} on {self.data}: {self.items} items of {self.patients} patients",
            seeds=tuple(seeds),
            columns=("condition", *titles, *(f"change of {title}" for title in changes)),
            rows=tuple(rows),
            notes=self.notes,
        )


def measure_conditions(
    models: Models,
    conditions: "Mapping[str, AnyCondition]",
    data: "DataSettings | None" = None,
    *,
    root: Path | None = None,
    part: Part | None = None,
    protocol: Protocol | None = None,
    cache: "WaveformCache | None" = None,
    batch_size: int = 16,
    device: str = "cpu",
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
    progress: Callable[[str], Progress] | None = None,
) -> ConditionResults:
    """Measure a model, or several runs together, under conditions.

    Several runs (folds or seeds of one recipe) are pooled: each predicts its own part.

    Parameters
    ----------
    models, data, root, part, protocol, cache, batch_size, device, resamples, level, progress
        See `resp.evaluate.evaluate_model`.
    conditions
        Name → condition, as `resp.evaluate.conditions.choose` makes them; ``clean`` need not be among them.
    seed
        Of the patient bootstrap and of all that is random in the conditions.

    Returns
    -------
    ConditionResults
        A row for the unchanged recordings and one a condition.

    Raises
    ------
    EvaluationError
        See `evaluate_model`; and a task of several classes an item.
    RespError
        What the other rooms refuse.
    """
    weights = find_all(models, protocol, device)
    wanted: dict[str, AnyCondition | None] = {CLEAN: None, **conditions}
    parts: dict[str, list[Predictions]] = {name: [] for name in wanted}
    thresholds: list[Floats] = []
    names: list[str] = []
    for job in open_jobs(weights, data, root=root, part=part, device=device):
        names.append(job.described())
        thresholds.append(np.full(len(job.indices), job.model.config.calibration.abstain_below))
        for name, condition in wanted.items():
            shown = progress(f"{job.name}, {name}") if progress else None
            parts[name].append(
                predict_job(
                    job, condition, seed=seed, cache=cache, batch_size=batch_size, device=device, progress=shown
                )
            )
    pooled = {name: Predictions.pool(some) for name, some in parts.items()}
    rows, notes = compare_conditions(
        pooled, abstain_below=np.concatenate(thresholds), resamples=resamples, seed=seed, level=level
    )
    return ConditionResults(
        subject=weights[0].name if len(weights) == 1 else f"{len(weights)} runs ({weights[0].name} …)",
        data=names[0] if len(set(names)) == 1 else f"{len(names)} parts ({names[0]} …)",
        rows=rows,
        items=len(set(pooled[CLEAN].items.tolist())),
        patients=len(set(pooled[CLEAN].patients.tolist())),
        level=level,
        notes=notes,
    )


def compare_conditions(
    predictions: Mapping[str, Predictions],
    *,
    abstain_below: float | Floats = 0.0,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> tuple[tuple[ConditionRow, ...], tuple[str, ...]]:
    """Measure predictions of the same items under several conditions.

    Parameters
    ----------
    predictions
        Name of a condition → predictions, their rows in the same order; ``clean`` among them, and
        ``middle_window`` where there is an attack.
    abstain_below
        Of the model, or [items]. Where it is nowhere above 0, the share that is watched is that below the value
        which a tenth of the clean items lies below.
    resamples, seed, level
        Of the patient bootstrap.

    Returns
    -------
    rows, notes
        The unchanged recordings first; and what a reader must know.

    Raises
    ------
    EvaluationError
        Nothing to compare with, or other items under one of the conditions.
    """
    if CLEAN not in predictions or (ATTACK_BASE not in predictions and any(map(_attacks, predictions))):
        raise EvaluationError(
            f"conditions {', '.join(predictions)}; expected {CLEAN} to compare with, and {ATTACK_BASE} for an attack"
        )
    clean = predictions[CLEAN]
    for name, one in predictions.items():
        if not (np.array_equal(one.items, clean.items) and np.array_equal(np.array(one.runs), np.array(clean.runs))):
            raise EvaluationError(f"{name}: predictions of other items than those of {CLEAN}")
    notes = [
        f"Intervals are {level:.0%} intervals over {task_numbers(clean.task).unit} ({resamples} resamples); changes "
        "are paired, with the same resamples on both sides.",
        "A signal-to-noise ratio is that of mean powers over the whole recording, its own noise counted as signal.",
    ]
    if not np.any(np.asarray(abstain_below) > 0):
        abstain_below = float(np.quantile(clean.probabilities.max(axis=1), WATCHED_SHARE))
        notes.append(
            f"The models abstain on nothing; '{ABSTAINED}' is the share of items whose most probable class is less "
            f"probable than {abstain_below:.2f}, below which {WATCHED_SHARE:.0%} of the clean ones lie."
        )
    if any(map(_attacks, predictions)):
        notes.append(f"Attacks know network and label; their change is against {ATTACK_BASE.replace('_', ' ')}.")
    numbers = {
        name: resample_numbers(one, abstain_below=abstain_below, resamples=resamples, seed=seed)
        for name, one in predictions.items()
    }
    ordered = [CLEAN, *(name for name in predictions if name != CLEAN)]
    return tuple(_row(name, numbers, level) for name in ordered), tuple(notes)


def _row(name: str, numbers: Mapping[str, Resampled], level: float) -> ConditionRow:
    own = numbers[name]
    base = None if name == CLEAN else ATTACK_BASE if _attacks(name) else CLEAN
    changes = {} if base is None else own.minus(numbers[base]).intervals(level)
    return ConditionRow(name, "unchanged" if name == CLEAN else _described(name), own.intervals(level), changes)


def _described(name: str) -> str:
    known = {record.name: record.description for record in CONDITIONS}
    return known.get(name, name)


def _attacks(name: str) -> bool:
    return name != ATTACK_BASE and name in [record.name for record in CONDITIONS] and is_attack(name)


def _cell(interval: Interval) -> IntervalCell:
    return IntervalCell(value=interval.value, low=interval.low, high=interval.high)
