"""What each task is measured by, and predictions that carry it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as reference

from resp.evaluate import PROTOCOLS, EvaluationError, Predictions, icbhi_score
from resp.evaluate.predicting import join_windows
from resp.evaluate.tasks import (
    mean_defined,
    mean_loss,
    measure,
    measure_counts,
    number_title,
    protocol_words,
    task_numbers,
)

Make = Callable[..., Predictions]


def test_respiratory_numbers_are_the_score(clips: Make) -> None:
    predictions = replace(clips("respiratory", classes=4), classes=("crackle", "normal", "wheeze", "both"))
    expected = icbhi_score(predictions.truth, predictions.prediction, normal=1)
    assert measure(predictions) == pytest.approx(expected._asdict())


def test_single_label_numbers_are_scikit_learns(clips: Make) -> None:
    predictions = clips("single_label")
    assert measure(predictions) == pytest.approx(
        {
            "accuracy": reference.accuracy_score(predictions.truth, predictions.prediction),
            "macro_recall": reference.balanced_accuracy_score(predictions.truth, predictions.prediction),
        }
    )
    assert mean_loss(predictions) == pytest.approx(reference.log_loss(predictions.truth, predictions.probabilities))


def test_a_class_without_items_has_no_part_in_the_macro_recall() -> None:
    counts = np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]])
    assert measure_counts(counts, "single_label", 0) == pytest.approx({"accuracy": 5 / 6, "macro_recall": 7 / 8})
    assert np.isnan(list(measure_counts(np.zeros((2, 2), int), "single_label", 0).values())).all()


def test_multi_label_numbers_are_scikit_learns(clips: Make) -> None:
    predictions = clips("multi_label")
    truth, probabilities = predictions.truth, predictions.probabilities
    assert measure(predictions) == pytest.approx(
        {
            "map": reference.average_precision_score(truth, probabilities, average="macro"),
            "macro_auroc": reference.roc_auc_score(truth, probabilities, average="macro"),
        }
    )
    assert probabilities == pytest.approx(1 / (1 + np.exp(-predictions.logits)))
    written_out = -(truth * np.log(probabilities) + (1 - truth) * np.log(1 - probabilities)).mean()
    assert mean_loss(predictions) == pytest.approx(written_out)


def test_classes_that_do_not_occur_have_no_part_in_the_map(clips: Make) -> None:
    predictions = clips("multi_label")
    truth = predictions.truth.copy()
    truth[:, 2] = 0
    others = [0, 1, 3, 4]
    expected = reference.average_precision_score(truth[:, others], predictions.logits[:, others])
    assert measure(replace(predictions, truth=truth))["map"] == pytest.approx(expected)


def test_great_logits_have_a_loss_and_a_probability(clips: Make) -> None:
    predictions = clips("multi_label")
    far = replace(predictions, logits=2000.0 * (2 * predictions.truth - 1))
    with np.errstate(all="raise", under="ignore"):
        assert mean_loss(far) == 0
        assert set(np.unique(far.probabilities)) == {0, 1}


def test_every_task_has_a_primary_number_and_titles() -> None:
    assert [task_numbers(task).primary for task in ("respiratory", "single_label", "multi_label")] == [
        "score",
        "accuracy",
        "map",
    ]
    assert [number_title(key) for key in ("score", "map", "elsewhere")] == ["Score", "mAP", "elsewhere"]
    assert protocol_words(PROTOCOLS, "honest", "respiratory") == PROTOCOLS["honest"]
    assert "best accuracy on this test part" in protocol_words(PROTOCOLS, "literature", "single_label")
    assert "source-disjoint" in protocol_words(PROTOCOLS, "honest", "multi_label")


def test_the_mean_of_what_is_defined() -> None:
    values = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(mean_defined(values), [2.0, np.nan])
    assert mean_defined(values[0]) == 2.0


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_predictions_of_clips_survive_a_file(task: str, clips: Make, tmp_path: Path) -> None:
    predictions = replace(clips(task), classes=('a "b", c', "d;e", "Männer", "f|g", "[h]"))
    predictions.save(tmp_path / "p.csv")
    read = Predictions.load(tmp_path / "p.csv")
    assert (read.classes, read.task) == (predictions.classes, task)
    for name in ("items", "patients", "runs", "truth", "logits"):
        np.testing.assert_array_equal(getattr(read, name), getattr(predictions, name))
    assert read.truth.dtype == predictions.truth.dtype


def test_an_item_without_any_class_survives_a_file(clips: Make, tmp_path: Path) -> None:
    predictions = clips("multi_label")
    assert (predictions.truth.sum(axis=1) == 0).any()
    predictions.save(tmp_path / "p.csv")
    assert (Predictions.load(tmp_path / "p.csv").truth == predictions.truth).all()


def test_lung_sounds_have_no_column_for_the_task(clips: Make, tmp_path: Path) -> None:
    clips("respiratory").save(tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_text().startswith("item,run,patient,device,site,truth,logit_sound 0,")


@pytest.mark.parametrize(
    "row", ["i,,p,d,s,[1],multi_label,0", "i,,p,d,s,a,ranking,0", "i,,p,d,s,[,multi_label,0", "i,,p,d,s,a,single_label"]
)
def test_files_of_wrong_truth_are_refused(row: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"item,run,patient,device,site,truth,task,logit_a\n{row}\n")
    with pytest.raises(EvaluationError, match="not a table of predictions"):
        Predictions.load(path)


def test_truth_of_several_labels_is_checked(clips: Make) -> None:
    predictions = clips("multi_label")
    with pytest.raises(EvaluationError, match="expected \\[240, 5\\]"):
        replace(predictions, truth=predictions.truth[:, :4])
    with pytest.raises(EvaluationError, match="0 and 1"):
        replace(predictions, truth=predictions.truth * 0.5)
    assert replace(predictions, truth=predictions.truth.astype(np.float32)).truth.dtype == np.int8


def test_tasks_are_not_pooled(clips: Make) -> None:
    pooled = Predictions.pool([clips("multi_label"), clips("multi_label", seed=1)])
    assert (pooled.task, len(pooled)) == ("multi_label", 480)
    with pytest.raises(EvaluationError, match="respiratory, single_label; expected one task"):
        Predictions.pool([clips("single_label"), clips("respiratory")])


def test_windows_of_several_labels_are_joined_by_their_sigmoid() -> None:
    logits = np.array([[-3.0, 0.0, 40.0], [1.0, 2.0, 45.0]])
    joined = join_windows(logits, "mean", "multi_label")
    mean = (1 / (1 + np.exp(-logits))).mean(axis=0)
    assert 1 / (1 + np.exp(-joined)) == pytest.approx(mean)
    # Where one minus the probability is below the last digit of one, its logit is still told.
    assert joined[2] == pytest.approx(-np.log((np.exp(-40) + np.exp(-45)) / 2))
    assert join_windows(logits, "mean_logit", "multi_label") == pytest.approx(logits.mean(axis=0))
    assert join_windows(logits[:1], "mean", "multi_label") == pytest.approx(logits[0])
    assert np.isfinite(join_windows(np.array([[-2000.0], [-3000.0]]), "mean", "multi_label")).all()
