import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from resp.evaluate import EvaluationError, set_threshold
from resp.evaluate.calibration import softmax
from resp.evaluate.confidence import label_threshold, prediction_sets


def test_set_threshold_with_one_item_a_patient_is_split_conformal() -> None:
    generator = np.random.default_rng(1)
    probabilities = generator.dirichlet(np.ones(4), 99)
    truth = generator.integers(0, 4, 99)
    threshold = set_threshold(probabilities, truth, np.arange(99), 0.9)
    scores = np.sort(1 - probabilities[np.arange(99), truth])
    # The ⌈(n + 1) · 0.9⌉-th smallest nonconformity score.
    assert 1 - threshold == pytest.approx(scores[90 - 1])


def test_every_patient_counts_alike() -> None:
    # Patient a has 90 easy items, b to j one hard item each.
    probabilities = np.array([[0.9, 0.1]] * 90 + [[0.3, 0.7]] * 9)
    truth = np.zeros(99, dtype=int)
    patients = np.array(["a"] * 90 + list("bcdefghij"))
    assert set_threshold(probabilities, truth, np.arange(99), 0.85) == pytest.approx(0.9)
    assert set_threshold(probabilities, truth, patients, 0.85) == pytest.approx(0.3)


def test_too_few_patients_rule_nothing_out() -> None:
    probabilities = np.array([[0.9, 0.1]] * 50)
    truth = np.zeros(50, dtype=int)
    assert set_threshold(probabilities, truth, np.arange(50) % 5, 0.9) == 0.0
    assert set_threshold(probabilities, truth, np.arange(50) % 9, 0.9) == pytest.approx(0.9)


def test_sets_cover_items_of_new_patients() -> None:
    generator = np.random.default_rng(4)

    def draw(patients: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sizes = generator.integers(1, 12, patients)
        patient = np.repeat(np.arange(patients), sizes)
        # How hard a patient is is shared by all of its items.
        sure = np.repeat(generator.uniform(0.2, 3.0, patients), sizes)
        truth = generator.integers(0, 3, len(patient))
        logits = generator.normal(size=(len(patient), 3))
        logits[np.arange(len(patient)), truth] += sure
        return softmax(logits), truth, patient

    covered = []
    for _ in range(120):
        threshold = set_threshold(*draw(40), 0.9)
        probabilities, truth, patient = draw(200)
        inside = probabilities[np.arange(len(truth)), truth] >= threshold
        covered.append(np.mean([inside[patient == one].mean() for one in range(200)]))
    assert 0.89 <= np.mean(covered) <= 0.95


def test_most_items_of_new_patients_are_given_a_label() -> None:
    generator = np.random.default_rng(5)

    def draw(patients: int) -> tuple[np.ndarray, np.ndarray]:
        patient = np.repeat(np.arange(patients), generator.integers(1, 12, patients))
        level = generator.uniform(0.3, 0.9, patients)[patient]
        return np.clip(level + generator.normal(0, 0.05, len(patient)), 0, 1), patient

    labelled = []
    for _ in range(120):
        threshold = label_threshold(*draw(40), 0.8)
        confidence, patient = draw(200)
        labelled.append(np.mean([(confidence[patient == one] >= threshold).mean() for one in range(200)]))
    assert 0.79 <= np.mean(labelled) <= 0.86


def test_all_are_labelled_where_there_are_too_few_patients() -> None:
    assert label_threshold([0.9, 0.5], ["a", "b"], 0.9) == 0


def test_the_most_probable_class_is_in_every_set() -> None:
    probabilities = np.array([[0.3, 0.5, 0.2], [0.9, 0.05, 0.05], [0.4, 0.4, 0.2]])
    assert prediction_sets(probabilities, 0.3).tolist() == [[1, 1, 0], [1, 0, 0], [1, 1, 0]]
    assert prediction_sets(probabilities, 0.95).tolist() == [[0, 1, 0], [1, 0, 0], [1, 0, 0]]


def test_inputs_are_checked() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    with pytest.raises(EvaluationError, match="patients"):
        set_threshold(probabilities, [0, 1], ["a"], 0.9)
    with pytest.raises(EvaluationError, match="coverage"):
        set_threshold(probabilities, [0, 1], ["a", "b"], 1.0)
    with pytest.raises(EvaluationError, match="patients"):
        label_threshold([0.5], ["a", "b"], 0.9)


@pytest.mark.parametrize("patients", [37, 99, 250])
def test_sets_of_one_item_a_patient_are_those_of_mapie(patients: int) -> None:
    classification = pytest.importorskip("mapie.classification", reason="MAPIE is not installed")

    class Given(ClassifierMixin, BaseEstimator):
        """Its features are the probabilities."""

        classes_ = np.arange(4)

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def predict(self, features: np.ndarray) -> np.ndarray:
            return features.argmax(1)

        def predict_proba(self, features: np.ndarray) -> np.ndarray:
            return features

    generator = np.random.default_rng(0)
    fitted, new = generator.dirichlet(np.full(4, 0.6), patients), generator.dirichlet(np.full(4, 0.6), 500)
    truth = np.array([generator.choice(4, p=row) for row in fitted])
    mapie = classification.SplitConformalClassifier(
        Given(), confidence_level=0.9, conformity_score="lac", prefit=True
    ).conformalize(fitted, truth)
    threshold = set_threshold(fitted, truth, np.arange(patients), 0.9)
    np.testing.assert_array_equal(new >= threshold, mapie.predict_set(new)[1][:, :, 0])
