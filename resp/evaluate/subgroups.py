"""Subgroups: how a model fares by sex, age, site, device, filter and diagnosis, with counts and intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from resp.evaluate.bootstrap import LEVEL, RESAMPLES, Interval
from resp.evaluate.errors import EvaluationError
from resp.evaluate.metrics import normal_class
from resp.evaluate.predictions import UNKNOWN, Predictions
from resp.evaluate.resampled import resample_numbers
from resp.evaluate.tasks import task_numbers
from resp.models.results import Interval as IntervalCell
from resp.models.results import ResultTable

if TYPE_CHECKING:
    from resp.datasets import Item

# A number that rests on fewer patients of a kind is not told.
FEWEST_PATIENTS = 5
# Ages in years from which a band begins, and what it is called.
AGE_BANDS = ((0.0, "under 18"), (18.0, "18 to 39"), (40.0, "40 to 64"), (65.0, "65 and over"))
_SEXES = {"f": "female", "m": "male"}


@dataclass(frozen=True, slots=True)
class SubgroupRow:
    """One group.

    Parameters
    ----------
    kind, name
        Such as ``sex`` and ``female``.
    patients, items
        How many; an item that several runs predicted counts once.
    normal_patients, abnormal_patients
        Of lung sounds: with normal and with abnormal items; a patient may have both.
    numbers
        Title → number with its interval; NaN where fewer than `FEWEST_PATIENTS` patients of a kind have a part in it.
    """

    kind: str
    name: str
    patients: int
    items: int
    normal_patients: int
    abnormal_patients: int
    numbers: dict[str, Interval]


def subgroups(
    predictions: Predictions,
    items: "Sequence[Item]",
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> tuple[SubgroupRow, ...]:
    """Measure predictions group by group.

    Parameters
    ----------
    predictions
        Of lung sounds, or of one class of several.
    items
        What is known of the items: those of the predictions' rows, or the whole data set in any order.
    resamples, seed, level
        Of the patient bootstrap.

    Returns
    -------
    tuple of SubgroupRow
        All items first; then by sex, age, site, device, filter and diagnosis, as far as something is known of them.

    Raises
    ------
    EvaluationError
        A prediction of an item that is not among the items.
    """
    known = {item.name: item for item in items}
    if missing := sorted(set(predictions.items.tolist()) - set(known)):
        raise EvaluationError(
            f"{len(missing)} predicted items are not in the data set ({missing[0]} …); give the data that they are of"
        )

    def row(kind: str, name: str, group: Predictions) -> SubgroupRow:
        return _row(kind, name, group, resamples, seed, level)

    rows = [row("all", "", predictions)]
    for kind, told in _KINDS.items():
        names = np.array([told(known[name]) for name in predictions.items.tolist()], dtype=str)
        order = [name for name in _in_order(names.tolist()) if name != UNKNOWN]
        # A kind of which nothing, or only one thing, is known divides nobody.
        if len(order) + bool((names == UNKNOWN).any()) > 1 and order:
            chosen = [*order, *([UNKNOWN] if (names == UNKNOWN).any() else [])]
            rows += [row(kind, name, predictions.keep(names == name)) for name in chosen]
    return tuple(rows)


def subgroup_table(
    rows: Sequence[SubgroupRow],
    *,
    task: str = "respiratory",
    command: str = "",
    data: str = "",
    seeds: Sequence[int] = (),
    level: float = LEVEL,
) -> ResultTable:
    """Return subgroups as a table that says how it was made.

    Parameters
    ----------
    rows
        What `subgroups` returned.
    task
        Of the predictions.
    command, data, seeds
        See `ResultTable`.
    level
        Of the intervals.
    """
    respiratory = task == "respiratory"
    titles = list(rows[0].numbers)
    unit = task_numbers(task).unit  # type: ignore[arg-type]  # the caller's task is one
    kinds = ("normal", "abnormal") if respiratory else ()
    cells = [
        (
            f"{row.kind}: {row.name}" if row.name else row.kind,
            row.patients,
            *((row.normal_patients, row.abnormal_patients) if respiratory else ()),
            row.items,
            *(IntervalCell(value=one.value, low=one.low, high=one.high) for one in row.numbers.values()),
        )
        for row in rows
    ]
    return ResultTable(
        title="Subgroups",
        command=command,
        data=data,
        seeds=tuple(seeds),
        columns=("group", unit, *(f"{kind} {unit}" for kind in kinds), "items", *titles),
        rows=tuple(cells),
        notes=(
            f"Intervals are {level:.0%} intervals over {unit}. A number that rests on fewer than {FEWEST_PATIENTS} "
            f"{unit} of a kind (normal for Sp, abnormal for Se, either for Score and AUROC) is not given.",
            "Many groups are compared, and none was planned: a difference between two is a question, not a finding.",
        ),
    )


def _row(kind: str, name: str, group: Predictions, resamples: int, seed: int, level: float) -> SubgroupRow:
    normal = group.truth == normal_class(group.classes)
    numbers = resample_numbers(group, resamples=resamples, seed=seed)
    nothing = Interval(float("nan"), float("nan"), float("nan"))
    enough = dict(zip(numbers.titles, numbers.patients >= FEWEST_PATIENTS, strict=True))
    return SubgroupRow(
        kind=kind,
        name=name,
        patients=len(set(group.patients.tolist())),
        items=len(set(group.items.tolist())),
        normal_patients=len(set(group.patients[normal].tolist())),
        abnormal_patients=len(set(group.patients[~normal].tolist())),
        numbers={title: one if enough[title] else nothing for title, one in numbers.intervals(level).items()},
    )


def _in_order(names: Sequence[str]) -> list[str]:
    """Return each name once, age bands by age and all others by the alphabet."""
    bands = [band for _, band in AGE_BANDS]
    return sorted(set(names), key=lambda name: (bands.index(name) if name in bands else 0, name))


def age_band(age_years: str | None) -> str:
    """Return the band that an age in years lies in; ``unknown`` where it is none."""
    try:
        age = float(age_years or "")
    except ValueError:
        return UNKNOWN
    found = [band for start, band in AGE_BANDS if age >= start]
    return found[-1] if found else UNKNOWN


def _sex(item: "Item") -> str:
    given = item.attributes.get("sex", "").casefold()
    return _SEXES.get(given[:1], UNKNOWN)


_KINDS: "dict[str, Callable[[Item], str]]" = {
    "sex": _sex,
    "age": lambda item: age_band(item.attributes.get("age_years")),
    "site": lambda item: item.site or UNKNOWN,
    "device": lambda item: item.device or UNKNOWN,
    "filter": lambda item: item.attributes.get("filter") or UNKNOWN,
    "diagnosis": lambda item: (item.attributes.get("diagnosis") or UNKNOWN).casefold(),
}
