"""Runs of tasks without a normal class: what chooses their epochs and what they are measured by."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from scipy.special import expit
from sklearn import metrics as reference

from resp.datasets import DataSet, WaveformCache, open_dataset
from resp.evaluate import Predictions
from resp.models.folder import load_model
from resp.score import Scorer
from resp.train import Recipe, train
from resp.train.journal import draw_curves
from resp.train.objectives import Outcome
from resp.train.totals import EpochTotals

Make = Callable[..., Recipe]


@pytest.fixture
def as_task(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make what is opened for training a data set of another task."""

    def change(task: str) -> None:
        def opened(settings: Any) -> DataSet:
            dataset = open_dataset(settings)
            items = dataset.items
            if task == "multi_label":
                # Both is crackle and wheeze; a class without items is left.
                items = tuple(replace(item, label=1, more_labels=(2,)) if item.label == 3 else item for item in items)
            return replace(dataset, items=items, task=task)

        monkeypatch.setattr("resp.train.data.open_dataset", opened)

    return change


def test_accuracy_chooses_and_tells(
    as_task: Callable[[str], None], recipe_with: Make, cache: WaveformCache, tmp_path: Path
) -> None:
    as_task("single_label")
    recipe = recipe_with(evaluation={"protocols": ["honest", "literature"]})
    result = train(recipe, tmp_path / "run", cache=cache)
    rows = [json.loads(line) for line in (result.folder / "metrics.jsonl").read_text().splitlines()]
    for protocol, part in (("honest", "validation"), ("literature", "test")):
        keys = [(row[part]["accuracy"], -row[part]["loss"]) for row in rows]
        assert result.results[protocol]["epoch"] == 1 + keys.index(max(keys))
    assert set(rows[0]["train"]) == {"loss", "cross_entropy", "accuracy", "macro_recall"}
    assert set(result.score()) == {"loss", "accuracy", "macro_recall"}
    predictions = Predictions.load(result.folder / "predictions_honest.csv")
    assert predictions.task == "single_label"
    assert result.score()["accuracy"] == reference.accuracy_score(predictions.truth, predictions.prediction)
    card, config = load_model(result.model).card, load_model(result.model).config
    assert config.task == "single_label"
    (row,) = (line for line in card.splitlines() if line.startswith("| honest |"))
    assert f" {result.score()['accuracy']:.2f} (" in row
    assert "| protocol | epoch | items | sources | accuracy | macro recall |" in card
    assert "Score" not in card
    assert "source-disjoint" in result.results["honest"]["protocol"]
    assert result.results["honest"]["evaluation"]["task"] == "single_label"


def test_mean_average_precision_chooses_and_tells(
    as_task: Callable[[str], None], recipe_with: Make, cache: WaveformCache, manifest: Path, tmp_path: Path
) -> None:
    as_task("multi_label")
    recipe = recipe_with(
        objective={"name": "mixed", "mix": {"name": "mixup", "site": "waveform"}, "loss": "bce", "unmixed_loss": "bce"}
    )
    result = train(recipe, tmp_path / "run", cache=cache)
    rows = [json.loads(line) for line in (result.folder / "metrics.jsonl").read_text().splitlines()]
    keys = [(row["validation"]["map"], -row["validation"]["loss"]) for row in rows]
    assert result.results["honest"]["epoch"] == 1 + keys.index(max(keys))
    assert not {"map", "accuracy"} & set(rows[0]["train"])
    predictions = Predictions.load(result.folder / "predictions_honest.csv")
    assert predictions.truth.sum(axis=1).max() == 2
    occurring = predictions.truth.any(axis=0)
    expected = reference.average_precision_score(predictions.truth[:, occurring], predictions.logits[:, occurring])
    assert result.score()["map"] == pytest.approx(expected)
    (row,) = (line for line in load_model(result.model).card.splitlines() if line.startswith("| honest |"))
    assert f" {expected:.2f} (" in row
    # A report gives each class its own probability, as the predictions do.
    report = Scorer.load(result.model).score_file(manifest.parent / predictions.items[0])
    assert report.status == "scored", report.reason
    assert list(report.summary.probabilities.values()) == pytest.approx(expit(predictions.logits[0]), abs=1e-4)


def outcome(truth: list[int], prediction: list[int], loss: float) -> Outcome:
    logits = torch.nn.functional.one_hot(torch.tensor(prediction), 3).float()
    return Outcome(torch.tensor(loss), logits, torch.tensor(truth), {"part": torch.tensor(2 * loss)})


def test_totals_are_those_of_all_batches_together_and_can_be_taken_up() -> None:
    accelerator = Accelerator(cpu=True)
    totals = EpochTotals(("a", "b", "c"), "single_label", torch.device("cpu"))
    totals.add(outcome([0, 1, 1], [0, 1, 0], 1.0))
    again = EpochTotals(("a", "b", "c"), "single_label", torch.device("cpu"))
    again.load(totals.state())
    again.add(outcome([2], [0], 3.0))
    summary = again.summary(accelerator)
    assert summary == pytest.approx({"loss": 1.5, "part": 3.0, "accuracy": 0.5, "macro_recall": 0.5})
    assert again.loss == 1.5
    lungs = EpochTotals(("a", "normal", "c"), "respiratory", torch.device("cpu"))
    lungs.add(outcome([0, 1, 1], [0, 1, 0], 1.0))
    assert lungs.summary(accelerator) == pytest.approx({"loss": 1, "part": 2, "sp": 0.5, "se": 1, "score": 0.75})


def test_totals_of_several_labels_are_losses() -> None:
    totals = EpochTotals(("a", "b", "c"), "multi_label", torch.device("cpu"))
    truth = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    totals.add(Outcome(torch.tensor(0.5), torch.zeros(2, 3), truth, {}))
    assert totals.summary(Accelerator(cpu=True)) == {"loss": 0.5}


def test_curves_show_the_primary_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, path, **_: (drawn.append(self), Path(path).touch()))
    history = [
        {"epoch": epoch, "train": {"loss": 1.0}, "validation": {"loss": 0.9, "map": epoch / 10, "macro_auroc": 0.5}}
        for epoch in (1, 2)
    ]
    draw_curves(history, tmp_path / "curves.png", "multi_label")
    loss, primary = drawn[0].axes
    assert primary.get_title() == "mAP"
    (line,) = primary.lines
    assert (line.get_label(), list(line.get_ydata())) == ("validation", [0.1, 0.2])
    assert [one.get_label() for one in loss.lines] == ["train", "validation"]
