"""Measured results as a table that says how it was made: what a model's ``config.json`` and its card hold.

A benchmark makes a `ResultTable`, writes it with `write_tables`, and ``resp card --results`` puts it into the model
folder. Numbers are never typed by hand on their way from the measurement to the card.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from resp.models.errors import ModelError

UNDEFINED = "–"
_SUMMING_UP = ("Score", "AUROC", "accuracy", "mAP")


def _none_for_nan(value: Any) -> Any:
    """JSON knows no NaN; what is not defined is None."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _plain_cell(value: Any) -> Any:
    """Take the intervals of `resp.evaluate` as they are."""
    return value._asdict() if hasattr(value, "_asdict") else _none_for_nan(value)


_Number = Annotated[float | None, BeforeValidator(_none_for_nan)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Interval(_Frozen):
    """A number with its interval; None (in Python also NaN) where one is not defined.

    Parameters
    ----------
    value
        The estimate.
    low, high
        The interval's bounds. It need not hold the value: percentile intervals of biased estimates do not always.
    """

    value: _Number
    low: _Number
    high: _Number

    @model_validator(mode="after")
    def _ordered(self) -> "Interval":
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}; expected low first")
        return self

    def __str__(self) -> str:
        """``0.62 (0.56 to 0.70)``."""
        if self.value is None:
            return UNDEFINED
        if self.low is None or self.high is None:
            return show_number(self.value)
        decimals = _decimals(max(abs(self.value), abs(self.low), abs(self.high)))
        value, low, high = (f"{number:.{decimals}f}" for number in (self.value, self.low, self.high))
        return f"{value} ({low} to {high})"


Cell = Annotated[Interval | StrictStr | StrictInt | StrictFloat | None, BeforeValidator(_plain_cell)]
"""Words, a number, a number with its interval, or None for what is not defined or was not measured."""


class ResultTable(_Frozen):
    """Measured results, with all that is needed to measure them again.

    Parameters
    ----------
    title
        What was measured, as a heading.
    command
        The command line or lines that measure it again; empty only where the table was not made by a command.
    data
        On what: data set, parts, how many items and patients, which models.
    seeds
        Of the runs.
    columns
        What the columns are called; the first names the rows.
    rows
        As many cells each as there are columns.
    notes
        What a reader must know besides, a sentence or two each.
    headline
        First cell of the row that is the model's own, for the list of models; None where no row is.
    """

    title: Annotated[str, Field(min_length=1)]
    command: str = ""
    data: str = ""
    seeds: tuple[int, ...] = ()
    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    headline: str | None = None

    @model_validator(mode="after")
    def _rows_fit(self) -> "ResultTable":
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"row {number} has {len(row)} cells; expected {len(self.columns)}: {', '.join(self.columns)}"
                )
        if self.headline is not None and self.headline not in (row[0] for row in self.rows):
            raise ValueError(f"headline {self.headline!r} is the first cell of no row")
        return self

    def summed_up(self) -> "ResultTable":
        """Return the table with the row of the model's own alone; the whole where no row is named."""
        if self.headline is None:
            return self
        return self.model_copy(update={"rows": tuple(row for row in self.rows if row[0] == self.headline)})

    def to_markdown(self, level: int = 3) -> str:
        """Return heading, data and seeds, the table, notes and the command as Markdown, without an end of line.

        Parameters
        ----------
        level
            Of the heading, from 1.
        """
        parts = [f"{'#' * level} {_one_line(self.title)}"]
        if about := self._about():
            parts.append(about)
        parts.append(markdown_table(self.columns, [[show_cell(cell) for cell in row] for row in self.rows]))
        if self.notes:
            parts.append("\n".join(f"- {_one_line(note)}" for note in self.notes))
        if self.command.strip():
            parts.append(f"Made by:\n\n```sh\n{self.command.strip()}\n```")
        return "\n\n".join(parts)

    def _about(self) -> str:
        data, seeds = _one_line(self.data), ", ".join(map(str, self.seeds))
        told = f"{'Seed' if len(self.seeds) == 1 else 'Seeds'} {seeds}." if seeds else ""
        if data and data[-1] not in ".;!?":
            data += "."
        return " ".join(part for part in (data, told) if part)


def headline(results: Mapping[str, Any]) -> str:
    """Return the numbers that stand for a model, of the first table that names a row for it; else nothing.

    The columns that sum the others up (Score, AUROC, accuracy, mAP) where there are, else the first two with numbers.
    """
    for table in split_results(results)[0].values():
        row = next((row for row in table.rows if table.headline is not None and row[0] == table.headline), None)
        if row is not None:
            told = [
                (name, show_cell(cell))
                for name, cell in zip(table.columns[1:], row[1:], strict=True)
                if isinstance(cell, int | float | Interval)
            ]
            chosen = [pair for pair in told if pair[0] in _SUMMING_UP] or told[:2]
            return f"{table.title}: {', '.join(f'{name} {shown}' for name, shown in chosen)}"
    return ""


