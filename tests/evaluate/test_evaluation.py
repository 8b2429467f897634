import json
import struct
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as reference

from resp.evaluate import (
    EvaluationError,
    Predictions,
    auroc,
    confusion,
    evaluate,
    icbhi_score,
    patient_bootstrap,
    two_class_score,
)
from resp.evaluate.plots import save_picture
from resp.evaluate.results import PROTOCOLS

CLASSES = ("normal", "crackle", "wheeze", "both")


def _predictions(items: int = 240, seed: int = 0, run: str = "") -> Predictions:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 4, items)
    logits = generator.normal(size=(items, 4))
    logits[np.arange(items), truth] += 1.0
    patients = generator.choice(["101", "102", "103", "156", "218", "220"], items)
    return Predictions(
        classes=CLASSES,
        items=np.array([f"item{i}" for i in range(items)]),
        patients=patients,
        devices=np.where(patients == "101", "Litt3200", "Meditron"),
        sites=generator.choice(["Al", "Tc"], items),
        truth=truth,
        logits=logits,
        runs=np.full(items, run),
    )


def test_scores_and_intervals_are_those_of_the_plain_functions() -> None:
    predictions = _predictions()
    view = evaluate(predictions, resamples=150, seed=3, level=0.9).views[0]
    truth, prediction, patients = predictions.truth, predictions.prediction, predictions.patients
    for name in ("sp", "se", "score"):
        for function, scores in ((icbhi_score, view.scores), (two_class_score, view.two_class)):
            expected = patient_bootstrap(
                lambda t, p, f=function, n=name: getattr(f(t, p), n),
                patients,
                truth,
                prediction,
                resamples=150,
                seed=3,
                level=0.9,
            )
            assert getattr(scores, name) == pytest.approx(expected)
    abnormal = 1 - predictions.probabilities[:, 0]
    expected = patient_bootstrap(
        lambda t, p: float(auroc(t > 0, p)), patients, truth, abnormal, resamples=150, seed=3, level=0.9
    )
    assert view.auroc == pytest.approx(expected)
    assert np.array_equal(view.confusion, confusion(truth, prediction, 4))
    assert (view.items, view.patients) == (240, 6)


def test_tables_by_class() -> None:
    predictions = _predictions()
    rows = evaluate(predictions, resamples=50).views[0].classes
    report = reference.classification_report(
        predictions.truth, predictions.prediction, target_names=CLASSES, output_dict=True
    )
    for index, row in enumerate(rows):
        expected = report[row.name]
        assert row.recall.value == pytest.approx(expected["recall"])
        assert row.precision.value == pytest.approx(expected["precision"])
        assert row.f1 == pytest.approx(expected["f1-score"])
        assert row.items == expected["support"]
        assert row.recall.low <= row.recall.value <= row.recall.high
        one_against_rest = reference.roc_auc_score(predictions.truth == index, predictions.probabilities[:, index])
        assert row.auroc == pytest.approx(one_against_rest)


def test_tables_by_device_and_site() -> None:
    predictions = _predictions()
    view = evaluate(predictions, resamples=50).views[0]
    assert [row.name for row in view.devices] == ["Litt3200", "Meditron"]
    assert [row.name for row in view.sites] == ["Al", "Tc"]
    assert sum(row.items for row in view.sites) == 240
    for row in view.devices:
        there = predictions.devices == row.name
        score = icbhi_score(predictions.truth[there], predictions.prediction[there])
        assert row.scores.score.value == pytest.approx(score.score)
        assert row.normal == int((predictions.truth[there] == 0).sum())
    # One patient has this device: a value, but no interval.
    assert view.devices[0].patients == 1
    assert np.isnan(view.devices[0].scores.score.low)


def test_a_share_that_rests_on_one_patient_has_no_interval() -> None:
    predictions = _predictions()
    # Only patient 102 keeps abnormal items.
    some = predictions.keep((predictions.truth == 0) | (predictions.patients == "102"))
    view = evaluate(some, resamples=50).views[0]
    assert view.patients == 6
    assert view.scores.sp.low < view.scores.sp.value < view.scores.sp.high
    assert np.isnan([view.scores.se.low, view.scores.score.low, view.two_class.se.high]).all()
    assert not np.isnan(view.classes[0].recall.low)
    assert np.isnan(view.classes[1].recall.low)


