"""A model under conditions: what is measured, against what, and what the table says."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from made_datasets import write_icbhi
from resp.audio import Recording, write_wav
from resp.cli import main
from resp.datasets import DataSettings, WaveformCache, open_dataset
from resp.evaluate import EvaluationError, Predictions, predict_items
from resp.evaluate.conditions import choose
from resp.evaluate.conditions.attack import Attack
from resp.evaluate.conditions.predicting import predict_job
from resp.evaluate.conditions.table import CLEAN, compare_conditions, measure_conditions
from resp.evaluate.jobs import find_all, open_jobs
from resp.evaluate.resampled import ABSTAINED
from resp.models.config import Calibration, ClipSettings, ModelConfig
from resp.models.folder import LoadedModel
from resp.models.network import Network

RATE_HZ = 4000
# A normal sound is a low tone, an abnormal one a high tone.
TONES_HZ = {"normal": 100, "abnormal": 900}


class _Colour(nn.Module):
    """Logits of how much of a sound's power lies below and above 400 Hz; half noise is already abnormal."""

    def forward(self, waveform: Tensor) -> Tensor:
        power = torch.fft.rfft(waveform).abs().square()
        low = torch.fft.rfftfreq(waveform.shape[1], 1 / RATE_HZ) < 400
        share = power[:, low].sum(1) / power.sum(1).clamp(min=1e-9)
        return 4 * torch.stack([share - 0.4, 1 - share], dim=1)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> LoadedModel:
    network = Network(
        {"logits": _Colour()}, sites=[], classes=tuple(TONES_HZ), rate_hz=RATE_HZ, input_samples=None, feature_size=2
    )
    config = ModelConfig(
        name="colour",
        network="colour",
        classes=tuple(TONES_HZ),
        clip=ClipSettings(window_s=0.5, hop_s=0.25, fade_samples=0, level="peak"),
        calibration=Calibration(temperature=2.0),
    )
    loaded = LoadedModel(network=network, config=config, sha256="0" * 64, card="", folder=Path("colour"))
    monkeypatch.setattr("resp.models.folder.load_model", lambda model, device="cpu": loaded)
    return loaded


@pytest.fixture
def data(tmp_path: Path) -> DataSettings:
    """24 recordings of 12 patients."""
    rows = []
    time_s = np.arange(RATE_HZ) / RATE_HZ
    for patient in range(12):
        for label, frequency_hz in TONES_HZ.items():
            name = f"p{patient}_{label}.wav"
            sound = 0.3 * np.sin(2 * np.pi * (frequency_hz + patient) * time_s)
            write_wav(Recording(sound.astype(np.float32), RATE_HZ), tmp_path / name)
            rows.append([name, label, f"p{patient}", "Meditron", "Al"])
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "label", "patient", "device", "site"], *rows])
    return DataSettings(dataset="manifest", root=tmp_path, labels="two_class")


def measured(data: DataSettings, tmp_path: Path, names: str, **more: object):
    cache = WaveformCache(tmp_path / "cache")
    return measure_conditions("colour", choose(names), data, part="all", cache=cache, resamples=50, **more)


def test_what_hides_the_difference_costs_and_what_does_not_costs_nothing(model, data, tmp_path):
    results = measured(data, tmp_path, "low_pass_500,resample_8000,gain_-40db")
    rows = {row.name: row for row in results.rows}
    assert [*rows] == [CLEAN, "low_pass_500", "gain_-40db", "resample_8000"]
    assert rows[CLEAN].numbers["Score"].value == 1
    assert rows[CLEAN].changes == {}
    assert rows["resample_8000"].changes["Score"] == (0, 0, 0)
    # The two tones are told apart by power, which a Butterworth filter leaves in its proportion of one.
    assert rows["low_pass_500"].numbers["AUROC"].value == 1
    assert (results.items, results.patients) == (24, 12)


def test_noise_makes_low_tones_high_and_changes_are_against_the_unchanged(model, data, tmp_path):
    results = measured(data, tmp_path, "white_0db")
    clean, noisy = results.rows
    assert noisy.numbers["Sp"].value < 1
    assert noisy.numbers["Se"].value == 1
    assert noisy.changes["Score"].value == pytest.approx(noisy.numbers["Score"].value - clean.numbers["Score"].value)


