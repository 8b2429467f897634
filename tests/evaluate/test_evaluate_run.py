import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from resp.audio import Recording, fit_length, write_wav
from resp.cli import main
from resp.datasets import DataError, DataSettings, WaveformCache, open_dataset, split_dataset
from resp.evaluate import EvaluationError, Predictions, evaluate_model, icbhi_score, predict_items
from resp.evaluate.weights import find_weights, protocols, run_folder
from resp.models.config import Calibration, ClipSettings, ModelConfig
from resp.models.folder import LoadedModel
from resp.models.network import Network

RATE_HZ = 4000
CLASSES = ("normal", "crackle", "wheeze", "both")
# The loudness of a sound tells its class.
LEVELS = (0.1, 0.3, 0.5, 0.8)


class _Loudness(nn.Module):
    """Logits from the peak: the nearer to a class's level, the higher."""

    def forward(self, waveform: Tensor) -> Tensor:
        peak = waveform.abs().amax(dim=1, keepdim=True)
        return -20 * (peak - torch.tensor(LEVELS)).abs()


def _model(classes: tuple[str, ...] = CLASSES, *, window_s: float = 1.0, **settings: object) -> LoadedModel:
    network = Network(
        {"logits": _Loudness()},
        sites=[],
        classes=classes,
        rate_hz=RATE_HZ,
        input_samples=None,
        feature_size=1,
    )
    config = ModelConfig(
        name="loudness",
        network="loudness",
        classes=classes,
        clip=ClipSettings(window_s=window_s, hop_s=window_s / 2, fade_samples=0),
        **settings,  # type: ignore[arg-type]
    )
    return LoadedModel(network=network, config=config, sha256="0" * 64, card="", folder=Path("loudness"))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """40 recordings of 10 patients; one of the four of a patient may have the level of class 0."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = []
    time = np.arange(RATE_HZ // 2) / RATE_HZ
    for patient in range(10):
        for label in range(4):
            level = LEVELS[label] if (patient + label) % 4 else LEVELS[0]
            path = folder / f"p{patient}_{label}.wav"
            write_wav(Recording(level * np.sin(2 * np.pi * 200 * time), RATE_HZ), path)
            device, site = ("Meditron", "Litt3200")[patient % 2], ("Al", "Tc")[label % 2]
            rows.append([path.name, CLASSES[label], f"p{patient}", device, site])
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "label", "patient", "device", "site"], *rows])
    return folder


def _settings(root: Path, **more: object) -> DataSettings:
    return DataSettings.model_validate({"dataset": "manifest", "root": root, **more})


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, LoadedModel]:
    """Models by the name of their folder, in place of what is on disk."""
    known: dict[str, LoadedModel] = {}

    def load(model: str, device: str = "cpu") -> LoadedModel:
        return known.get(Path(model).name) or known[Path(model).parent.name]

    monkeypatch.setattr("resp.models.folder.load_model", load)
    return known


def _run(folder: Path, data: dict[str, object], kept: tuple[str, ...] = ("best",)) -> Path:
    for name in kept:
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text("{}")
    (folder / "recipe.yaml").write_text(json.dumps({"data": data, "seed": 1}))
    return folder


def test_items_are_predicted_with_what_is_known_of_them(manifest: Path, tmp_path: Path) -> None:
    dataset = open_dataset(_settings(manifest))
    done: list[tuple[int, int]] = []
    predictions = predict_items(
        _model(),
        dataset,
        range(5, 15),
        cache=WaveformCache(tmp_path / "cache"),
        batch_size=3,
        run="r",
        progress=lambda *count: done.append(count),
    )
    items = dataset.items[5:15]
    assert predictions.items.tolist() == [item.name for item in items]
    assert predictions.patients.tolist() == [item.patient for item in items]
    assert predictions.devices.tolist() == [item.device for item in items]
    assert predictions.sites.tolist() == [item.site for item in items]
    truth = [dataset.classes[item.label] for item in items]
    assert [predictions.classes[label] for label in predictions.truth] == truth
    for item, label in zip(items, predictions.prediction, strict=True):
        patient, true = item.patient, CLASSES.index(dataset.classes[item.label])
        expected = true if (int(patient[1:]) + true) % 4 else 0
        assert label == expected
    assert done[-1] == (10, 10)
    assert set(predictions.runs) == {"r"}


def test_a_long_recording_is_the_mean_over_its_windows(tmp_path: Path) -> None:
    # 2 s quiet, then 1 s loud: windows of 1 s every 0.5 s start at 0, 0.5, 1, 1.5 and 2 s.
    samples = np.zeros(3 * RATE_HZ, dtype=np.float32)
    samples[::2] = 0.1
    samples[2 * RATE_HZ :: 2] = 0.8
    write_wav(Recording(samples, RATE_HZ), tmp_path / "long.wav")
    (tmp_path / "manifest.csv").write_text("path,label,patient\nlong.wav,normal,a\n")
    dataset = open_dataset(_settings(tmp_path))
    cache = WaveformCache(tmp_path / "cache")
    model = _model(("normal", "crackle", "wheeze", "both"))

    def logits(level: float) -> Tensor:
        return -20 * (level - torch.tensor(LEVELS, dtype=torch.float64)).abs()

    quiet, loud = logits(0.1), logits(0.8)
    probabilities = predict_items(model, dataset, [0], cache=cache).probabilities[0]
    # Three windows are quiet, two reach into the loud part.
    expected = (3 * quiet.softmax(0) + 2 * loud.softmax(0)) / 5
    assert probabilities == pytest.approx(expected.numpy(), abs=1e-3)
    # The temperature is that of the joined windows.
    cooler = _model(calibration=Calibration(temperature=4.0))
    predictions = predict_items(cooler, dataset, [0], cache=cache)
    assert predictions.probabilities[0] == pytest.approx((expected.log() / 4).softmax(0).numpy(), abs=1e-3)
    assert predictions.temperatures == pytest.approx([4.0])
    assert predictions.raw_logits[0] == pytest.approx(expected.log().numpy(), abs=1e-2)


def test_a_long_breath_cycle_keeps_its_beginning(tmp_path: Path) -> None:
    samples = np.zeros(3 * RATE_HZ, dtype=np.float32)
    samples[::2] = 0.1
    samples[2 * RATE_HZ :: 2] = 0.8
    write_wav(Recording(samples, RATE_HZ), tmp_path / "long.wav")
    (tmp_path / "manifest.csv").write_text(
        "path,label,patient,start_s,end_s\nlong.wav,normal,a,0.0,3.0\nlong.wav,both,a,2.0,2.4\n"
    )
    dataset = open_dataset(_settings(tmp_path))
    predictions = predict_items(_model(), dataset, [0, 1], cache=WaveformCache(tmp_path / "cache"))
    assert predictions.prediction.tolist() == [0, 3]
    # The loud third second has no part in it.
    assert predictions.probabilities[0, 0] > 0.95


def test_classes_are_matched_by_name(manifest: Path, tmp_path: Path) -> None:
    dataset = open_dataset(_settings(manifest))
    cache = WaveformCache(tmp_path / "cache")
    straight = predict_items(_model(), dataset, range(40), cache=cache)
    turned = predict_items(_model(CLASSES[::-1]), dataset, range(40), cache=cache)
    assert [turned.classes[label] for label in turned.truth] == [straight.classes[label] for label in straight.truth]
    with pytest.raises(EvaluationError, match="are not known to the model"):
        predict_items(_model(("normal", "abnormal")), dataset, range(40), cache=cache)
    with pytest.raises(EvaluationError, match="no items"):
        predict_items(_model(), dataset, [], cache=cache)


def test_a_run_is_measured_on_its_own_test_part(manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]) -> None:
    data = {"dataset": "manifest", "root": str(manifest), "split": "folds", "fold": 1, "folds": 5, "seed": 3}
    run = _run(tmp_path / "run1", data)
    models["run1"] = _model()
    measured = evaluate_model(run, cache=WaveformCache(tmp_path / "cache"), resamples=20)
    settings = _settings(manifest, split="folds", fold=1, folds=5, seed=3)
    dataset = open_dataset(settings)
    test = split_dataset(dataset, settings).test
    assert measured.predictions.items.tolist() == [dataset.items[index].name for index in test]
    result = measured.evaluation
    assert (result.protocol, result.subject) == ("honest", "run1")
    assert result.data == "manifest, fold 1 of 5, test part"
    expected = icbhi_score(measured.predictions.truth, measured.predictions.prediction)
    assert result.views[0].scores.score.value == pytest.approx(expected.score)
    none = _settings(manifest, validation_share=0)
    with pytest.raises(EvaluationError, match="validation part is empty"):
        evaluate_model(run, none, part="validation", cache=WaveformCache(tmp_path / "cache"))
    with pytest.raises(EvaluationError, match="test part is empty; split: all leaves everything to training"):
        evaluate_model(run, _settings(manifest, split="all"), cache=WaveformCache(tmp_path / "cache"))
    validation = evaluate_model(run, part="validation", cache=WaveformCache(tmp_path / "cache"), resamples=20)
    assert not set(validation.predictions.patients) & set(measured.predictions.patients)


def test_patients_seen_in_training_take_the_protocol_away(
    manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]
) -> None:
    run = _run(tmp_path / "run1", {"dataset": "manifest", "root": str(manifest), "split": "folds", "fold": 1})
    models["run1"] = _model()
    other = _settings(manifest, split="folds", fold=2)
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
    run = _run(tmp_path / "run1", {"dataset": "manifest", "root": str(manifest), "split": "official"})
    models["run1"] = _model()
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
    run = _run(tmp_path / "run1", {"dataset": "manifest", "root": str(manifest), "split": "folds", "fold": 1})
    models["run1"] = _model(window_s=8.0)
    settings = DataSettings(dataset="icbhi", root=data_dir / "icbhi", split="official")
    result = evaluate_model(run, settings, cache=WaveformCache(tmp_path / "cache"), resamples=20).evaluation
    assert (result.protocol, result.data) == ("honest", "icbhi, all items")


def test_folds_are_pooled(manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]) -> None:
    runs = []
    for fold in range(5):
        data = {"dataset": "manifest", "root": str(manifest), "split": "folds", "fold": fold}
        runs.append(_run(tmp_path / f"fold{fold}", data))
        models[f"fold{fold}"] = _model()
    measured = evaluate_model(runs, cache=WaveformCache(tmp_path / "cache"), resamples=20)
    assert sorted(measured.predictions.items) == sorted(item.name for item in open_dataset(_settings(manifest)).items)
    assert [row.name for row in measured.evaluation.views[0].runs] == [f"fold{fold}" for fold in range(5)]
    assert "5 runs" in measured.evaluation.subject


def test_a_model_on_its_own_is_measured_on_everything(
    manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]
) -> None:
    models["loudness"] = _model(trained_on=("Manifest recordings of 2024",))
    cache = WaveformCache(tmp_path / "cache")
    result = evaluate_model("loudness", _settings(manifest), cache=cache, resamples=20).evaluation
    assert (result.protocol, result.data) == ("unstated", "manifest, all items")
    assert result.views[0].items == 40
    assert "trained on: Manifest recordings of 2024" in result.text()
    stated = evaluate_model("loudness", _settings(manifest), protocol="literature", cache=cache, resamples=20)
    assert stated.evaluation.protocol == "literature"


def test_what_cannot_be_measured_is_refused(manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]) -> None:
    models["loudness"] = models["run1"] = models["run2"] = _model()
    with pytest.raises(EvaluationError, match="no recipe says"):
        evaluate_model("loudness")
    with pytest.raises(EvaluationError, match="at least one"):
        evaluate_model([])
    run = _run(tmp_path / "run1", {"dataset": "manifest", "root": str(manifest)})
    with pytest.raises(EvaluationError, match="literature protocol"):
        evaluate_model(run, protocol="literature")
    with pytest.raises(EvaluationError, match="different protocols"):
        evaluate_model([run, "loudness"], _settings(manifest))
    broken = _run(tmp_path / "run2", {"dataset": "manifest", "root": str(manifest), "fold": 9})
    with pytest.raises(EvaluationError, match="do not hold"):
        evaluate_model(broken)
    (broken / "recipe.yaml").write_text("a: [")
    with pytest.raises(EvaluationError, match="readable recipe"):
        evaluate_model(broken)
    few = tmp_path / "few"
    few.mkdir()
    (few / "manifest.csv").write_text(f"path,label,patient\n{manifest / 'p0_0.wav'},normal,a\n")
    with pytest.raises(DataError, match="cannot make 5 folds"):
        evaluate_model("loudness", _settings(few), part="test")


def test_weights_are_found_by_protocol(tmp_path: Path) -> None:
    run = _run(tmp_path / "run1", {}, kept=("best", "best_test", "last"))
    assert protocols(run) == ("honest", "literature")
    assert protocols("installed-name") == ("unstated",)
    assert find_weights(run).model == str(run.resolve() / "best")
    assert find_weights(run, "literature").model == str(run.resolve() / "best_test")
    assert find_weights(run / "best_test").protocol == "literature"
    assert find_weights(run / "last").protocol == "unstated"
    assert run_folder(run / "last") == run.resolve()
    assert run_folder(tmp_path) is None


def test_everything_is_written(manifest: Path, tmp_path: Path, models: dict[str, LoadedModel]) -> None:
    models["loudness"] = _model()
    measured = evaluate_model("loudness", _settings(manifest), cache=WaveformCache(tmp_path / "c"), resamples=20)
    paths = measured.write(tmp_path / "out", "e")
    assert [path.name for path in paths] == ["e.txt", "e.json", "e.png", "e_predictions.csv"]
    assert paths[0].read_text() == measured.evaluation.text()
    assert json.loads(paths[1].read_text()) == measured.evaluation.to_dict()
    assert Predictions.load(paths[3]).logits == pytest.approx(measured.predictions.logits)


def test_command_prints_every_protocol_of_a_run(
    manifest: Path,
    tmp_path: Path,
    models: dict[str, LoadedModel],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = {"dataset": "manifest", "root": "elsewhere", "split": "folds", "fold": 1}
    run = _run(tmp_path / "run1", data, kept=("best", "best_test"))
    models["run1"] = _model()
    common = [
        "--root",
        str(manifest),
        "--cache",
        str(tmp_path / "c"),
        "--resamples",
        "20",
        "--out",
        str(tmp_path / "o"),
    ]
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", str(run), *common])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert printed.index("protocol honest:") < printed.index("protocol literature:")
    names = sorted(path.name for path in (tmp_path / "o").iterdir())
    assert names == [
        f"evaluation_{protocol}{ending}"
        for protocol in ("honest", "literature")
        for ending in (".json", ".png", ".txt", "_predictions.csv")
    ]


def test_command_prints_json(
    manifest: Path, tmp_path: Path, models: dict[str, LoadedModel], capsys: pytest.CaptureFixture[str]
) -> None:
    models["loudness"] = _model()
    arguments = [
        "--data",
        "manifest",
        "--root",
        str(manifest),
        "--cache",
        str(tmp_path / "c"),
        "--resamples",
        "20",
    ]
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "loudness", *arguments, "--without-patients", "p1, p2", "--json", "--quiet"])
    assert stopped.value.code == 0
    (printed,) = json.loads(capsys.readouterr().out)
    assert [view["name"] for view in printed["views"]] == ["all patients", "without patients p1, p2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "kauh"], "--root"),
        (["--data", "kauh", "--root", ".", "--split", "official"], "official"),
        (["--data", "manifest", "--root", ".", "--fold", "7"], "fold 7"),
        (["--data", "manifest", "--root", ".", "--device", "gpu"], "device 'gpu' cannot be used here"),
        (["--split", "folds", "--split-seed", "1"], "--split, --split-seed without --data"),
    ],
)
def test_command_refuses_in_one_line(
    arguments: list[str], message: str, models: dict[str, LoadedModel], capsys: pytest.CaptureFixture[str]
) -> None:
    models["loudness"] = _model()
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "loudness", *arguments])
    assert stopped.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("resp: ")
    assert message in printed


def test_command_measures_the_fold_that_is_asked_for(
    manifest: Path, tmp_path: Path, models: dict[str, LoadedModel], capsys: pytest.CaptureFixture[str]
) -> None:
    models["loudness"] = _model()
    arguments = ["--data", "manifest", "--root", str(manifest), "--cache", str(tmp_path / "c"), "--resamples", "20"]
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "loudness", *arguments, "--fold", "2"])
    assert stopped.value.code == 0
    assert "manifest, fold 2 of 5, test part" in capsys.readouterr().out


@pytest.mark.data
def test_icbhi_subset_says_how_much_of_it_was_found(
    data_dir: Path, tmp_path: Path, models: dict[str, LoadedModel]
) -> None:
    models["loudness"] = _model(window_s=8.0)
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
    measured = evaluate_model(tmp_path / "model", _settings(manifest), cache=cache, resamples=20)
    waveforms = cache.open(open_dataset(_settings(manifest)), 16_000, 100, "none")
    clip = fit_length(waveforms.clip(7), 16_000, "repeat", 100)
    with torch.no_grad():
        expected = network.eval()(torch.from_numpy(clip)[None])[0]
    assert measured.predictions.logits[7] == pytest.approx(expected.numpy(), abs=1e-5)


def test_several_labels_are_matched_by_name(manifest: Path, tmp_path: Path) -> None:
    dataset = open_dataset(_settings(manifest))
    items = tuple(replace(item, more_labels=((item.label + 1) % 4,)) for item in dataset.items)
    several = replace(dataset, items=items, task="multi_label")
    cache = WaveformCache(tmp_path / "cache")
    straight = predict_items(_model(), several, range(3, 20), cache=cache)
    turned = predict_items(
        _model((*CLASSES[::-1], "other")[1:]), replace(several, classes=(*CLASSES[:3], "other")), range(3), cache=cache
    )
    assert (straight.task, straight.truth.shape) == ("multi_label", (17, 4))
    np.testing.assert_array_equal(straight.truth, several.targets()[3:20])
    assert turned.classes == ("wheeze", "crackle", "normal", "other")
    np.testing.assert_array_equal(turned.truth, several.targets()[:3][:, [2, 1, 0, 3]])


def test_command_knows_every_data_set_and_its_split(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from resp.cli.evaluate import _default_split
    from resp.datasets.readers import READERS

    for record in READERS:
        with pytest.raises(SystemExit) as stopped:
            main(["evaluate", "loudness", "--data", record.name])
        assert stopped.value.code == 2
        assert f"--data {record.name} without --root" in capsys.readouterr().err
    splits = {
        name: (_default_split(name, fold=False), _default_split(name, fold=True))
        for name in ("icbhi", "kauh", "esc10", "manifest")
    }
    assert splits == {
        "icbhi": ("official", "official"),
        "kauh": ("folds", "folds"),
        "esc10": ("folds", "published_folds"),
        "manifest": ("folds", "folds"),
    }
