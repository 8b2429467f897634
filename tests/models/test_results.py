"""Tables of results: what is refused, what is shown, and that files read back."""

import json
import math

import pytest
from pydantic import ValidationError

from resp.evaluate.bootstrap import Interval as Bootstrapped
from resp.models import ModelError
from resp.models.results import (
    Interval,
    ResultTable,
    headline,
    markdown_table,
    plain_table,
    read_tables,
    show_cell,
    split_results,
    write_tables,
)

TABLE = {
    "title": "KAUH, five folds",
    "command": "python measure.py --seeds 2",
    "data": "KAUH: 276 recordings of 92 patients",
    "seeds": [0, 1],
    "columns": ["method", "Score", "AUROC", "patients"],
    "rows": [
        ["plain | simple", {"value": 0.44, "low": 0.36, "high": 0.53}, 0.65, 92],
        ["ours", {"value": 0.624, "low": 0.556, "high": 0.698}, None, 92],
    ],
    "notes": ["Chosen without the test parts."],
    "headline": "ours",
}


def table(**changes):
    return ResultTable.model_validate({**TABLE, **changes})


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (Interval(value=0.624, low=0.556, high=0.698), "0.62 (0.56 to 0.70)"),
        (Interval(value=0.041, low=0.02, high=0.3), "0.04 (0.02 to 0.30)"),
        (Interval(value=0.0412, low=0.0201, high=0.0605), "0.041 (0.020 to 0.060)"),
        (Interval(value=-0.2, low=-0.3, high=0.1), "-0.20 (-0.30 to 0.10)"),
        (Interval(value=390.4, low=380.0, high=401.9), "390 (380 to 402)"),
        (Interval(value=0.5, low=None, high=1.0), "0.50"),
        (Interval(value=None, low=None, high=None), "–"),
        (None, "–"),
        (171, "171"),
        (0.0, "0.00"),
        (0.0413, "0.041"),
        ("as it is", "as it is"),
    ],
)
def test_cells_are_shown_as_a_reader_wants_them(cell, shown):
    assert show_cell(cell) == shown


def test_markdown_has_data_seeds_rows_notes_and_command():
    assert table().to_markdown(2) == (
        "## KAUH, five folds\n\n"
        "KAUH: 276 recordings of 92 patients. Seeds 0, 1.\n\n"
        "| method | Score | AUROC | patients |\n"
        "| --- | --- | --- | --- |\n"
        "| plain \\| simple | 0.44 (0.36 to 0.53) | 0.65 | 92 |\n"
        "| ours | 0.62 (0.56 to 0.70) | – | 92 |\n\n"
        "- Chosen without the test parts.\n\n"
        "Made by:\n\n```sh\npython measure.py --seeds 2\n```"
    )


def test_a_table_of_little_shows_only_that():
    assert table(command="", data="", seeds=[], notes=[]).to_markdown().startswith("### KAUH, five folds\n\n| method |")
    assert "Seed 3." in table(seeds=[3]).to_markdown()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rows": [["ours", 1]]}, "row 1 has 2 cells; expected 4"),
        ({"columns": []}, "columns"),
        ({"title": ""}, "title"),
        ({"rows": [["ours", True, 1, 1]]}, "rows.0.1"),
        ({"rows": [["ours", {"value": 1, "low": 2, "high": 1}, 1, 1]]}, "low 2 is above high 1"),
        ({"rows": [["ours", math.inf, 1, 1]]}, "rows.0.1"),
        ({"headline": "theirs"}, "the first cell of no row"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_no_table_is_refused(changes, said):
    with pytest.raises(ValidationError, match=said):
        table(**changes)


def test_bootstrapped_intervals_are_taken_as_they_are_and_nan_is_not_defined():
    rows = [["ours", Bootstrapped(0.5, 0.4, math.nan), math.nan, 1]]
    assert table(rows=rows).rows[0] == ("ours", Interval(value=0.5, low=0.4, high=None), None, 1)


def test_tables_written_are_tables_read(tmp_path):
    tables = {"folds": table(), "icbhi": table(title="ICBHI")}
    write_tables(tmp_path / "all.json", tables)
    assert read_tables(tmp_path / "all.json") == tables
    (tmp_path / "alone.json").write_text(json.dumps(TABLE))
    assert read_tables(tmp_path / "alone.json") == {"alone": table()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no table of results"),
        ("{}", "no table of results"),
        (json.dumps({**TABLE, "rows": [["x"]]}), "row 1 has 1 cells"),
        (json.dumps({"folds": {"Score": 1}}), "folds: no table of results: title: Field required"),
    ],
)
def test_files_that_hold_no_table_are_named(tmp_path, text, said):
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(ModelError, match=said) as caught:
        read_tables(path)
    assert str(path) in str(caught.value)
    with pytest.raises(ModelError, match="cannot be read"):
        read_tables(tmp_path / "missing.json")


def test_entries_of_any_other_form_stay_readable():
    free = {
        "folds": TABLE,
        "methods": {"a": {"Sp": {"value": 0.5, "low": 0.4, "high": 0.6}}, "b": {"Sp": 1.0, "items": 3}},
        "calibration": {"ece": 0.0612, "coverage": {"value": 0.9, "low": 0.85, "high": 0.95}},
        "words": "none",
    }
    tables, others = split_results(free)
    assert tables == {"folds": table()}
    assert list(others) == ["methods", "calibration", "words"]
    assert plain_table("m", others["methods"]).rows == (
        ("a", Interval(value=0.5, low=0.4, high=0.6), None),
        ("b", 1.0, 3),
    )
    assert "| coverage | 0.90 (0.85 to 0.95) |" in plain_table("c", others["calibration"]).to_markdown()
    assert plain_table("w", others["words"]) is None
    assert plain_table("n", {"deep": {"deeper": {"deepest": [1]}}}) is None


def test_summed_up_the_models_own_row_is_left():
    assert [row[0] for row in table().summed_up().rows] == ["ours"]
    assert table().summed_up().columns == table().columns
    assert table(headline=None).summed_up() == table(headline=None)


def test_the_headline_is_the_models_own_row():
    assert headline({"old": {"Score": 1}, "folds": TABLE}) == "KAUH, five folds: Score 0.62 (0.56 to 0.70)"
    assert headline({"folds": {**TABLE, "headline": None}}) == ""
    other = {**TABLE, "columns": ["method", "ECE", "words", "n"], "rows": [["ours", 0.05, "x", 7]]}
    assert headline({"folds": other}) == "KAUH, five folds: ECE 0.050, n 7"


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ModelError, match="2 cells; expected 1"):
        markdown_table(["a"], [["1", "2"]])