def show_cell(cell: Cell) -> str:
    """Return a cell as a reader sees it: ``0.62 (0.56 to 0.70)``, ``0.041``, ``171``, words as they are."""
    if cell is None:
        return UNDEFINED
    return show_number(cell) if isinstance(cell, int | float) else str(cell)


def show_number(value: float) -> str:
    """Return a whole number as it is, any other with two decimals, more where it is below 0.1, fewer from 100 on."""
    return str(value) if isinstance(value, int) else f"{value:.{_decimals(abs(value))}f}"


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; every row has as many cells as there are columns.

    Raises
    ------
    ModelError
        A row of another length.
    """
    lines = [_line(columns), "|" + " --- |" * len(columns)]
    for row in rows:
        if len(row) != len(columns):
            raise ModelError(f"a row of {len(row)} cells; expected {len(columns)}: {list(row)}")
        lines.append(_line(row))
    return "\n".join(lines)


def split_results(results: Mapping[str, Any]) -> tuple[dict[str, ResultTable], dict[str, Any]]:
    """Divide what ``ModelConfig.results`` holds into tables and entries of any other form, each under its name."""
    tables: dict[str, ResultTable] = {}
    others: dict[str, Any] = {}
    for name, entry in results.items():
        try:
            tables[name] = ResultTable.model_validate(entry)
        except ValidationError:
            others[name] = entry
    return tables, others


def plain_table(title: str, entry: Any) -> ResultTable | None:
    """Return a table of an entry of ``ModelConfig.results`` that is none; None where it holds no plain numbers.

    Mappings of cells become a row each, or one row a number where there is but one level. What lies deeper is left
    out.
    """
    if not isinstance(entry, Mapping):
        return None
    nested = {
        name: cells
        for name, value in entry.items()
        if isinstance(value, Mapping) and _as_cell(value) is None and (cells := _cells(value))
    }
    try:
        if nested:
            columns = tuple(dict.fromkeys(key for cells in nested.values() for key in cells))
            rows = [(name, *(cells.get(key) for key in columns)) for name, cells in nested.items()]
            return ResultTable(title=title, columns=("", *columns), rows=tuple(rows))
        if own := _cells(entry):
            return ResultTable(title=title, columns=("", "value"), rows=tuple(own.items()))
    except ValidationError:
        return None
    return None


def read_tables(path: str | os.PathLike[str]) -> dict[str, ResultTable]:
    """Read a JSON file that holds one table, or a mapping of names to tables.

    Parameters
    ----------
    path
        The name of the file, without its suffix, names a table that stands alone.

    Raises
    ------
    ModelError
        No such file, no JSON, or what is no table; the message says which field is wrong.
    """
    place = Path(path)
    try:
        values = json.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{place}: cannot be read ({error.strerror}); expected a JSON file of results") from error
    except ValueError as error:
        raise ModelError(f"{place}: no JSON ({error}); expected a table of results") from error
    if not isinstance(values, dict) or not values:
        raise ModelError(f"{place}: no table of results; expected one table, or names and their tables")
    named = {place.stem: values} if "columns" in values or "rows" in values else values
    return {str(name): _table(f"{place}: {name}", entry) for name, entry in named.items()}


def write_tables(path: str | os.PathLike[str], tables: Mapping[str, ResultTable]) -> None:
    """Write tables by name as a JSON file, which `read_tables` reads back."""
    values = {name: table.model_dump(mode="json") for name, table in tables.items()}
    Path(path).write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _table(where: str, entry: Any) -> ResultTable:
    try:
        return ResultTable.model_validate(entry)
    except ValidationError as error:
        wrong = "; ".join(
            ": ".join([".".join(map(str, problem["loc"])), problem["msg"].removeprefix("Value error, ")]).lstrip(": ")
            for problem in error.errors()[:3]
        )
        raise ModelError(f"{where}: no table of results: {wrong}") from error


def _cells(entry: Mapping[str, Any]) -> dict[str, Cell]:
    found = {str(name): _as_cell(value) for name, value in entry.items()}
    return {name: cell for name, cell in found.items() if cell is not None}


def _as_cell(value: Any) -> Cell:
    if isinstance(value, Mapping):
        try:
            return Interval.model_validate(value)
        except ValidationError:
            return None
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _decimals(size: float) -> int:
    if size >= 100:
        return 0
    return 2 if size >= 0.1 or size == 0 else 3


def _line(cells: Sequence[object]) -> str:
    # A bar would end the cell, an end of line the table.
    return "| " + " | ".join(_one_line(str(cell)).replace("|", "\\|") for cell in cells) + " |"


def _one_line(text: str) -> str:
    return " ".join(text.split())
