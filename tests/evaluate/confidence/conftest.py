"""Made predictions that are too sure, more so on one device."""

from collections.abc import Callable

import numpy as np
import pytest

from resp.evaluate import Predictions
from resp.evaluate.calibration import softmax

DEVICES = ("Litt3200", "Meditron")


@pytest.fixture
def too_sure() -> Callable[..., Predictions]:
    """Return predictions of lung sounds, twice as sure as they may be on one device and four times on the other."""

    def make(patients: int = 60, each: int = 6, seed: int = 0) -> Predictions:
        generator = np.random.default_rng(seed)
        patient = np.repeat(np.arange(patients), each)
        logits = generator.normal(0, 1.5, (len(patient), 4))
        truth = (softmax(logits).cumsum(axis=1) > generator.random((len(patient), 1))).argmax(axis=1)
        device = patient % 2
        return Predictions(
            classes=("normal", "crackle", "wheeze", "both"),
            items=np.array([f"r{index}" for index in range(len(patient))]),
            patients=np.array([f"p{index}" for index in patient]),
            devices=np.array(DEVICES)[device],
            sites=np.full(len(patient), "unknown"),
            truth=truth,
            logits=logits * np.array([2.0, 4.0])[device][:, None],
        )

    return make
