import math

import numpy as np
import pytest
from sklearn import metrics as reference

from resp.evaluate import EvaluationError, Score, auroc, confusion, icbhi_score, two_class_score
from resp.evaluate.metrics import confusion_scores, merge_abnormal, normal_class, recall_precision

NAMES = np.array(["normal", "crackle", "wheeze", "both"])


def _labels(matrix: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Truth and prediction whose confusion matrix is the given one."""
    pairs = [(t, p) for t, row in enumerate(matrix) for p, count in enumerate(row) for _ in range(count)]
    truth, prediction = np.array(pairs).T
    return truth, prediction


MATRIX = [[70, 10, 15, 5], [6, 20, 3, 1], [4, 2, 10, 4], [1, 2, 3, 4]]


def test_score_of_a_confusion_matrix_by_hand() -> None:
    truth, prediction = _labels(MATRIX)
    score = icbhi_score(truth, prediction)
    assert score.sp == pytest.approx(70 / 100)
    assert score.se == pytest.approx((20 + 10 + 4) / 60)
    assert score.score == pytest.approx((0.7 + 34 / 60) / 2)
    two = two_class_score(truth, prediction)
    assert two.sp == score.sp
    assert two.se == pytest.approx((60 - 6 - 4 - 1) / 60)
    assert isinstance(score, Score)
    sp, se, mean = score
    assert mean == (sp + se) / 2


def test_score_is_the_published_definition_written_out() -> None:
    generator = np.random.default_rng(0)
    truth, prediction = generator.integers(0, 4, (2, 500))
    counted = {c: sum(1 for t in truth if t == c) for c in range(4)}
    correct = {c: sum(1 for t, p in zip(truth, prediction, strict=True) if t == p == c) for c in range(4)}
    se = (correct[1] + correct[2] + correct[3]) / (counted[1] + counted[2] + counted[3])
    sp = correct[0] / counted[0]
    assert icbhi_score(truth, prediction) == pytest.approx((sp, se, (sp + se) / 2))


def test_published_counts_give_the_published_score() -> None:
    # The official test part has 1579 normal and 1177 abnormal cycles; Patch-Mix CL has Score 62.37 on it.
    truth = np.r_[np.zeros(1579, int), np.ones(1177, int)]
    prediction = np.r_[np.zeros(1289, int), np.ones(290, int), np.ones(507, int), np.zeros(670, int)]
    sp, se, score = icbhi_score(truth, prediction)
    assert (round(100 * sp, 1), round(100 * se, 1), round(100 * score, 1)) == (81.6, 43.1, 62.4)


def test_se_pools_items_and_is_no_macro_average() -> None:
    truth, prediction = _labels([[5, 5, 0], [0, 90, 0], [0, 10, 0]])
    assert icbhi_score(truth, prediction).se == pytest.approx(0.9)
    macro = reference.recall_score(truth, prediction, average="macro", labels=[1, 2])
    assert macro == pytest.approx(0.5)


def test_names_serve_as_well_as_indices() -> None:
    truth, prediction = _labels(MATRIX)
    assert icbhi_score(NAMES[truth], NAMES[prediction]) == icbhi_score(truth, prediction)
    assert icbhi_score(NAMES[truth].tolist(), NAMES[prediction].tolist(), normal="normal") == icbhi_score(
        truth, prediction
    )
    assert two_class_score(NAMES[truth], NAMES[prediction]) == two_class_score(truth, prediction)


def test_another_class_may_be_the_normal_one() -> None:
    truth, prediction = _labels(MATRIX)
    swapped = icbhi_score(3 - truth, 3 - prediction, normal=3)
    assert swapped == icbhi_score(truth, prediction)
    named = icbhi_score(NAMES[truth], NAMES[prediction], normal="wheeze")
    assert named.sp == pytest.approx(0.5)


def test_what_cannot_be_counted_is_nan() -> None:
    only_normal = icbhi_score([0, 0], [0, 1])
    assert only_normal.sp == 0.5
    assert math.isnan(only_normal.se)
    assert math.isnan(only_normal.score)
    assert math.isnan(two_class_score([1], [1]).sp)


def test_tensors_are_labels_too() -> None:
    torch = pytest.importorskip("torch")
    truth, prediction = _labels(MATRIX)
    assert icbhi_score(torch.from_numpy(truth), torch.from_numpy(prediction)) == icbhi_score(truth, prediction)


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        ([], [], "at least one"),
        ([0, 1], [0], "the same number"),
        ([[0]], [[0]], "one label an item"),
        ([0, 1], ["normal", "crackle"], "both sides"),
    ],
)
def test_labels_that_do_not_belong_together_are_refused(truth: list, prediction: list, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        icbhi_score(truth, prediction)


@pytest.mark.parametrize("normal", ["normal", 1])
def test_a_normal_class_of_another_kind_is_refused(normal: str | int) -> None:
    labels = [0, 1] if isinstance(normal, str) else ["normal", "crackle"]
    with pytest.raises(EvaluationError, match="normal="):
        icbhi_score(labels, labels, normal=normal)


def test_confusion_is_scikit_learns() -> None:
    truth, prediction = np.random.default_rng(1).integers(0, 5, (2, 300))
    assert np.array_equal(confusion(truth, prediction, 5), reference.confusion_matrix(truth, prediction))
    with pytest.raises(EvaluationError, match="expected 0 to 3"):
        confusion(truth, prediction, 4)
    with pytest.raises(EvaluationError, match="class indices"):
        confusion(NAMES, NAMES, 4)


def test_scores_of_many_confusion_matrices_at_once() -> None:
    matrices = np.random.default_rng(2).integers(0, 20, (3, 5, 4, 4))
    scores = confusion_scores(matrices, normal=2)
    assert scores.shape == (3, 5, 3)
    for place in np.ndindex(3, 5):
        truth, prediction = _labels(matrices[place].tolist())
        assert tuple(scores[place]) == pytest.approx(icbhi_score(truth, prediction, normal=2))
        two = confusion_scores(merge_abnormal(matrices[place], 2))
        assert tuple(two) == pytest.approx(two_class_score(truth, prediction, normal=2))


def test_recall_and_precision_are_scikit_learns() -> None:
    truth, prediction = _labels(MATRIX)
    recall, precision = recall_precision(confusion(truth, prediction, 4))
    assert recall == pytest.approx(reference.recall_score(truth, prediction, average=None))
    assert precision == pytest.approx(reference.precision_score(truth, prediction, average=None))


def test_per_class_recall_is_that_of_torchmetrics() -> None:
    torchmetrics = pytest.importorskip("torchmetrics.functional.classification")
    import torch

    truth, prediction = _labels(MATRIX)
    recall = torchmetrics.multiclass_recall(
        torch.from_numpy(prediction), torch.from_numpy(truth), num_classes=4, average=None
    )
    assert recall_precision(MATRIX)[0] == pytest.approx(recall.tolist())


def test_auroc_is_scikit_learns_with_ties_and_weights() -> None:
    generator = np.random.default_rng(3)
    truth = generator.integers(0, 2, 200).astype(bool)
    value = np.round(truth + generator.normal(size=200), 1)
    assert float(auroc(truth, value)) == pytest.approx(reference.roc_auc_score(truth, value))
    weights = generator.integers(0, 4, (6, 200))
    expected = [reference.roc_auc_score(truth, value, sample_weight=row) for row in weights]
    assert auroc(truth, value, weights) == pytest.approx(expected)


def test_auroc_at_its_ends() -> None:
    assert float(auroc([0, 0, 1, 1], [1, 2, 3, 4])) == 1.0
    assert float(auroc([1, 1, 0, 0], [1, 2, 3, 4])) == 0.0
    assert float(auroc([1, 0, 1, 0], [5, 5, 5, 5])) == 0.5
    assert np.isnan(auroc([1, 1], [1, 2]))
    assert np.isnan(auroc([], []))
    with pytest.raises(EvaluationError, match="expected"):
        auroc([1, 0], [0.5])


def test_the_normal_class_is_found_by_name() -> None:
    assert normal_class(("crackle", "Normal")) == 1
    assert normal_class(("COPD", "Healthy")) == 1
    assert normal_class(("a", "b")) == 0
