"""What the runs of a cross-validation give together: a row a run, means over folds, and the pooled evaluation."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from resp.evaluate import PROTOCOLS, Measured, Predictions, Protocol, evaluate
from resp.evaluate.bootstrap import Interval
from resp.evaluate.cells import NOTHING, cell, percent, plain, table
from resp.evaluate.tasks import LOSS, TaskNumbers, protocol_words, task_numbers
from resp.train.folder import write_json, write_text
from resp.train.recipe import Recipe

FORMAT_VERSION = 1


class Row(NamedTuple):
    """One run: its fold and seed, the epoch that was chosen, and loss and the task's numbers on its test part."""

    fold: int
    seed: int
    epoch: int
    test: Mapping[str, float | None]


class OverFolds(NamedTuple):
    """Mean and standard error over folds; NaN where there are none (fewer than two) in which the number is defined."""

    mean: float
    standard_error: float
    folds: int


@dataclass(frozen=True, slots=True)
class ProtocolSummary:
    """The runs by one protocol.

    Parameters
    ----------
    rows
        One a run.
    means
        Number → mean and standard error over folds, the seeds of a fold averaged first: folds are independent of
        each other but for their training parts, and seeds on the same fold are not.
    pooled
        Evaluation of all predictions together, and these.
    """

    rows: tuple[Row, ...]
    means: dict[str, OverFolds]
    pooled: Measured


@dataclass(frozen=True, slots=True)
class Summary:
    """What a cross-validation gave.

    Parameters
    ----------
    recipe
        Of all runs, but for their folds and seeds.
    protocols
        Protocol → its runs.
    """

    recipe: Recipe
    protocols: dict[Protocol, ProtocolSummary]

    def text(self) -> str:
        """Return the tables, in percent."""
        return "\n\n".join(
            _protocol_text(self.recipe, protocol, one, self._numbers) for protocol, one in self.protocols.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; None stands for what could not be computed."""
        rows = self._first.rows
        return {
            "format_version": FORMAT_VERSION,
            "name": self.recipe.name,
            "dataset": self.recipe.data.dataset,
            "task": self._first.pooled.predictions.task,
            "folds": sorted({row.fold for row in rows}),
            "of_folds": self.recipe.data.folds,
            "seeds": sorted({row.seed for row in rows}),
            "protocols": {
                protocol: {
                    "protocol_means": protocol_words(PROTOCOLS, protocol, one.pooled.predictions.task),
                    "runs": [{"fold": row.fold, "seed": row.seed, "epoch": row.epoch, **row.test} for row in one.rows],
                    "over_folds": {
                        key: {name: plain(value) for name, value in over._asdict().items()}
                        for key, over in one.means.items()
                    },
                    "pooled": {key: plain(value) for key, value in _pooled_numbers(one).items()},
                }
                for protocol, one in self.protocols.items()
            },
        }

    def write(self, folder: Path) -> None:
        """Write ``summary.json``, ``summary.csv``, and text, JSON, picture and predictions of ``pooled_PROTOCOL``."""
        write_json(folder / "summary.json", self.to_dict())
        lines = io.StringIO()
        keys = (LOSS, *self._numbers.titles)
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["protocol", "fold", "seed", "epoch", *keys])
        for protocol, one in self.protocols.items():
            for row in one.rows:
                numbers = [row.test[key] for key in keys]
                writer.writerow([protocol, row.fold, row.seed, row.epoch, *numbers])
            one.pooled.write(folder, f"pooled_{protocol}")
        write_text(folder / "summary.csv", lines.getvalue())

    @property
    def _first(self) -> ProtocolSummary:
        return next(iter(self.protocols.values()))

    @property
    def _numbers(self) -> TaskNumbers:
        return task_numbers(self._first.pooled.predictions.task)


def summarise(
    recipe: Recipe, rows: Mapping[Protocol, Sequence[Row]], pooled: Mapping[Protocol, Predictions]
) -> Summary:
    """Put runs together.

    Parameters
    ----------
    recipe
        Theirs.
    rows
        Protocol → a row a run.
    pooled
        Protocol → predictions of all test parts.
    """
    protocols = {}
    for protocol, of_protocol in rows.items():
        predictions = pooled[protocol]
        folds, seeds = ({getattr(row, name) for row in of_protocol} for name in ("fold", "seed"))
        evaluation = evaluate(
            predictions,
            subject=recipe.name,
            data=f"{recipe.data.dataset}, the test parts of {len(folds)} of {recipe.data.folds} folds, "
            f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''}",
            protocol=protocol,
            resamples=recipe.evaluation.resamples,
        )
        means = {key: over_folds(of_protocol, key) for key in task_numbers(predictions.task).titles}
        protocols[protocol] = ProtocolSummary(tuple(of_protocol), means, Measured(evaluation, predictions))
    return Summary(recipe, protocols)


def over_folds(rows: Sequence[Row], key: str) -> OverFolds:
    """Return mean and standard error of a number over folds, after the mean over the seeds of each."""
    of_fold: dict[int, list[float]] = {}
    for row in rows:
        value = row.test[key]
        if value is not None:
            of_fold.setdefault(row.fold, []).append(value)
    means = np.array([np.mean(values) for values in of_fold.values()])
    if not means.size:
        return OverFolds(math.nan, math.nan, 0)
    error = means.std(ddof=1) / math.sqrt(len(means)) if len(means) > 1 else math.nan
    return OverFolds(float(means.mean()), float(error), len(means))


def _protocol_text(recipe: Recipe, protocol: Protocol, one: ProtocolSummary, numbers: TaskNumbers) -> str:
    titles = numbers.titles
    rows = [
        [f"fold {row.fold}", str(row.seed), str(row.epoch), *(_percent(row.test[key]) for key in titles)]
        for row in one.rows
    ]
    means = ", ".join(f"{titles[key]} {_with_error(over)}" for key, over in one.means.items())
    pooled = ", ".join(f"{titles[key]} {cell(value)}" for key, value in _pooled_numbers(one).items())
    view = one.pooled.evaluation.views[0]
    folds = max(over.folds for over in one.means.values())
    level = one.pooled.evaluation.level
    return (
        f"{recipe.name} on {recipe.data.dataset}, {protocol} protocol, in percent\n"
        + table(["", "seed", "epoch", *titles.values()], rows)
        + f"\nmean ± standard error over {folds} folds (seeds of a fold averaged first): {means}"
        f"\npooled, {view.items} predictions, [{level:.0%} interval over {numbers.unit}]: {pooled}"
    )


def _with_error(over: OverFolds) -> str:
    error = NOTHING if math.isnan(over.standard_error) else percent(over.standard_error)
    return f"{percent(over.mean)} ± {error}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else percent(value)


def _pooled_numbers(one: ProtocolSummary) -> dict[str, Interval]:
    return cast(dict[str, Interval], one.pooled.evaluation.views[0].numbers)
