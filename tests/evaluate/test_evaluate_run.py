"""Runs and models measured: on which part, by which protocol, and what is refused."""

import json
from pathlib import Path

import pytest
import torch

from loudness_model import CLASSES, loudness_model, make_run, manifest_settings
from resp.audio import fit_length
from resp.datasets import DataError, DataSettings, WaveformCache, open_dataset, split_dataset
from resp.evaluate import EvaluationError, Predictions, evaluate_model, icbhi_score
from resp.evaluate.weights import find_weights, protocols, run_folder
from resp.models.config import ClipSettings, ModelConfig
from resp.models.folder import LoadedModel


def test_a_run_is_measured_on_its_own_test_part(manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]) -> None:
    data = {"dataset": "manifest", "root": str(manifest), "split": "folds", "fold": 1, "folds": 5, "seed": 3}
    run = make_run(tmp_path / "run1", data)
    models["run1"] = loudness_model()
    measured = evaluate_model(run, cache=WaveformCache(tmp_path / "cache"), resamples=20)
    settings = manifest_settings(manifest, split="folds", fold=1, folds=5, seed=3)
    dataset = open_dataset(settings)
    test = split_dataset(dataset, settings).test
    assert measured.predictions.items.tolist() == [dataset.items[index].name for index in test]
    result = measured.evaluation
    assert (result.protocol, result.subject) == ("honest", "run1")
    assert result.data == "manifest, fold 1 of 5, test part"
    expected = icbhi_score(measured.predictions.truth, measured.predictions.prediction)
    assert result.views[0].scores.score.value == pytest.approx(expected.score)
    none = manifest_settings(manifest, validation_share=0)
    with pytest.raises(EvaluationError, match="validation part is empty"):
        evaluate_model(run, none, part="validation", cache=WaveformCache(tmp_path / "cache"))
    with pytest.raises(EvaluationError, match="test part is empty; split: all leaves everything to training"):
        evaluate_model(run, manifest_settings(manifest, split="all"), cache=WaveformCache(tmp_path / "cache"))
    validation = evaluate_model(run, part="validation", cache=WaveformCache(tmp_path / "cache"), resamples=20)
    assert not set(validation.predictions.patients) & set(measured.predictions.patients)


def test_patients_seen_in_training_take_the_protocol_away(
    manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]
) -> None:
    run = make_run(tmp_path / "run1", {"dataset": "manifest", "root": str(manifest), "split": "folds", "fold": 1})
    models["run1"] = loudness_model()
    other = manifest_settings(manifest, split="folds", fold=2)
    result = evaluate_model(run, other, cache=WaveformCache(tmp_path / "cache"), resamples=20).evaluation
    assert result.protocol == "unstated"
    assert "in this run's training or validation part" in result.text()


def test_patients_that_the_published_split_shares_are_left_out_of_a_second_view(
    manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]
) -> None:
    rows = (manifest / "manifest.csv").read_text().splitlines()
    # Patients 0 to 5 train and 6 to 9 test, but patient 3 is on both sides.
    parts = ["split"]
    for number in range(40):
        patient = number // 4
        parts.append("train" if patient < 6 and number != 12 else "test")
    lines = [f"{row},{part}" for row, part in zip(rows, parts, strict=True)]
    (manifest / "manifest.csv").write_text("\n".join(lines) + "\n")
    run = make_run(tmp_path / "run1", {"dataset": "manifest", "root": str(manifest), "split": "official"})
    models["run1"] = loudness_model()
    result = evaluate_model(run, cache=WaveformCache(tmp_path / "cache"), resamples=20).evaluation
    assert result.protocol == "honest"
    assert [(view.name, view.patients) for view in result.views] == [
        ("all patients", 5),
        ("without patients p3", 4),
    ]


@pytest.mark.data
def test_a_data_set_that_is_new_to_a_run_is_measured_as_a_whole(
    manifest: Path, data_dir: Path, tmp_path: Path, models: dict[str, LoadedModel]
) -> None:
    run = make_run(tmp_path / "run1", {"dataset": "manifest", "root": str(manifest), "split": "folds", "fold": 1})
    models["run1"] = loudness_model(window_s=8.0)
    settings = DataSettings(dataset="icbhi", root=data_dir / "icbhi", split="official")
    result = evaluate_model(run, settings, cache=WaveformCache(tmp_path / "cache"), resamples=20).evaluation
    assert (result.protocol, result.data) == ("honest", "icbhi, all items")


def test_folds_are_pooled(manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]) -> None:
    runs = []
    for fold in range(5):
        data = {"dataset": "manifest", "root": str(manifest), "split": "folds", "fold": fold}
        runs.append(make_run(tmp_path / f"fold{fold}", data))
        models[f"fold{fold}"] = loudness_model()
    measured = evaluate_model(runs, cache=WaveformCache(tmp_path / "cache"), resamples=20)
    assert sorted(measured.predictions.items) == sorted(
        item.name for item in open_dataset(manifest_settings(manifest)).items
    )
    assert [row.name for row in measured.evaluation.views[0].runs] == [f"fold{fold}" for fold in range(5)]
    assert "5 runs" in measured.evaluation.subject


