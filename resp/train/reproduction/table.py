"""The tables of a plan: what was measured beside what is published, each protocol for itself."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resp.evaluate import PROTOCOLS, Measured, Predictions, Protocol, evaluate, icbhi_score, two_class_score
from resp.evaluate.metrics import normal_class
from resp.models.results import Cell, Interval, ResultTable
from resp.train.reproduction.plan import Plan, PlanRow

NOT_RUN = "not run"
_NUMBERS = ("sp", "se", "score")
_TITLES = ("Sp", "Se", "Score")


@dataclass(frozen=True, slots=True)
class RowResult:
    """The finished runs of a row: seed → what it predicted of the test part, and all of it together."""

    predictions: Mapping[int, Predictions]
    pooled: Measured

    def over_seeds(self, *, two: bool) -> dict[str, list[float]]:
        """Return Sp, Se and Score of every seed, in percent."""
        score = two_class_score if two else icbhi_score
        scores = [
            score(one.truth, one.prediction, normal=normal_class(one.classes)) for one in self.predictions.values()
        ]
        return {key: [100 * float(getattr(one, key)) for one in scores] for key in _NUMBERS}


def pool_row(row: PlanRow, predictions: Mapping[int, Predictions], shared: Sequence[str], resamples: int) -> RowResult:
    """Put the runs of a row together.

    Parameters
    ----------
    row
        Theirs.
    predictions
        Seed → predictions of the test part.
    shared
        Patients that are in the train part too: left out of a second view.
    resamples
        Of the patient bootstrap.
    """
    together = Predictions.pool(list(predictions.values()))
    evaluation = evaluate(
        together,
        subject=row.name,
        data=f"test part, {len(predictions)} seed{'s' if len(predictions) > 1 else ''}",
        protocol=row.protocol,
        without_patients=shared,
        resamples=resamples,
    )
    return RowResult(predictions, Measured(evaluation, together))


def make_tables(
    plan: Plan,
    results: Mapping[str, RowResult],
    *,
    seeds: Sequence[int],
    command: str,
    data: str,
    partial: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> dict[str, ResultTable]:
    """Return a table for each protocol that was run and number of classes; no table mixes protocols.

    Parameters
    ----------
    plan
        Its rows are those of the tables; one without results says so.
    results
        Name of a row → its finished runs.
    seeds
        Of all runs that were asked for.
    command, data
        How the tables are made, and of what.
    partial
        Why the numbers are no reproduction; each title says so then.
    notes
        What a reader must know besides.
    """
    tables = {}
    protocols = list(dict.fromkeys(row.protocol for row in plan.rows))
    # A protocol of which nothing was run gets a line, not a table of nothing, as long as another has one.
    measured = {row.protocol for row in plan.rows if row.name in results}
    run = [one for one in protocols if one in measured or not measured]
    left = tuple(f"The {one} protocol was not run." for one in protocols if one not in run)
    for protocol in run:
        for two in (False, True):
            rows = [row for row in plan.rows if row.protocol == protocol]
            title = f"{plan.title}: {protocol} protocol" + (", normal against abnormal" if two else "")
            tables[f"{protocol}_two_class" if two else protocol] = ResultTable(
                title=f"PARTIAL DATA: {title}" if partial else title,
                command=command,
                data=data,
                seeds=tuple(seeds),
                columns=_columns(rows[0]),
                rows=tuple(_cells(row, results.get(row.name), two=two) for row in rows),
                notes=(*_partial_notes(partial), *_notes(protocol, rows), *plan.notes, *left, *notes),
            )
    return tables


def to_markdown(plan: Plan, tables: Mapping[str, ResultTable]) -> str:
    """Return all tables as one page; what they have in common stands once."""
    common = _common(tables)
    parts = [f"# {plan.title}"]
    for table in tables.values():
        own = table.notes[: len(table.notes) - len(common)]
        parts.append(table.model_copy(update={"command": "", "notes": own}).to_markdown(2))
    first = next(iter(tables.values()))
    parts.append("\n".join(["## Notes", "", *(f"- {note}" for note in common)]))
    parts.append(f"Made by:\n\n```sh\n{first.command}\n```")
    return "\n\n".join(parts) + "\n"


def _common(tables: Mapping[str, ResultTable]) -> tuple[str, ...]:
    """Return the notes that all tables end with."""
    reverse = zip(*(reversed(table.notes) for table in tables.values()), strict=False)
    common: list[str] = []
    for notes in reverse:
        if len(set(notes)) > 1:
            break
        common.insert(0, notes[0])
    return tuple(common)


def _columns(row: PlanRow) -> tuple[str, ...]:
    choices = (what for what, *_ in row.choices)
    over_seeds = (f"{title} over seeds" for title in _TITLES)
    pooled = ("Score, all predictions", "Score without shared patients")
    return ("", *choices, "runs", *over_seeds, *pooled, "published Sp / Se / Score", "difference of Score")


def _cells(row: PlanRow, result: RowResult | None, *, two: bool) -> tuple[Cell, ...]:
    choices = tuple(taken for _, taken, _ in row.choices)
    published = _published(row, two=two)
    told = None if published is None else " / ".join(f"{number:.2f}" for number in published)
    if published is not None and not row.as_published:
        told = f"{told} (other settings)"
    if result is None:
        return (row.title, *choices, 0, NOT_RUN, None, None, None, None, told, None)
    numbers = result.over_seeds(two=two)
    mean = statistics.fmean(numbers["score"])
    difference = None if published is None or math.isnan(mean) else f"{mean - published[2]:+.2f}"
    views = result.pooled.evaluation.views
    without = _interval(views[1], two=two) if len(views) > 1 else None
    return (
        row.title,
        *choices,
        len(result.predictions),
        *(_spread(numbers[key]) for key in _NUMBERS),
        _interval(views[0], two=two),
        without,
        told,
        difference,
    )


def _published(row: PlanRow, *, two: bool) -> tuple[float, float, float] | None:
    if row.published is None:
        return None
    return row.published.two_class if two else (row.published.sp, row.published.se, row.published.score)


def _interval(view: Any, *, two: bool) -> Cell:
    scores = (view.two_class if two else view.scores).score
    value, low, high = (None if math.isnan(number) else 100 * number for number in scores)
    return Interval(value=value, low=low, high=high)


def _spread(values: Sequence[float]) -> Cell:
    """Return mean ± standard deviation; of one seed its number alone."""
    if any(math.isnan(value) for value in values):
        return None
    mean = f"{statistics.fmean(values):.2f}"
    return f"{mean} ± {statistics.stdev(values):.2f}" if len(values) > 1 else mean


def _partial_notes(reasons: Sequence[str]) -> tuple[str, ...]:
    return (f"No reproduction: {'; '.join(reasons)}.",) if reasons else ()


def _notes(protocol: Protocol, rows: Sequence[PlanRow]) -> tuple[str, ...]:
    sources = sorted({row.published.source for row in rows if row.published is not None})
    published = f"Published: {'; '.join(sources)}." if sources else "Nothing is published by this protocol."
    return (f"Protocol: {PROTOCOLS[protocol]}.", published)
