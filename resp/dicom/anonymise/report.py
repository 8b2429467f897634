"""The report of changes: which attributes of which file were touched, and how; no value and no name of a person."""

import csv
import json
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from resp.dicom.anonymise.files import Outcome
from resp.dicom.anonymise.profile import EDITION
from resp.dicom.errors import DicomError

COLUMNS = ("number", "kind", "output", "attribute", "name", "action", "times")
FORMATS = (".csv", ".json")


def write_report(outcomes: Iterable[Outcome], path: Path) -> None:
    """Write the report as CSV, a row a change, or JSON, by the suffix of ``path``.

    Files are told by the number of their place and, where one was written, by the new name. Warnings and refusals are
    rows too.

    Raises
    ------
    DicomError
        Another suffix, or a file that cannot be written.
    """
    check_report_name(path)
    text = _csv(outcomes) if path.suffix.lower() == ".csv" else _json(outcomes)
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise DicomError(f"--report {path}: cannot be written ({error.strerror})") from error


def check_report_name(path: Path) -> None:
    """Raise `DicomError` where the suffix says no format that is written."""
    if path.suffix.lower() not in FORMATS:
        raise DicomError(f"--report {path}: expected a name that ends in .csv or .json")


def write_map(outcomes: Iterable[Outcome], path: Path) -> None:
    """Write which file became which: the way back, as secret as the files themselves; readable by its owner alone."""
    import os

    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(("number", "source", "output"))
    writer.writerows((one.number, one.source, one.output or "") for one in outcomes)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text.getvalue())
    except OSError as error:
        raise DicomError(f"--keep-map {path}: cannot be written ({error.strerror})") from error


def _rows(outcome: Outcome) -> list[tuple[str, str, str, int]]:
    rows = [(change.attribute, change.name, change.action, change.times) for change in outcome.changes]
    rows += [("", "", f"warning: {warning}", 1) for warning in outcome.warnings]
    return rows + ([("", "", f"refused: {outcome.refused}", 1)] if outcome.refused else [])


def _csv(outcomes: Iterable[Outcome]) -> str:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in outcomes:
        writer.writerows((one.number, one.kind, one.output or "", *row) for row in _rows(one))
    return text.getvalue()


def _json(outcomes: Iterable[Outcome]) -> str:
    files: list[dict[str, Any]] = [
        {
            "number": one.number,
            "kind": one.kind,
            "output": None if one.output is None else one.output.as_posix(),
            "refused": one.refused,
            "warnings": list(one.warnings),
            "changes": [
                {"attribute": change.attribute, "name": change.name, "action": change.action, "times": change.times}
                for change in one.changes
            ],
        }
        for one in outcomes
    ]
    return json.dumps({"profile": f"DICOM PS3.15 {EDITION}, Annex E, Basic Profile", "files": files}, indent=2) + "\n"
