"""Made predictions of clips."""

from collections.abc import Callable

import numpy as np
import pytest

from resp.evaluate import Predictions


@pytest.fixture
def clips() -> Callable[..., Predictions]:
    """Return predictions of made clips, several a source, of which most are right."""

    def make(
        task: str, items: int = 240, classes: int = 5, sources: int = 40, seed: int = 0, run: str = ""
    ) -> Predictions:
        generator = np.random.default_rng(seed)
        logits = generator.normal(size=(items, classes))
        if task == "multi_label":
            truth = (generator.random((items, classes)) < np.geomspace(0.4, 0.05, classes)).astype(np.int8)
            logits += 1.5 * truth - 1
        else:
            truth = generator.integers(0, classes, items)
            logits[np.arange(items), truth] += 1.5
        return Predictions(
            classes=tuple(f"sound {index}" for index in range(classes)),
            items=np.array([f"clip{index}" for index in range(items)]),
            patients=np.array([f"s{index}" for index in generator.integers(0, sources, items)]),
            devices=np.full(items, "unknown"),
            sites=np.full(items, "unknown"),
            truth=truth,
            logits=logits,
            runs=np.full(items, run),
            task=task,  # type: ignore[arg-type]
        )

    return make
