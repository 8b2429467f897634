"""Evaluations of one class of several."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as reference

from resp.evaluate import Predictions, auroc, evaluate, patient_bootstrap
from resp.evaluate.plots import draw_evaluation, save_picture

Make = Callable[..., Predictions]


def test_intervals_are_those_of_the_plain_bootstrap_over_sources(clips: Make) -> None:
    predictions = clips("single_label")
    view = evaluate(predictions, resamples=150, seed=3, level=0.9).views[0]
    for value, function in (
        (view.accuracy, reference.accuracy_score),
        (view.macro_recall, reference.balanced_accuracy_score),
    ):
        expected = patient_bootstrap(
            function,
            predictions.patients,
            predictions.truth,
            predictions.prediction,
            resamples=150,
            seed=3,
            level=0.9,
        )
        assert value == pytest.approx(expected)
    assert (view.items, view.sources) == (240, 40)
    np.testing.assert_array_equal(view.confusion, reference.confusion_matrix(predictions.truth, predictions.prediction))


def test_clips_of_one_source_widen_the_interval(clips: Make) -> None:
    predictions = clips("single_label", sources=240)
    alone = replace(predictions, patients=predictions.items)
    # Ten sources, each right or wrong as a whole.
    order = np.argsort(predictions.truth != predictions.prediction, kind="stable")
    together = replace(predictions.keep(np.ones(240, dtype=bool)), patients=np.empty(240, dtype="U3"))
    together.patients[order] = np.repeat([f"s{index}" for index in range(10)], 24)
    widths = [
        interval.high - interval.low
        for interval in (evaluate(p, resamples=200).views[0].accuracy for p in (alone, together))
    ]
    assert widths[1] > 2 * widths[0]


def test_tables_by_class_are_scikit_learns(clips: Make) -> None:
    predictions = clips("single_label")
    report = reference.classification_report(
        predictions.truth, predictions.prediction, target_names=predictions.classes, output_dict=True
    )
    for index, row in enumerate(evaluate(predictions, resamples=20).views[0].classes):
        expected = report[row.name]
        assert (row.recall.value, row.precision.value, row.f1, row.items) == pytest.approx(
            (expected["recall"], expected["precision"], expected["f1-score"], expected["support"])
        )
        assert row.auroc == pytest.approx(float(auroc(predictions.truth == index, predictions.probabilities[:, index])))
        assert row.recall.low <= row.recall.value <= row.recall.high


def test_blocks_of_resamples_are_the_same_as_one(clips: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for task in ("single_label", "multi_label"):
        whole = evaluate(clips(task), resamples=25)
        with monkeypatch.context() as patch:
            patch.setattr(
                f"resp.evaluate.{task}.view.{'_MOST_DRAWS' if task == 'single_label' else '_MOST_WEIGHTS'}", 900
            )
            assert evaluate(clips(task), resamples=25).to_dict() == whole.to_dict()


def test_text_speaks_of_accuracy_and_of_no_normal_class(clips: Make) -> None:
    result = evaluate(clips("single_label"), protocol="honest", resamples=20)
    text = result.text()
    accuracy = result.views[0].accuracy
    assert f"accuracy {100 * accuracy.value:.2f} [{100 * accuracy.low:.2f}, {100 * accuracy.high:.2f}]" in text
    assert "== all sources: 240 items of 40 sources (honest protocol)" in text
    for word in ("Sp", "Score", "normal", "patient"):
        assert word not in text
    assert "confusion (rows: truth" in text


def test_a_wide_matrix_is_told_by_its_greatest_confusions(clips: Make) -> None:
    predictions = clips("single_label", items=300, classes=35)
    wrong = predictions.logits.copy()
    wrong[predictions.truth == 7] = 0
    wrong[predictions.truth == 7, 9] = 5
    text = evaluate(replace(predictions, logits=wrong), resamples=20).text()
    first = text.split("greatest confusions\n")[1].splitlines()[1]
    assert first.split() == ["sound", "7", "sound", "9", str(int((predictions.truth == 7).sum())), "100.00"]
    assert "rows: truth" not in text


def test_runs_stand_side_by_side(clips: Make) -> None:
    pooled = Predictions.pool([clips("single_label", run="seed0"), clips("single_label", seed=1, run="seed1")])
    result = evaluate(pooled, resamples=20)
    rows = result.views[0].runs
    assert [row.name for row in rows] == ["seed0", "seed1"]
    single = evaluate(clips("single_label", seed=1), resamples=20).views[0]
    assert rows[1].numbers == single.numbers
    values = np.array([100 * row.numbers["accuracy"].value for row in rows])
    assert f"accuracy {values.mean():.2f} ± {values.std(ddof=1):.2f}" in result.text()
    assert single.runs == ()


def test_json_holds_what_was_measured_and_no_nan(clips: Make) -> None:
    predictions = clips("single_label")
    result = evaluate(predictions.keep(predictions.truth != 3), without_patients=("s1", "none"), resamples=20)
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain == result.to_dict()
    assert (plain["task"], plain["bootstrap"]["unit"]) == ("single_label", "source")
    assert "normal" not in plain
    assert [view["name"] for view in plain["views"]] == ["all sources", "without sources s1"]
    view = plain["views"][0]
    assert view["accuracy"]["value"] == result.views[0].accuracy.value
    assert view["per_class"][3]["recall"] == {"value": None, "low": None, "high": None}
    assert not {"sp", "four_class", "5_class", "two_class"} & set(view)


@pytest.mark.parametrize("classes", [10, 35, 50])
def test_the_picture_can_be_read_at_any_number_of_classes(classes: int, clips: Make) -> None:
    result = evaluate(clips("single_label", items=400, classes=classes), resamples=5)
    figure = draw_evaluation(result)
    figure.canvas.draw()
    matrix, recalls, overall, _ = figure.axes
    names = [label.get_text() for label in matrix.get_yticklabels()]
    assert names == list(result.classes)
    # No name stands on the next one: rows are as high as the letters.
    boxes = sorted((label.get_window_extent() for label in matrix.get_yticklabels()), key=lambda box: box.y0)
    assert all(lower.y1 <= upper.y0 + 1 for lower, upper in pairwise(boxes))
    counts = np.array(result.views[0].confusion)
    assert len(matrix.texts) == np.count_nonzero(counts)
    # Nor a number on the next cell's.
    inside = matrix.get_window_extent()
    widest = max(text.get_window_extent().width for text in matrix.texts)
    assert widest < inside.width / classes
    assert len(recalls.lines) >= classes
    assert f"{100 * result.views[0].accuracy.value:.1f}" in [text.get_text() for text in overall.texts]


def test_a_picture_of_what_cannot_be_computed(clips: Make, tmp_path: Path) -> None:
    predictions = clips("single_label")
    save_picture(evaluate(predictions.keep(predictions.patients == "s1"), resamples=5), tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
