"""A model that tells classes by their loudness, the settings of a manifest, and folders of runs, for evaluation."""

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from resp.datasets import DataSettings
from resp.models.config import ClipSettings, ModelConfig
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


def loudness_model(classes: tuple[str, ...] = CLASSES, *, window_s: float = 1.0, **settings: object) -> LoadedModel:
    """Return the model, as from a folder of that name."""
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


def manifest_settings(root: Path, **more: object) -> DataSettings:
    """Return the settings of the manifest in a folder."""
    return DataSettings.model_validate({"dataset": "manifest", "root": root, **more})


def make_run(folder: Path, data: dict[str, object], kept: tuple[str, ...] = ("best",)) -> Path:
    """Write what of a run is looked for: its recipe, and a folder for every model that it kept."""
    for name in kept:
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text("{}")
    (folder / "recipe.yaml").write_text(json.dumps({"data": data, "seed": 1}))
    return folder