def test_a_second_view_leaves_patients_out() -> None:
    predictions = _predictions()
    views = evaluate(predictions, without_patients=("156", "218", "999"), resamples=50).views
    assert [view.name for view in views] == ["all patients", "without patients 156, 218"]
    kept = ~np.isin(predictions.patients, ["156", "218"])
    assert views[1].items == int(kept.sum())
    assert views[1].patients == 4
    score = icbhi_score(predictions.truth[kept], predictions.prediction[kept])
    assert views[1].scores.score.value == pytest.approx(score.score)
    assert len(evaluate(predictions, without_patients=("999",), resamples=5).views) == 1


@pytest.mark.parametrize("protocol", ["honest", "literature", "unstated"])
def test_text_says_which_protocol_every_number_belongs_to(protocol: str) -> None:
    result = evaluate(
        _predictions(),
        subject="run7",
        data="icbhi, official split, test part",
        protocol=protocol,  # type: ignore[arg-type]
        without_patients=("156", "218"),
        resamples=50,
        notes=["only 20 of 920 recordings"],
    )
    text = result.text()
    assert text.startswith("run7 on icbhi, official split, test part\n")
    assert PROTOCOLS[protocol] in " ".join(text.split())  # type: ignore[index]
    headings = [line for line in text.splitlines() if line.startswith("== ")]
    assert len(headings) == 2
    assert all(f"({protocol} protocol)" in line for line in headings)
    assert "note: only 20 of 920 recordings" in text
    score = result.views[0].scores.score
    assert f"{100 * score.value:.2f} [{100 * score.low:.2f}, {100 * score.high:.2f}]" in text
    for title in ("four classes", "two classes", "per class", "per device", "per site", "confusion", "AUROC"):
        assert title in text
    assert json.loads(json.dumps(result.to_dict()))["protocol"] == protocol


def test_json_holds_what_was_measured_and_no_nan() -> None:
    result = evaluate(_predictions(), resamples=50, seed=2)
    plain = result.to_dict()
    again = json.loads(json.dumps(plain, allow_nan=False))
    assert again == plain
    view = plain["views"][0]
    assert set(view["four_class"]) == {"sp", "se", "score"}
    assert view["four_class"]["score"]["value"] == result.views[0].scores.score.value
    assert view["two_class"]["se"]["high"] == result.views[0].two_class.se.high
    assert view["per_device"][0]["four_class"]["score"]["low"] is None
    assert view["per_class"][1]["name"] == "crackle"
    assert view["reliability"]["share"] == pytest.approx(result.views[0].reliability[0])
    assert plain["bootstrap"] == {"unit": "patient", "resamples": 50, "seed": 2, "level": 0.95}


def test_two_classes_are_one_line() -> None:
    predictions = _predictions()
    two = replace(
        predictions,
        classes=("normal", "abnormal"),
        truth=(predictions.truth > 0) * 1,
        logits=predictions.logits[:, :2],
    )
    result = evaluate(two, resamples=20)
    assert result.kind == "two_class"
    assert result.text().count("two classes  ") == 1
    assert set(result.to_dict()["views"][0]["two_class"]) == {"sp", "se", "score"}


def test_the_normal_class_need_not_be_the_first() -> None:
    predictions = _predictions()
    turned = replace(
        predictions, classes=CLASSES[::-1], truth=3 - predictions.truth, logits=predictions.logits[:, ::-1]
    )
    first, second = evaluate(predictions, resamples=20).views[0], evaluate(turned, resamples=20).views[0]
    assert second.scores == pytest.approx(first.scores)
    assert second.two_class == pytest.approx(first.two_class)
    assert second.auroc == pytest.approx(first.auroc)


def test_a_class_without_items_is_a_dash() -> None:
    predictions = _predictions()
    some = predictions.keep(predictions.truth != 3)
    result = evaluate(some, resamples=20)
    assert result.views[0].classes[3].items == 0
    per_class = result.text().split("per class\n")[1]
    row = next(line for line in per_class.splitlines() if line.startswith("both"))
    assert row.split()[:4] == ["both", "0", str(result.views[0].classes[3].predicted), "-"]
    assert result.to_dict()["views"][0]["per_class"][3]["recall"]["value"] is None


