"""Evaluations of several classes at once."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as reference

from resp.evaluate import Predictions, evaluate, patient_bootstrap
from resp.evaluate.bootstrap import draw_blocks, draw_patients
from resp.evaluate.plots import draw_evaluation, save_picture

Make = Callable[..., Predictions]


def _macro_auroc(truth: np.ndarray, logits: np.ndarray) -> float:
    return float(reference.roc_auc_score(truth, logits, average="macro"))


def _map(truth: np.ndarray, logits: np.ndarray) -> float:
    return float(reference.average_precision_score(truth, logits, average="macro"))


def test_the_auroc_interval_is_that_of_the_plain_bootstrap(clips: Make) -> None:
    predictions = clips("multi_label")
    view = evaluate(predictions, resamples=60, seed=3, level=0.9).views[0]
    expected = patient_bootstrap(
        _macro_auroc, predictions.patients, predictions.truth, predictions.logits, resamples=60, seed=3, level=0.9
    )
    assert view.macro_auroc == pytest.approx(expected)
    assert (view.items, view.sources) == (240, 40)


def test_the_map_interval_is_the_plain_one_moved_to_its_value(clips: Make) -> None:
    predictions = clips("multi_label")
    view = evaluate(predictions, resamples=60, seed=3, level=0.9).views[0]
    plain = patient_bootstrap(
        _map, predictions.patients, predictions.truth, predictions.logits, resamples=60, seed=3, level=0.9
    )
    assert view.map.value == pytest.approx(plain.value)
    assert view.map.high - view.map.low == pytest.approx(plain.high - plain.low)
    names, cluster = np.unique(predictions.patients, return_inverse=True)
    drawn = [
        _map(predictions.truth[chosen], predictions.logits[chosen])
        for draw in draw_patients(len(names), 60, 3)
        for chosen in [np.repeat(np.arange(240), draw[cluster])]
    ]
    # Drawing with replacement raises it.
    assert np.mean(drawn) > plain.value
    assert view.map.low == pytest.approx(plain.low - np.mean(drawn) + plain.value)


def test_the_map_interval_holds_the_value_where_classes_are_rare(clips: Make) -> None:
    predictions = clips("multi_label", items=400, classes=20, sources=400)
    rare = (np.random.default_rng(5).random((400, 20)) < 0.01).astype(np.int8)
    view = evaluate(replace(predictions, truth=rare), resamples=100).views[0]
    assert view.map.low < view.map.value < view.map.high


def test_blocks_of_draws_are_the_draws() -> None:
    blocks = list(draw_blocks(7, 20, 1, block=6))
    assert [len(block) for block in blocks] == [6, 6, 6, 2]
    np.testing.assert_array_equal(np.concatenate(blocks), draw_patients(7, 20, 1))


def test_tables_by_class_are_scikit_learns(clips: Make) -> None:
    predictions = clips("multi_label")
    for index, row in enumerate(evaluate(predictions, resamples=20).views[0].classes):
        truth, logits = predictions.truth[:, index], predictions.logits[:, index]
        assert row.items == truth.sum()
        assert row.average_precision.value == pytest.approx(reference.average_precision_score(truth, logits))
        assert row.auroc.value == pytest.approx(reference.roc_auc_score(truth, logits))


def test_a_class_of_one_source_has_no_interval(clips: Make) -> None:
    predictions = clips("multi_label")
    truth = predictions.truth.copy()
    truth[:, 1] = predictions.patients == "s3"
    row = evaluate(replace(predictions, truth=truth), resamples=20).views[0].classes[1]
    assert 0 < row.average_precision.value <= 1
    assert np.isnan([row.average_precision.low, row.auroc.high]).all()


def test_text_tells_the_best_and_the_worst_of_many_classes(clips: Make) -> None:
    predictions = clips("multi_label", items=150, classes=60)
    truth = predictions.truth.copy()
    truth[:, 5] = 0
    result = evaluate(replace(predictions, truth=truth), protocol="honest", resamples=10)
    text = result.text()
    value = result.views[0].map
    assert f"mAP {100 * value.value:.2f} [{100 * value.low:.2f}, {100 * value.high:.2f}]" in text
    assert "59 of 60 classes occur" in text
    best, worst = text.split("the 15 best classes")[1].split("the 15 worst")
    ranked = sorted((row for row in result.views[0].classes if row.items), key=lambda row: -row.average_precision.value)
    for part, rows in ((best, ranked[:15]), (worst, ranked[-15:])):
        told = part.split("AUROC\n")[1].strip().splitlines()
        assert [" ".join(line.split()[:2]) for line in told] == [row.name for row in rows]
    few = evaluate(clips("multi_label"), resamples=10).text()
    assert "per class, by average precision (5 of 5 classes occur)" in few
    for word in ("Sp", "Score", "normal", "patient", "confusion"):
        assert word not in text + few


def test_json_and_runs(clips: Make) -> None:
    pooled = Predictions.pool([clips("multi_label", run="seed0"), clips("multi_label", seed=1, run="seed1")])
    truth = pooled.truth.copy()
    truth[:, 2] = 0
    result = evaluate(replace(pooled, truth=truth), resamples=10)
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain == result.to_dict()
    view = plain["views"][0]
    assert view["map"]["value"] == result.views[0].map.value
    assert view["per_class"][2] == {
        "name": "sound 2",
        "items": 0,
        "average_precision": {"value": None, "low": None, "high": None},
        "auroc": {"value": None, "low": None, "high": None},
    }
    assert [row["name"] for row in view["per_run"]] == ["seed0", "seed1"]
    first = evaluate(clips("multi_label"), resamples=10).views[0]
    assert evaluate(pooled, resamples=10).views[0].runs[0].numbers["map"].value == first.map.value
    assert "mean ± standard deviation over 2 runs: mAP" in result.text()


@pytest.mark.parametrize(("classes", "drawn"), [(6, 6), (70, 40)])
def test_the_picture_shows_as_many_classes_as_can_be_read(
    classes: int, drawn: int, clips: Make, tmp_path: Path
) -> None:
    result = evaluate(clips("multi_label", items=300, classes=classes), resamples=5)
    overall, rarity, ranked = draw_evaluation(result).axes
    assert len(ranked.get_yticks()) == drawn
    assert f"{100 * result.views[0].map.value:.1f}" in [text.get_text() for text in overall.texts]
    assert len(rarity.collections[0].get_offsets()) == classes
    save_picture(result, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
