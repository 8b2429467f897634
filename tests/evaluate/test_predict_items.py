"""Predictions of a data set's items: what is known of them, long ones, and classes by their name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from loudness_model import CLASSES, LEVELS, RATE_HZ, loudness_model, manifest_settings
from resp.audio import Recording, write_wav
from resp.datasets import WaveformCache, open_dataset
from resp.evaluate import EvaluationError, predict_items
from resp.models.config import Calibration


def test_items_are_predicted_with_what_is_known_of_them(manifest: Path, tmp_path: Path) -> None:
    dataset = open_dataset(manifest_settings(manifest))
    done: list[tuple[int, int]] = []
    predictions = predict_items(
        loudness_model(),
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
    dataset = open_dataset(manifest_settings(tmp_path))
    cache = WaveformCache(tmp_path / "cache")
    model = loudness_model(("normal", "crackle", "wheeze", "both"))

    def logits(level: float) -> Tensor:
        return -20 * (level - torch.tensor(LEVELS, dtype=torch.float64)).abs()

    quiet, loud = logits(0.1), logits(0.8)
    probabilities = predict_items(model, dataset, [0], cache=cache).probabilities[0]
    # Three windows are quiet, two reach into the loud part.
    expected = (3 * quiet.softmax(0) + 2 * loud.softmax(0)) / 5
    assert probabilities == pytest.approx(expected.numpy(), abs=1e-3)
    # The temperature is that of the joined windows.
    cooler = loudness_model(calibration=Calibration(temperature=4.0))
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
    dataset = open_dataset(manifest_settings(tmp_path))
    predictions = predict_items(loudness_model(), dataset, [0, 1], cache=WaveformCache(tmp_path / "cache"))
    assert predictions.prediction.tolist() == [0, 3]
    # The loud third second has no part in it.
    assert predictions.probabilities[0, 0] > 0.95


def test_classes_are_matched_by_name(manifest: Path, tmp_path: Path) -> None:
    dataset = open_dataset(manifest_settings(manifest))
    cache = WaveformCache(tmp_path / "cache")
    straight = predict_items(loudness_model(), dataset, range(40), cache=cache)
    turned = predict_items(loudness_model(CLASSES[::-1]), dataset, range(40), cache=cache)
    assert [turned.classes[label] for label in turned.truth] == [straight.classes[label] for label in straight.truth]
    with pytest.raises(EvaluationError, match="are not known to the model"):
        predict_items(loudness_model(("normal", "abnormal")), dataset, range(40), cache=cache)
    with pytest.raises(EvaluationError, match="no items"):
        predict_items(loudness_model(), dataset, [], cache=cache)


def test_several_labels_are_matched_by_name(manifest: Path, tmp_path: Path) -> None:
    dataset = open_dataset(manifest_settings(manifest))
    items = tuple(replace(item, more_labels=((item.label + 1) % 4,)) for item in dataset.items)
    several = replace(dataset, items=items, task="multi_label")
    cache = WaveformCache(tmp_path / "cache")
    straight = predict_items(loudness_model(), several, range(3, 20), cache=cache)
    turned = predict_items(
        loudness_model((*CLASSES[::-1], "other")[1:]),
        replace(several, classes=(*CLASSES[:3], "other")),
        range(3),
        cache=cache,
    )
    assert (straight.task, straight.truth.shape) == ("multi_label", (17, 4))
    np.testing.assert_array_equal(straight.truth, several.targets()[3:20])
    assert turned.classes == ("wheeze", "crackle", "normal", "other")
    np.testing.assert_array_equal(turned.truth, several.targets()[:3][:, [2, 1, 0, 3]])
