"""Whether tables that were made again agree with those that stand: every value within the interval that stands.

Usage::

    python benchmarks/compare_tables.py benchmarks/kauh_gates.json again/kauh_gates.json

Rows are matched by their first cell. Prints what differs, and ends with status 1 where a value is outside its interval,
a plain number or a word is another one, or a row or a table is missing.
"""

import argparse
import sys
from pathlib import Path

from resp.models.results import Cell, Interval, ResultTable, read_tables, show_cell


def agree(stands: Cell, again: Cell) -> bool:
    """Return whether a cell that was made again says the same."""
    if isinstance(stands, Interval) and isinstance(again, Interval) and again.value is not None:
        return stands.low is not None and stands.high is not None and stands.low <= again.value <= stands.high
    return show_cell(stands) == show_cell(again)


def differences(stands: ResultTable, again: ResultTable) -> list[str]:
    """Return a line for each cell that does not agree, and for what is missing."""
    if stands.columns != again.columns:
        return [f"columns {', '.join(again.columns)}; expected {', '.join(stands.columns)}"]
    rows = {show_cell(row[0]): row for row in again.rows}
    found = []
    for row in stands.rows:
        name = show_cell(row[0])
        if name not in rows:
            found.append(f"{name}: missing")
            continue
        found += [
            f"{name}, {column}: {show_cell(other)}; stands {show_cell(one)}"
            for column, one, other in zip(stands.columns, row, rows[name], strict=True)
            if not agree(one, other)
        ]
    return found


def main() -> None:
    """Compare every table of two files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stands", type=Path, help="JSON of result tables")
    parser.add_argument("again", type=Path, help="the same, made again")
    given = parser.parse_args()
    stands, again = read_tables(given.stands), read_tables(given.again)
    failed = False
    for name, table in stands.items():
        found = differences(table, again[name]) if name in again else ["the table is missing"]
        cells = len(table.rows) * (len(table.columns) - 1)
        print(f"{name}: {cells} cells, {len(found)} do not agree", *found, sep="\n  ")
        failed |= bool(found)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
