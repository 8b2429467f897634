import numpy as np
import pytest

from resp.models.config import Calibration, ModelConfig
from resp.score.engines.agreement import Agreement, Tolerance
from resp.score.engines.contract import Answer

CONFIG = ModelConfig(name="m", network="ast", classes=("a", "b"), calibration=Calibration(temperature=2.0))


def answer(*rows):
    logits = np.array(rows, dtype=np.float32)
    return Answer(logits, logits)


def between(expected, found, config=CONFIG):
    return Agreement.between(expected, found, config, sounds="real", recordings=1)


def test_figures_are_those_of_calibrated_probabilities():
    agreement = between(answer([0, 2], [1, 0], [3, 0], [0, 1]), answer([0, 2.5], [0, 1], [3, 0], [0, 1]))

    def p(difference):
        return 1 / (1 + np.exp(-difference / 2.0))

    assert agreement.windows == 4
    assert agreement.largest_logit_change == 1.0
    assert agreement.labels_agree == 0.75
    assert agreement.largest_probability_change == pytest.approx(p(1) - p(-1))
    assert agreement.mean_probability_change == pytest.approx((p(2.5) - p(2) + p(1) - p(-1)) / 4)
    assert agreement.familiarity_agrees is None
    assert "75.0% of labels agree" in agreement.told()


@pytest.mark.parametrize(
    ("precision", "moved", "fits"),
    [("fp32", 0.9e-3, True), ("fp32", 1.1e-3, False), ("int8", 0.2, True), ("int8", 0.3, False), ("bf16", 0.3, False)],
)
def test_limits(precision, moved, fits):
    problem = between(answer([0, 0.5]), answer([0, 0.5 + moved])).problem(Tolerance.of(precision))
    assert (problem is None) is fits


def test_few_labels_that_differ_are_enough_to_refuse():
    same = [[0.0, 1e-4]] * 98
    agreement = between(answer(*same, [0, 1e-4], [0, 1e-4]), answer(*same, [1e-4, 0], [1e-4, 0]))
    assert "98.0% of labels agree (at least 99%)" in str(agreement.problem(Tolerance.of("int8")))
    agreement = between(answer(*same, [0, 1e-4], [0, 1e-4]), answer(*same, [0, 1e-4], [1e-4, 0]))
    assert agreement.problem(Tolerance.of("int8")) is None


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_what_is_no_number_is_refused(wrong, precision):
    agreement = between(answer([0, 1], [0, 1]), answer([0, 1], [0, wrong]))
    assert agreement.problem(Tolerance.of(precision)) is not None
    assert Agreement.model_validate_json(agreement.model_dump_json()) == agreement


def test_a_tolerance_of_ones_own_is_marked():
    assert Tolerance.of("fp32").as_default
    assert Tolerance.of("fp32", 1e-3).as_default
    assert not Tolerance.of("fp32", 1e-2).as_default
    assert Tolerance.of("int8", 0.5).measure == "probability"
    assert Tolerance.of("int8", 0.5).least_agreement == 0.99