def test_runs_are_pooled_and_shown_side_by_side() -> None:
    pooled = Predictions.pool([_predictions(seed=0, run="seed0"), _predictions(seed=1, run="seed1")])
    view = evaluate(pooled, resamples=30).views[0]
    assert [row.name for row in view.runs] == ["seed0", "seed1"]
    assert view.items == 480
    single = evaluate(_predictions(seed=1), resamples=30).views[0]
    assert view.runs[1].scores.score.value == pytest.approx(single.scores.score.value)
    scores = np.array([100 * row.scores.score.value for row in view.runs])
    text = evaluate(pooled, resamples=30).text()
    assert f"Score {scores.mean():.2f} ± {scores.std(ddof=1):.2f}" in text
    assert single.runs == ()
    with pytest.raises(EvaluationError, match="same classes"):
        Predictions.pool([_predictions(), replace(_predictions(), classes=("a", "b", "c", "d"))])
    with pytest.raises(EvaluationError, match="at least one"):
        Predictions.pool([])


def test_predictions_survive_a_file(tmp_path: Path) -> None:
    predictions = _predictions(run="fold, 0")
    predictions.save(tmp_path / "p.csv")
    read = Predictions.load(tmp_path / "p.csv")
    assert read.classes == CLASSES
    for name in ("items", "patients", "devices", "sites", "truth", "logits", "runs"):
        assert np.array_equal(getattr(read, name), getattr(predictions, name)), name


def test_temperatures_are_in_a_file_where_there_are_any(tmp_path: Path) -> None:
    plain = _predictions()
    plain.save(tmp_path / "p.csv")
    assert "temperature" not in (tmp_path / "p.csv").read_text().partition("\n")[0]
    temperatures = np.linspace(0.5, 3.0, len(plain))
    divided = replace(plain, logits=plain.logits / temperatures[:, None], temperatures=temperatures)
    divided.keep(np.arange(len(plain)) > 5).save(tmp_path / "p.csv")
    read = Predictions.load(tmp_path / "p.csv")
    assert np.array_equal(read.temperatures, temperatures[6:])
    np.testing.assert_allclose(read.raw_logits, plain.logits[6:])
    for wrong in (np.ones(3), np.zeros(len(plain)), np.full(len(plain), np.inf)):
        with pytest.raises(EvaluationError, match="temperatures"):
            replace(plain, temperatures=wrong)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "item,run,patient,device,site,truth,logit_x\ni,,p,d,s,y,0\n"])
def test_other_tables_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(content)
    with pytest.raises(EvaluationError, match="not a table of predictions"):
        Predictions.load(path)
    with pytest.raises(EvaluationError, match="not a table"):
        Predictions.load(tmp_path / "missing.csv")


def test_predictions_are_checked() -> None:
    good = _predictions()
    with pytest.raises(EvaluationError, match="patients"):
        replace(good, patients=good.patients[:-1])
    with pytest.raises(EvaluationError, match="logits"):
        replace(good, logits=good.logits[:, :3])
    with pytest.raises(EvaluationError, match="finite"):
        replace(good, logits=np.where(good.logits > 2, np.nan, good.logits))
    with pytest.raises(EvaluationError, match="0 to 3"):
        replace(good, truth=good.truth + 1)
    with pytest.raises(EvaluationError, match="at least one item"):
        good.keep(np.zeros(len(good), dtype=bool))


def test_the_picture_is_a_png_of_its_size(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.png"
    save_picture(evaluate(_predictions(), without_patients=("156",), resamples=20), path)
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    assert (width, height) == (1560, 1235)
    assert len(content) > 20_000


def test_the_picture_shows_the_numbers() -> None:
    from resp.evaluate.plots import draw_evaluation

    result = evaluate(_predictions(), subject="run7", protocol="literature", resamples=20)
    figure = draw_evaluation(result)
    scores, matrix, groups, calibration = figure.axes
    value = f"{100 * result.views[0].scores.score.value:.1f}"
    assert value in [text.get_text() for text in scores.texts]
    counts = [int(text.get_text().split("\n")[1]) for text in matrix.texts]
    assert counts == list(np.ravel(result.views[0].confusion))
    assert len(groups.get_yticks()) == 4
    assert "literature protocol" in figure.get_suptitle()
    assert "%" in calibration.get_xlabel()


def test_a_picture_of_what_cannot_be_computed(tmp_path: Path) -> None:
    predictions = _predictions()
    only_normal = predictions.keep((predictions.truth == 0) & (predictions.patients == "101"))
    save_picture(evaluate(only_normal, resamples=5), tmp_path / "p.png")
    assert (tmp_path / "p.png").stat().st_size > 10_000


def test_metrics_need_no_torch() -> None:
    import subprocess

    code = "import resp.evaluate, sys; resp.evaluate.icbhi_score([0, 1], [0, 1]); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
