import numpy as np
import pytest
from sklearn import metrics as reference

from resp.evaluate import EvaluationError, auroc, average_precision
from resp.evaluate.ranking import rank_classes


def _made(items: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truth, and values with many ties that tell something of it."""
    generator = np.random.default_rng(seed)
    truth = generator.random(items) < 0.2
    return truth, np.round(truth + generator.normal(size=items), 1)


def test_average_precision_is_scikit_learns_with_ties_and_weights() -> None:
    truth, value = _made()
    assert float(average_precision(truth, value)) == pytest.approx(reference.average_precision_score(truth, value))
    weights = np.random.default_rng(1).integers(0, 4, (6, 200))
    expected = [reference.average_precision_score(truth, value, sample_weight=row) for row in weights]
    assert average_precision(truth, value, weights) == pytest.approx(expected)


def test_a_weight_is_a_number_of_copies() -> None:
    truth, value = _made(60)
    weights = np.random.default_rng(2).integers(0, 3, 60)
    copies = np.repeat(np.arange(60), weights)
    for function in (auroc, average_precision):
        assert float(function(truth, value, weights)) == pytest.approx(float(function(truth[copies], value[copies])))


def test_average_precision_by_hand() -> None:
    # Ranks 1 and 3 of 4: (1/1 + 2/3) / 2.
    assert float(average_precision([1, 0, 1, 0], [4, 3, 2, 1])) == pytest.approx((1 + 2 / 3) / 2)
    # All tied: one threshold, at which half is positive.
    assert float(average_precision([1, 0, 1, 0], [5, 5, 5, 5])) == 0.5
    assert float(average_precision([1, 1], [1, 2])) == 1.0
    assert np.isnan(average_precision([0, 0], [1, 2]))
    assert np.isnan(average_precision([], []))


def test_a_positive_that_is_not_drawn_counts_nothing() -> None:
    assert np.isnan(average_precision([1, 0], [2, 1], [0, 3]))
    # The other positive's precision is as if the first item were not there.
    assert float(average_precision([1, 0, 1], [3, 2, 1], [0, 1, 1])) == 0.5


def test_classes_are_ranked_as_one_by_one() -> None:
    generator = np.random.default_rng(3)
    truth, value = generator.random((80, 5)) < [0.5, 0.1, 0.02, 0, 1], generator.normal(size=(80, 5))
    weights = generator.integers(0, 3, (4, 3, 80))
    areas, precisions = rank_classes(truth, value, weights)
    assert areas.shape == precisions.shape == (4, 3, 5)
    for index in range(5):
        np.testing.assert_array_equal(areas[..., index], auroc(truth[:, index], value[:, index], weights))
        np.testing.assert_array_equal(
            precisions[..., index], average_precision(truth[:, index], value[:, index], weights)
        )
    assert np.isnan(areas[..., 3:]).all()
    assert np.isnan(precisions[..., 3]).all()
    assert (precisions[..., 4] == 1).all()


def test_items_first_in_memory_and_single_precision_give_the_same() -> None:
    truth, value = _made()
    weights = np.random.default_rng(4).integers(0, 4, (7, 200))
    laid = np.ascontiguousarray(weights.T.astype(np.float32)).T
    np.testing.assert_array_equal(average_precision(truth, value, laid), average_precision(truth, value, weights))


@pytest.mark.parametrize("function", [auroc, average_precision])
def test_shapes_that_do_not_belong_together_are_refused(function: object) -> None:
    with pytest.raises(EvaluationError, match=r"truth \(2,\), values \(1,\)"):
        function([1, 0], [0.5])  # type: ignore[operator]
    with pytest.raises(EvaluationError, match=r"weights \(3,\) of 2 items"):
        function([1, 0], [0.5, 1], [1, 1, 1])  # type: ignore[operator]
    with pytest.raises(EvaluationError, match="expected \\[items, classes\\]"):
        rank_classes([1, 0], [0.5, 1])
