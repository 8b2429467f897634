"""All that was tried in KAUH's folds, the losers too, in one table.

Usage, after the scripts whose tables it joins::

    python benchmarks/kauh_whole_search.py

Nothing is measured here: rows come from the ``.json`` beside this file. Writes ``kauh_whole_search.md`` and ``.json``.
"""

import argparse
from pathlib import Path

from kauh_methods import SVM, publish

from resp.models.results import Cell, Interval, ResultTable, read_tables

HERE = Path(__file__).parent
# Table → the tables in its file of which rows are taken.
PARTS = {
    "kauh_search": "search",
    "kauh_heads": "heads",
    "kauh_cross_validation": "kauh_folds",
    "kauh_mixes": "kauh_folds",
    "kauh_starts": "kauh_folds",
}
# Rows of the first in a table of another are there to be compared with, and stand in their own.
ELSEWHERE = {
    "kauh_search": (),
    "kauh_heads": (SVM,),
    "kauh_cross_validation": (SVM,),
    "kauh_mixes": (SVM, "(ships)"),
    "kauh_starts": (SVM,),
}
COLUMNS = ("Sp", "Se", "Score", "AUROC", "AUROC on ICBHI")


def rows_of(name: str) -> list[tuple[Cell, ...]]:
    """Return method, table, seeds and numbers of the rows of a table."""
    table = read_tables(HERE / f"{name}.json")[PARTS[name]]
    seeds = ", ".join(map(str, table.seeds))
    found = []
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        method = str(row[0])
        if not any(part in method for part in ELSEWHERE[name]):
            found.append((method, f"[{name}]({name}.md)", seeds, *(cells.get(column) for column in COLUMNS)))
    return found


def score(row: tuple[Cell, ...]) -> float:
    """Return what the rows are ordered by."""
    cell = row[3 + COLUMNS.index("Score")]
    return float(cell.value or 0) if isinstance(cell, Interval) else 0.0


def main() -> None:
    """Join the tables."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    table = ResultTable(
        title="All that was tried in KAUH's patient-disjoint folds",
        command="python benchmarks/kauh_whole_search.py",
        data="KAUH, 276 recordings of 92 patients in 5 folds; ICBHI, 171 cycles of 14 patients, which choose nothing",
        columns=("method", "measured in", "seeds", *COLUMNS),
        rows=tuple(sorted((row for name in PARTS for row in rows_of(name)), key=score, reverse=True)),
        notes=(
            "The best Score first; means over seeds with 95 % intervals over patients, as in the tables that the rows "
            "come from, which name their commands. With so many rows the first ones are flattered; what was chosen "
            "inside the training patients alone is called 'chosen in each fold'.",
            "Methods of kauh_search and kauh_heads learn from windows that were drawn once; those of the others draw "
            "anew in every epoch.",
        ),
    )
    publish(HERE / "kauh_whole_search", "kauh_whole_search", table)


if __name__ == "__main__":
    main()
