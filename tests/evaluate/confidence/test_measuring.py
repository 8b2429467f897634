from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from resp.evaluate import (
    Predictions,
    brier_score,
    cross_fitted,
    expected_calibration_error,
    fit_calibration,
    measure_confidence,
    patient_bootstrap,
    risk_coverage,
)
from resp.evaluate.bootstrap import Interval
from resp.evaluate.confidence import Applied, apply_calibration
from resp.evaluate.confidence.plots import draw_before_after, draw_risk_coverage, save_pictures
from resp.evaluate.tasks import mean_loss
from resp.models.config import Calibration

Make = Callable[..., Predictions]


@pytest.fixture
def applied(too_sure: Make) -> Applied:
    # Patients with different numbers of items.
    return cross_fitted(too_sure().keep(np.random.default_rng(1).random(360) < 0.6))


def test_numbers_are_those_of_the_functions(applied: Applied) -> None:
    results = measure_confidence(applied, resamples=20)
    for numbers, table in ((results.before, applied.raw), (results.after, applied.calibrated)):
        correct = table.prediction == table.truth
        assert numbers["loss"].value == pytest.approx(mean_loss(table))
        assert numbers["brier"].value == pytest.approx(brier_score(table.probabilities, table.truth))
        assert numbers["ece"].value == pytest.approx(expected_calibration_error(table.probabilities, table.truth))
        assert numbers["aurc"].value == pytest.approx(risk_coverage(table.probabilities.max(1), correct).area)
        assert numbers["accuracy"].value == pytest.approx(correct.mean())
    correct = applied.calibrated.prediction == applied.calibrated.truth
    assert results.after["accuracy_labelled"].value == pytest.approx(correct[applied.labelled].mean())


def test_of_sets_every_patient_counts_alike(applied: Applied) -> None:
    results = measure_confidence(applied, resamples=20)
    truth, patients = applied.raw.truth, applied.raw.patients
    held = applied.sets[np.arange(len(truth)), truth]
    for key, values in (("set_coverage", held), ("set_size", applied.sets.sum(1)), ("labelled", applied.labelled)):
        slow = np.mean([values[patients == one].mean() for one in np.unique(patients)])
        assert results.after[key].value == pytest.approx(slow)


def test_sets_that_miss_a_rare_class_are_seen(applied: Applied) -> None:
    truth, patients = applied.raw.truth, applied.raw.patients
    results = measure_confidence(applied, resamples=20)
    assert list(results.of_class) == list(applied.raw.classes)
    for place, name in enumerate(applied.raw.classes):
        share, count = results.of_class[name]
        assert share.value == pytest.approx(applied.sets[truth == place, place].mean())
        assert count == len(set(patients[truth == place].tolist()))
    missed = replace(applied, sets=applied.sets & (np.arange(4) != 3))
    assert measure_confidence(missed, resamples=20).of_class[applied.raw.classes[3]][0].value == 0


def test_intervals_are_those_of_the_patient_bootstrap(applied: Applied) -> None:
    results = measure_confidence(applied, resamples=60, seed=3, level=0.8)
    table = applied.calibrated
    correct = table.prediction == table.truth

    def slow(statistic: Callable[..., float], *arrays: np.ndarray) -> Interval:
        return patient_bootstrap(statistic, table.patients, *arrays, resamples=60, seed=3, level=0.8)

    error = slow(lambda p, y: expected_calibration_error(p, y), table.probabilities, table.truth)
    assert results.after["ece"] == pytest.approx(error)
    assert results.after["brier"] == pytest.approx(slow(brier_score, table.probabilities, table.truth))
    area = slow(lambda c, r: risk_coverage(c, r).area, table.probabilities.max(1), correct)
    assert results.after["aurc"] == pytest.approx(area)
    right = slow(lambda r, given: r[given].mean(), correct, applied.labelled)
    assert results.after["accuracy_labelled"] == pytest.approx(right)


def test_calibrating_helps_patients_that_it_was_not_fitted_on(too_sure: Make) -> None:
    fitted, strangers = fit_calibration(too_sure(200)), too_sure(200, seed=1)
    results = measure_confidence(apply_calibration(strangers, fitted), resamples=50)
    for key in ("loss", "brier", "ece"):
        assert results.after[key].high < results.before[key].low
    assert results.after["ece"].value < 0.04
    assert results.after["set_coverage"].low < 0.9 < results.after["set_coverage"].high + 0.02
    assert results.after["accuracy_labelled"].value > results.after["accuracy"].value


def test_nothing_fitted_changes_nothing(too_sure: Make) -> None:
    results = measure_confidence(apply_calibration(too_sure(), Calibration()), resamples=10)
    assert results.before == {key: results.after[key] for key in results.before}
    assert results.after["set_size"].value == 4
    assert results.after["labelled"].value == 1
    assert "none stated" in results.text()


def test_nothing_labelled_has_no_accuracy(too_sure: Make) -> None:
    results = measure_confidence(apply_calibration(too_sure(), Calibration(abstain_below=1.1)), resamples=10)
    assert np.isnan(results.after["accuracy_labelled"].value)
    assert "–" in results.text()


def test_table_and_pictures(applied: Applied, tmp_path: Path) -> None:
    results = measure_confidence(applied, resamples=20)
    table = results.to_table(command="resp calibrate x", seeds=(1,))
    assert table.columns == ("", "before", "after")
    assert len(table.rows) == len(results.after) + len(results.of_class)
    assert any("stated 90%" in str(row[0]) for row in table.rows)
    assert "60 patients" in table.data
    assert len(draw_before_after(results).axes) == 2
    (axes,) = draw_risk_coverage(results).axes
    np.testing.assert_allclose(axes.lines[1].get_ydata(), 100 * results.curves[1].risk)
    assert save_pictures(results, tmp_path) == ("reliability.png", "risk_coverage.png")
    assert all(
        (tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("reliability.png", "risk_coverage.png")
    )
