"""Tables of a plan from predictions that were made by hand."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from resp.evaluate import Predictions
from resp.models.results import Interval, ResultTable, read_tables, write_tables
from resp.train.reproduction import Plan, PlanRow, Published
from resp.train.reproduction.table import RowResult, make_tables, pool_row, to_markdown

CLASSES = ("normal", "crackle", "wheeze", "both")
TRUTH = [0, 0, 0, 0, 1, 1, 2, 3]
LIVE = PlanRow(
    "cl",
    "CL",
    "recipe",
    (("averaging", "live", "averaging.name=live"),),
    "literature",
    Published(80.0, 40.0, 60.0, "Somebody, 2023", two_class=(80.0, 50.0, 65.0)),
    as_published=True,
)
PLAIN = PlanRow("cl", "CL", "recipe", (("averaging", "plain", "averaging.name=none"),), "literature", LIVE.published)
HONEST = PlanRow("cl", "CL", "recipe", LIVE.choices, "honest", as_published=True)
PLAN = Plan("made", "Made", "Data", (LIVE, PLAIN, HONEST), 10, 8, notes=("A note.",))


def make_predictions(predicted: list[int], seed: int) -> Predictions:
    size = len(predicted)
    return Predictions(
        CLASSES,
        items=np.array([f"i{number}" for number in range(size)]),
        patients=np.array(["a", "a", "b", "b", "a", "b", "c", "c"]),
        devices=np.full(size, "A"),
        sites=np.full(size, "back"),
        truth=np.array(TRUTH),
        logits=10.0 * np.eye(4)[predicted],
        runs=np.full(size, f"seed{seed}"),
    )


@pytest.fixture
def result() -> RowResult:
    # Sp 3 of 4, Se 2 of 4 (two classes: 4 of 4); then Sp 4 of 4, Se 1 of 4 (two classes: 2 of 4).
    predictions = {
        0: make_predictions([0, 0, 0, 1, 1, 1, 1, 1], 0),
        1: make_predictions([0, 0, 0, 0, 1, 2, 0, 0], 1),
    }
    return pool_row(LIVE, predictions, ["c"], resamples=50)


def cells(table: ResultTable, row: int) -> dict[str, object]:
    return dict(zip(table.columns, table.rows[row], strict=True))


def made(result: RowResult, **changes: object) -> dict[str, ResultTable]:
    given = {"seeds": [0, 1], "command": "resp reproduce made", "data": "Data", **changes}
    return make_tables(PLAN, {LIVE.name: result, HONEST.name: result}, **given)  # type: ignore[arg-type]


def test_measured_published_and_difference(result: RowResult) -> None:
    row = cells(made(result)["literature"], 0)
    assert (row["averaging"], row["runs"]) == ("live", 2)
    assert row["Sp over seeds"] == f"87.50 ± {np.std([75, 100], ddof=1):.2f}"
    assert row["Se over seeds"] == f"37.50 ± {np.std([50, 25], ddof=1):.2f}"
    assert row["Score over seeds"] == "62.50 ± 0.00"
    assert row["published Sp / Se / Score"] == "80.00 / 40.00 / 60.00"
    assert row["difference of Score"] == "+2.50"
    pooled = row["Score, all predictions"]
    assert isinstance(pooled, Interval)
    assert pooled.value == pytest.approx(62.5)
    assert pooled.low <= 62.5 <= pooled.high
    # Without patient c: Sp as before; Se 2 of 2 and 1 of 2.
    without = row["Score without shared patients"]
    assert isinstance(without, Interval)
    assert without.value == pytest.approx((87.5 + 75) / 2)


def test_two_classes_have_their_own_numbers(result: RowResult) -> None:
    row = cells(made(result)["literature_two_class"], 0)
    assert row["Se over seeds"] == f"75.00 ± {np.std([100, 50], ddof=1):.2f}"
    assert row["published Sp / Se / Score"] == "80.00 / 50.00 / 65.00"
    assert row["difference of Score"] == "+16.25"


def test_what_was_not_run_says_so_and_protocols_do_not_mix(result: RowResult) -> None:
    tables = made(result)
    assert list(tables) == ["literature", "literature_two_class", "honest", "honest_two_class"]
    plain, honest = cells(tables["literature"], 1), cells(tables["honest"], 0)
    assert (plain["runs"], plain["Sp over seeds"], plain["difference of Score"]) == (0, "not run", None)
    assert plain["published Sp / Se / Score"] == "80.00 / 40.00 / 60.00 (other settings)"
    assert honest["published Sp / Se / Score"] is None
    assert len(tables["honest"].rows) == 1
    assert "Nothing is published by this protocol." in tables["honest"].notes
    assert any("Somebody, 2023" in note for note in tables["literature"].notes)


def test_a_protocol_that_was_not_run_has_a_line_and_no_table(result: RowResult) -> None:
    tables = make_tables(PLAN, {LIVE.name: result}, seeds=[0, 1], command="", data="Data")
    assert list(tables) == ["literature", "literature_two_class"]
    assert "The honest protocol was not run." in tables["literature"].notes
    # Where nothing was run at all, the tables say what there would be.
    assert len(make_tables(PLAN, {}, seeds=[0, 1], command="", data="Data")) == 4


def test_partial_data_stand_over_every_table(result: RowResult, tmp_path: Path) -> None:
    whole, partial = made(result), made(result, partial=["3 of 4 recordings", "random weights"])
    assert not any("PARTIAL" in table.title for table in whole.values())
    for table in partial.values():
        assert table.title.startswith("PARTIAL DATA: ")
        assert table.notes[0] == "No reproduction: 3 of 4 recordings; random weights."
    page = to_markdown(PLAN, partial)
    assert page.count("## PARTIAL DATA: ") == 4
    # What all have in common stands once.
    assert page.count("A note.") == page.count("resp reproduce made") == 1
    assert page.count("Nothing is published") == 2
    write_tables(tmp_path / "table.json", partial)
    assert read_tables(tmp_path / "table.json") == partial


def test_tables_that_have_no_note_in_common_keep_their_own(result: RowResult) -> None:
    bare = replace(PLAN, notes=())
    page = to_markdown(
        bare, make_tables(bare, {LIVE.name: result, HONEST.name: result}, seeds=[0, 1], command="", data="Data")
    )
    assert page.count("Nothing is published") == page.count("Published: Somebody, 2023.") == 2


def test_one_seed_has_no_spread_and_a_missing_class_no_number() -> None:
    one = pool_row(LIVE, {0: make_predictions([0, 0, 0, 1, 1, 1, 1, 1], 0)}, [], resamples=20)
    row = cells(made(one, seeds=[0])["literature"], 0)
    assert row["Score over seeds"] == "62.50"
    assert row["Score without shared patients"] is None
    abnormal = make_predictions([0, 0, 0, 1, 1, 1, 1, 1], 0).keep(np.arange(8) >= 4)
    row = cells(made(pool_row(LIVE, {0: abnormal}, [], resamples=20), seeds=[0])["literature"], 0)
    assert row["Sp over seeds"] is None
    assert row["difference of Score"] is None
    assert math.isclose(float(str(row["Se over seeds"])), 50)
