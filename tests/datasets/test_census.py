"""The census as text and as plain values."""

import json
import subprocess
import sys

import pytest

from resp.datasets import Census, Count
from resp.datasets.census import name_some


def test_text_shows_differences_and_notes():
    census = Census((Count("patients", 120, 126), Count("rows", 7), Count("all", 3, 3)), ("six are missing",))
    assert census.text().splitlines() == [
        "patients     120 of 126 (-6)",
        "rows           7",
        "all            3 of 3",
        "note: six are missing",
    ]
    assert [count.name for count in census.differences()] == ["patients"]
    assert not census.complete
    assert Census(census.counts[1:]).complete


def test_plain_values():
    census = Census((Count("patients", 120, 126),), ("note",))
    plain = json.loads(json.dumps(census.to_dict()))
    assert plain["complete"] is False
    assert plain["counts"] == [{"name": "patients", "found": 120, "expected": 126, "difference": -6}]
    assert plain["notes"] == ["note"]


def test_a_count_by_its_name():
    assert Census((Count("rows", 7),))["rows"] == 7
    with pytest.raises(KeyError, match="columns"):
        Census((Count("rows", 7),))["columns"]


def test_some_names():
    assert name_some(["a", "b"]) == "a, b"
    assert name_some(list("abcdefg")) == "a, b, c, d, e and 2 more"


def test_reading_data_loads_neither_torch_nor_scikit_learn():
    code = "import sys, importlib, resp.datasets\n"
    code += "[importlib.import_module(record.maker.partition(':')[0]) for record in resp.datasets.READERS]\n"
    code += "print([name for name in ('torch', 'sklearn', 'matplotlib', 'av') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