def test_a_model_on_its_own_is_measured_on_everything(
    manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]
) -> None:
    models["loudness"] = loudness_model(trained_on=("Manifest recordings of 2024",))
    cache = WaveformCache(tmp_path / "cache")
    result = evaluate_model("loudness", manifest_settings(manifest), cache=cache, resamples=20).evaluation
    assert (result.protocol, result.data) == ("unstated", "manifest, all items")
    assert result.views[0].items == 40
    assert "trained on: Manifest recordings of 2024" in result.text()
    stated = evaluate_model("loudness", manifest_settings(manifest), protocol="literature", cache=cache, resamples=20)
    assert stated.evaluation.protocol == "literature"


def test_what_cannot_be_measured_is_refused(manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]) -> None:
    models["loudness"] = models["run1"] = models["run2"] = loudness_model()
    with pytest.raises(EvaluationError, match="no recipe says"):
        evaluate_model("loudness")
    with pytest.raises(EvaluationError, match="at least one"):
        evaluate_model([])
    run = make_run(tmp_path / "run1", {"dataset": "manifest", "root": str(manifest)})
    with pytest.raises(EvaluationError, match="literature protocol"):
        evaluate_model(run, protocol="literature")
    with pytest.raises(EvaluationError, match="different protocols"):
        evaluate_model([run, "loudness"], manifest_settings(manifest))
    broken = make_run(tmp_path / "run2", {"dataset": "manifest", "root": str(manifest), "fold": 9})
    with pytest.raises(EvaluationError, match="do not hold"):
        evaluate_model(broken)
    (broken / "recipe.yaml").write_text("a: [")
    with pytest.raises(EvaluationError, match="readable recipe"):
        evaluate_model(broken)
    few = tmp_path / "few"
    few.mkdir()
    (few / "manifest.csv").write_text(f"path,label,patient\n{manifest / 'p0_0.wav'},normal,a\n")
    with pytest.raises(DataError, match="cannot make 5 folds"):
        evaluate_model("loudness", manifest_settings(few), part="test")


def test_weights_are_found_by_protocol(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run1", {}, kept=("best", "best_test", "last"))
    assert protocols(run) == ("honest", "literature")
    assert protocols("installed-name") == ("unstated",)
    assert find_weights(run).model == str(run.resolve() / "best")
    assert find_weights(run, "literature").model == str(run.resolve() / "best_test")
    assert find_weights(run / "best_test").protocol == "literature"
    assert find_weights(run / "last").protocol == "unstated"
    assert run_folder(run / "last") == run.resolve()
    assert run_folder(tmp_path) is None


def test_everything_is_written(manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]) -> None:
    models["loudness"] = loudness_model()
    measured = evaluate_model(
        "loudness", manifest_settings(manifest), cache=WaveformCache(tmp_path / "c"), resamples=20
    )
    paths = measured.write(tmp_path / "out", "e")
    assert [path.name for path in paths] == ["e.txt", "e.json", "e.png", "e_predictions.csv"]
    assert paths[0].read_text() == measured.evaluation.text()
    assert json.loads(paths[1].read_text()) == measured.evaluation.to_dict()
    assert Predictions.load(paths[3]).logits == pytest.approx(measured.predictions.logits)


@pytest.mark.data
def test_icbhi_subset_says_how_much_of_it_was_found(
    data_dir: Path, tmp_path: Path, models: dict[str, LoadedModel]
) -> None:
    models["loudness"] = loudness_model(window_s=8.0)
    settings = DataSettings(dataset="icbhi", root=data_dir / "icbhi", split="official")
    result = evaluate_model("loudness", settings, cache=WaveformCache(tmp_path / "c"), resamples=20).evaluation
    assert result.data == "icbhi, official split, test part"
    assert "not comparable with published numbers" in " ".join(result.text().split())
    assert {row.name for row in result.views[0].devices} <= {"AKGC417L", "LittC2SE", "Litt3200", "Meditron"}


def test_a_saved_model_is_measured(manifest: Path, tmp_path: Path) -> None:
    from resp.models import create
    from resp.models.folder import save_model

    settings = {"window_s": 1.0, "width": 16, "depth": 1, "heads": 2}
    torch.manual_seed(0)
    network = create("ast_tiny", classes=CLASSES, **settings)
    config = ModelConfig(
        name="small",
        network="ast_tiny",
        settings=settings,
        classes=CLASSES,
        clip=ClipSettings(window_s=1.0, hop_s=0.5, fade_samples=100),
    )
    save_model(tmp_path / "model", network, config)
    cache = WaveformCache(tmp_path / "cache")
    measured = evaluate_model(tmp_path / "model", manifest_settings(manifest), cache=cache, resamples=20)
    waveforms = cache.open(open_dataset(manifest_settings(manifest)), 16_000, 100, "none")
    clip = fit_length(waveforms.clip(7), 16_000, "repeat", 100)
    with torch.no_grad():
        expected = network.eval()(torch.from_numpy(clip)[None])[0]
    assert measured.predictions.logits[7] == pytest.approx(expected.numpy(), abs=1e-5)
