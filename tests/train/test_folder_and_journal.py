"""The files of a run folder on their own."""

import json
from pathlib import Path

import pytest

from resp.train.folder import write_json
from resp.train.journal import Journal, draw_curves


def test_json_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": [1, None]})
    with pytest.raises(ValueError, match="Out of range"):
        write_json(path, {"a": float("nan")})
    assert json.loads(path.read_text()) == {"a": [1, None]}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]


def test_the_journal_begins_with_the_finished_epochs(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"epoch": 1}\n{"epoch": 2}\n{"epo')
    rows = [{"epoch": 1, "train": {"loss": 1.0, "score": None}}]
    journal = Journal(tmp_path, rows)
    journal.add({"epoch": 2, "train": {"loss": 0.5, "score": 0.5}, "validation": {"loss": 0.7, "score": 0.4}})
    journal.close()
    read = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in read] == [1, 2]
    assert len(rows) == 1


def test_curves_of_nothing_can_be_drawn(tmp_path: Path) -> None:
    draw_curves([], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 0
