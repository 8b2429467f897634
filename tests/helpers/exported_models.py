"""A small AST with everything that a model folder can hold, and sounds for it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from resp.audio import synthesise_breathing, write_wav
from resp.models import create
from resp.models.ast import AudioSpectrogramTransformer
from resp.models.config import Calibration, ClipSettings, ModelConfig
from resp.models.familiarity import Familiarity, FeatureDistance
from resp.models.folder import load_model, save_model
from resp.models.packed import PackedArray
from resp.models.predict import predict_pooled
from resp.score.engines.packages import missing_library
from resp.score.engines.windows import synthetic_windows

CLASSES = ("normal", "crackle", "wheeze")
SETTINGS = {"size": "tiny", "width": 32, "depth": 1, "heads": 2, "window_s": 1.0}
WIDTH = 32


def skip_without(engine: str, exporting: str = "fp32") -> None:
    """Skip a test, and say why, where an engine is not installed."""
    if problem := missing_library(engine, exporting=exporting):
        pytest.skip(problem)


def network() -> AudioSpectrogramTransformer:
    """An AST whose answers depend on what it hears and whose classes are well apart."""
    torch.manual_seed(0)
    made = create("ast_tiny", classes=CLASSES, **{key: value for key, value in SETTINGS.items() if key != "size"})
    assert isinstance(made, AudioSpectrogramTransformer)
    with torch.no_grad():
        made.stages["tokens"].positions.mul_(20)
        made.stages["patches"].projection.weight.mul_(5)
        made.stages["logits"].dense.weight.mul_(20)
        made.stages["logits"].dense.bias.copy_(torch.tensor([1.0, -1.0, 0.0]))
    return made.eval()


def write_model(folder: Path) -> Path:
    """Write the model folder, with calibration and familiarity of its own feature."""
    made = network()
    settings = {key: value for key, value in SETTINGS.items() if key != "size"}
    config = ModelConfig(
        name="tiny",
        version="7",
        network="ast_tiny",
        settings=settings,
        classes=CLASSES,
        clip=ClipSettings(window_s=1.0, hop_s=0.5, fade_samples=10),
        calibration=Calibration(temperature=1.7, set_threshold=0.2, abstain_below=0.3),
    )
    heard = synthetic_windows(config, made.rate_hz).compared
    feature = predict_pooled(made, heard, "feature")[1].astype(np.float64)
    pack = PackedArray.pack
    distance = FeatureDistance(
        mean=pack(feature.mean(0)),
        # Wide, so that rounding decides no verdict.
        deviation=pack(feature.std(0) + 0.5),
        axes=pack(np.eye(WIDTH)[:2]),
        variances=pack([1.0, 1.0]),
        rest=1.0,
    )
    known = Familiarity(stage="feature", distance=distance, limit=2.0, far_limit=50.0, keep=0.97, fitted_on="a test")
    save_model(folder, made, config.model_copy(update={"familiarity": known}), card="# Tiny\n\nA card.\n")
    return folder


def write_sounds(folder: Path, count: int = 6) -> Path:
    """Write recordings, each another one."""
    folder.mkdir(parents=True)
    for seed in range(count):
        made = synthesise_breathing(
            duration_s=6.0,
            rate_hz=8000,
            breaths_per_min=20.0 + seed,
            crackles="fine" if seed % 2 else None,
            wheeze=seed % 3 == 0,
            noise_db=-60.0,
            seed=100 + seed,
        )
        write_wav(made.recording, folder / f"{seed}.wav")
    return folder


__all__ = ["CLASSES", "SETTINGS", "load_model", "network", "skip_without", "write_model", "write_sounds"]
