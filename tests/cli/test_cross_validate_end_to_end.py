"""``resp cross-validate`` and ``resp evaluate`` on real clips."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from resp.cli import cli
from resp.evaluate import Predictions


@pytest.mark.data
def test_two_folds_of_esc10(data_dir: Path, tmp_path: Path) -> None:
    out, cache = tmp_path / "out", ["--cache", str(tmp_path / "cache"), "--quiet"]
    arguments = ["esc10/mlp", "--set", f"data.root={data_dir / 'esc10'}", "--smoke", "--folds", "0,1"]
    result = CliRunner().invoke(cli, ["cross-validate", *arguments, "--out", str(out), *cache], catch_exceptions=False)
    assert result.exit_code == 0
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["folds"], summary["task"]) == ([0, 1], "single_label")
    rows = summary["protocols"]["honest"]["runs"]
    assert [row["fold"] for row in rows] == [0, 1]
    assert all(0 <= row["accuracy"] <= 1 for row in rows)
    for fold in (0, 1):
        predictions = Predictions.load(out / f"fold{fold}-seed0" / "predictions_honest.csv")
        # A clip is named after its published fold, from 1.
        assert {Path(item).name[0] for item in predictions.items} == {str(fold + 1)}
        assert len(predictions) == 12
    run = ["evaluate", str(out / "fold0-seed0"), "--json", "--resamples", "50", *cache]
    result = CliRunner().invoke(cli, run, catch_exceptions=False)
    assert result.exit_code == 0
    (measured,) = json.loads(result.output)
    # The whole fold, of which the preset took a dozen clips.
    assert (measured["task"], measured["views"][0]["items"]) == ("single_label", 80)