def test_attacks_are_compared_with_the_window_that_they_attack(model, data, tmp_path):
    (job,) = open_jobs(find_all("colour", None, "cpu"), data, part="all")
    cache = WaveformCache(tmp_path / "cache")
    before = predict_job(job, Attack("none"), cache=cache)
    for method in ("fgsm", "pgd"):
        attacked = predict_job(job, Attack(method, 0.2, steps=3), cache=cache)
        of_truth = np.take_along_axis(before.probabilities, before.truth[:, None], 1)
        under = np.take_along_axis(attacked.probabilities, before.truth[:, None], 1)
        assert (under < of_truth).all()
    # Nearly no strength is nearly no attack: logits are calibrated alike.
    none = predict_job(job, Attack("fgsm", 1e-7), cache=cache)
    np.testing.assert_allclose(none.logits, before.logits, atol=1e-3)
    rows = {row.name: row for row in measured(data, tmp_path, "fgsm_0.001").rows}
    assert [*rows] == [CLEAN, "middle_window", "fgsm_0.001"]
    expected = rows["fgsm_0.001"].numbers["AUROC"].value - rows["middle_window"].numbers["AUROC"].value
    assert rows["fgsm_0.001"].changes["AUROC"].value == pytest.approx(expected)


def predictions(items: int = 40) -> Predictions:
    generator = np.random.default_rng(0)
    truth = np.arange(items) % 2
    return Predictions(
        classes=tuple(TONES_HZ),
        items=np.array([f"i{index}" for index in range(items)]),
        patients=np.array([f"p{index // 2}" for index in range(items)]),
        devices=np.full(items, "D"),
        sites=np.full(items, "S"),
        truth=truth,
        logits=generator.normal(size=(items, 2)) + 2 * np.eye(2)[truth],
    )


def test_of_a_model_that_never_abstains_a_tenth_of_the_clean_items_is_watched():
    clean = predictions()
    flat = replace(clean, logits=clean.logits * 0.1)
    (first, second), notes = compare_conditions({CLEAN: clean, "white_0db": flat}, resamples=20)
    assert first.numbers[ABSTAINED].value == pytest.approx(0.1)
    assert second.numbers[ABSTAINED].value > 0.9
    assert any("abstain on nothing" in note for note in notes)
    (first, _), notes = compare_conditions({CLEAN: clean, "white_0db": flat}, abstain_below=0.99, resamples=20)
    assert first.numbers[ABSTAINED].value == pytest.approx((clean.probabilities.max(axis=1) < 0.99).mean())
    assert not any("abstain on nothing" in note for note in notes)


def test_other_items_and_missing_comparisons_are_refused():
    clean = predictions()
    with pytest.raises(EvaluationError, match="expected clean"):
        compare_conditions({"white_0db": clean})
    with pytest.raises(EvaluationError, match="middle_window for an attack"):
        compare_conditions({CLEAN: clean, "pgd_0.001": clean})
    with pytest.raises(EvaluationError, match="other items than those of clean"):
        compare_conditions({CLEAN: clean, "white_0db": clean.keep(np.arange(40) != 3)})


def test_command_prints_and_writes_conditions_and_subgroups(model, data, tmp_path, capsys):
    arguments = ["--data", "manifest", "--root", str(data.root), "--labels", "two_class", "--part", "all"]
    arguments += ["--resamples", "20", "--cache", str(tmp_path / "c"), "--quiet", "--subgroups"]
    arguments += ["--conditions", "white_0db", "--out", str(tmp_path / "o")]
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "colour", *arguments])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert "| white noise, 0 dB |" in printed
    assert "### Subgroups" in printed
    table = json.loads((tmp_path / "o" / "conditions.json").read_text())["conditions"]
    assert table["command"].startswith("resp evaluate colour --data manifest")
    assert "--conditions white_0db" in table["command"]
    assert "--out" not in table["command"]
    assert not math.isnan(table["rows"][0][1]["value"])
    assert (tmp_path / "o" / "subgroups.md").read_text().startswith("# Subgroups")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--conditions", "rain"], "no condition 'rain'"), (["--speech", "."], "--speech without --conditions")],
)
def test_command_refuses_what_makes_no_sense(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "colour", *arguments])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_change_that_changes_nothing_gives_the_same_cycles(model, tmp_path):
    rows = {"a": [(0.0, 0.7, 0, 0), (0.7, 1.9, 1, 0)], "b": [(0.1, 2.5, 0, 1)]}
    root = write_icbhi(
        tmp_path / "icbhi", {f"10{number}_1b1_Al_sc_Meditron": one for number, one in enumerate(rows.values())}
    )
    settings = DataSettings(dataset="icbhi", root=root, labels="two_class")
    dataset = open_dataset(settings)
    cache = WaveformCache(tmp_path / "cache")
    usual = predict_items(model, dataset, range(3), cache=cache)
    seen: list[str] = []

    def unchanged(recording: Recording) -> Recording:
        seen.append(Path(recording.source).name)
        return recording

    same = predict_items(model, dataset, range(3), change=unchanged)
    np.testing.assert_array_equal(same.logits, usual.logits)
    # Cycles of one recording share one change.
    assert len(seen) == 2
