"""Two gloo processes on the CPU against one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resp.datasets import WaveformCache
from resp.train import Recipe, TrainError, train

SCRIPT = """
import sys
from pathlib import Path
from resp.datasets import WaveformCache
from resp.train import TrainError, load_recipe, train

folder = Path(sys.argv[1])
for name in ("ce", "cl", "mixed", "sam"):
    train(load_recipe(folder / f"{name}.yaml"), folder / f"{name}-two", cache=WaveformCache(sys.argv[2]))
try:
    train(load_recipe(folder / "ce.yaml", ["training.batch_size=3"]), folder / "odd")
except TrainError as error:
    (folder / "odd.txt").write_text(str(error))
"""


def metrics(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture
def both(recipe_with: Callable[..., Recipe], cache: WaveformCache, tmp_path: Path) -> Path:
    """Run four recipes in two processes, and those that give the same there in one."""
    # Nothing random but the order: each process augments and mixes its own share of a batch.
    averaging = {"name": "live"}
    ce = recipe_with(
        objective={"name": "cross_entropy", "class_weights": "inverse_frequency"},
        averaging=averaging,
        training={"accumulate": 2, "drop_last": False},
        evaluation={"protocols": ["honest", "literature"]},
    )
    cl = recipe_with(objective={"name": "patch_mix_cl"}, averaging=averaging)
    # One process may mix a batch that the other does not, which then has another loss.
    mixed = recipe_with(
        objective={
            "name": "mixed",
            "mix": {"name": "patch"},
            "loss": "bce",
            "unmixed_loss": "cross_entropy",
            "probability": 0.5,
            "distillation": {},
            "class_weights": "inverse_frequency",
        },
        averaging={"name": "ema", "decay": 0.8},
        training={"epochs": 2},
        max_items=12,
    )
    sam = recipe_with(optimiser={"sam_rho": 0.5}, training={"epochs": 1, "accumulate": 2})
    (tmp_path / "sam.yaml").write_text(sam.to_yaml())
    (tmp_path / "mixed.yaml").write_text(mixed.to_yaml())
    (tmp_path / "ce.yaml").write_text(ce.to_yaml())
    (tmp_path / "cl.yaml").write_text(cl.to_yaml())
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    train(ce, tmp_path / "ce-one", cache=cache)
    train(sam, tmp_path / "sam-one", cache=cache)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, str(script), str(tmp_path), str(cache.folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return tmp_path


def test_two_processes_train_as_one(both: Path) -> None:
    one, two = metrics(both / "ce-one"), metrics(both / "ce-two")
    assert len(one) == len(two) == 3
    for alone, together in zip(one, two, strict=True):
        for part in ("validation", "test"):
            assert together[part] == pytest.approx(alone[part], abs=1e-4)
        assert together["train"]["score"] == pytest.approx(alone["train"]["score"], abs=1e-4)
    environment = json.loads((both / "ce-two" / "environment.json").read_text())
    assert environment["processes"] == 2
    results = json.loads((both / "ce-two" / "results.json").read_text())
    expected = json.loads((both / "ce-one" / "results.json").read_text())
    assert results["honest"]["test"] == pytest.approx(expected["honest"]["test"], abs=1e-4)

    # All processes move their weights alike for the second pass.
    (alone,), (together,) = metrics(both / "sam-one"), metrics(both / "sam-two")
    assert together["train"]["loss"] == pytest.approx(alone["train"]["loss"], abs=1e-5)
    assert together["validation"] == pytest.approx(alone["validation"], abs=1e-4)

    # The contrastive run contrasts within each process, so it is another run, but a whole one.
    contrastive = metrics(both / "cl-two")
    assert [row["epoch"] for row in contrastive] == [1, 2, 3]
    assert all(row["train"]["contrastive"] > 0 for row in contrastive)

    distilled = [row["train"]["distillation"] for row in metrics(both / "mixed-two")]
    assert distilled[0] == 0 < distilled[1]

    assert "batch_size 3 cannot be divided among 2 processes" in (both / "odd.txt").read_text()
    assert issubclass(TrainError, Exception)
