"""The tables of the ICBHI 2017 database: cycle annotations, official split, diagnoses, demographics, folds.

Every table is accepted with tabs, spaces or commas between its columns, and with or without a header: the
copies in circulation differ.

========================  ======================================================================
file                      row
========================  ======================================================================
annotation ``*.txt``      start (s), end (s), crackles (0 or 1), wheezes (0 or 1); one breath cycle
official split            recording name, ``train`` or ``test``
diagnosis                 patient, diagnosis
demographics              patient, age (years), sex, adult BMI, child weight (kg), child height (cm)
fold list                 patient, fold (0 to 4)
========================  ======================================================================
"""

import re
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Literal

from resp.audio.cycle import Cycle
from resp.datasets.errors import DataError

DIAGNOSES = ("Healthy", "Asthma", "Bronchiectasis", "Bronchiolitis", "COPD", "LRTI", "Pneumonia", "URTI")


def read_annotation(path: Path) -> tuple[Cycle, ...]:
    """Read the breath cycles of one recording.

    Raises
    ------
    DataError
        A row that is not a cycle; the message has file and line.
    """
    cycles = []
    for line, row in _rows(path):
        try:
            start_s, end_s = float(row[0]), float(row[1])
            crackles, wheezes = row[2], row[3]
        except (ValueError, IndexError):
            raise _bad_row(path, line, row, "start end crackles wheezes (seconds, 0 or 1)") from None
        if not (isfinite(end_s) and 0 <= start_s < end_s):
            raise _bad_row(path, line, row, "0 <= start < end, in seconds")
        if len(row) != 4 or {crackles, wheezes} - {"0", "1"}:
            raise _bad_row(path, line, row, "four columns whose last two are 0 or 1")
        cycles.append(Cycle(start_s, end_s, crackles == "1", wheezes == "1"))
    return tuple(cycles)


def read_split(path: Path) -> dict[str, Literal["train", "test"]]:
    """Read the official split: recording name → part."""
    split: dict[str, Literal["train", "test"]] = {}
    for line, row in _rows(path):
        part = row[1].lower() if len(row) == 2 else ""
        name = re.sub(r"\.(wav|txt)$", "", row[0], flags=re.IGNORECASE)
        if part == "train":
            split[name] = "train"
        elif part == "test":
            split[name] = "test"
        elif split or not re.match(r"[a-z]", row[0], re.IGNORECASE):
            raise _bad_row(path, line, row, "a recording name and train or test")
    return split


def read_diagnoses(path: Path) -> dict[str, str]:
    """Read patient → diagnosis."""
    known = {name.lower(): name for name in DIAGNOSES}
    diagnoses = {}
    for line, row in _patient_rows(path):
        if len(row) != 2 or row[1].lower() not in known:
            raise _bad_row(path, line, row, f"a patient and one of {', '.join(DIAGNOSES)}")
        diagnoses[row[0]] = known[row[1].lower()]
    return diagnoses


def read_demographics(path: Path) -> dict[str, dict[str, str]]:
    """Read patient → what is known of age (years), sex, BMI, weight (kg) and height (cm); as text."""
    columns = ("age_years", "sex", "adult_bmi", "child_weight_kg", "child_height_cm")
    return {
        row[0]: {name: value for name, value in zip(columns, row[1:], strict=False) if value.upper() != "NA"}
        for _, row in _patient_rows(path)
    }


def read_folds(path: Path) -> dict[str, str]:
    """Read patient → fold."""
    folds = {}
    for line, row in _patient_rows(path):
        if len(row) != 2 or not row[1].isdigit():
            raise _bad_row(path, line, row, "a patient and a fold number")
        folds[row[0]] = row[1]
    return folds


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and columns of every line that is not blank."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text ({error}); expected a table of the ICBHI database") from error
    for line, content in enumerate(text.splitlines(), start=1):
        row = [column for column in re.split(r"[\s,]+", content.strip()) if column]
        if row:
            yield line, row


def _patient_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that begin with a patient number; the first row may be a header instead."""
    for position, (line, row) in enumerate(_rows(path)):
        if row[0].isdigit():
            yield line, row
        elif position:
            raise _bad_row(path, line, row, "a patient number first")


def _bad_row(path: Path, line: int, row: list[str], expected: str) -> DataError:
    return DataError(f"{path}, line {line}: {' '.join(row)!r}; expected {expected}")
