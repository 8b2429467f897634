"""The run folder: what lies where, and the model folders in it."""

import json
from pathlib import Path
from typing import Any

from resp.evaluate.tasks import task_numbers
from resp.evaluate.weights import RECIPE
from resp.models.config import Calibration, ModelConfig
from resp.models.network import Network
from resp.models.provenance import Provenance
from resp.train.data import TrainingData
from resp.train.errors import TrainError
from resp.train.recipe import Recipe, load_recipe

STATE, RESULTS = "state.pt", "results.json"
ENVIRONMENT, DATA = "environment.json", "data.json"
LAST = "last"
# The recipe in the folder of a cross-validation.
CROSS_VALIDATION = "cross_validation.yaml"


def check_folder(out: Path, recipe: Recipe, *, resume: bool) -> None:
    """Refuse a folder that holds another run, or any run unless it is to be resumed.

    Raises
    ------
    TrainError
        It does, or it is a file.
    """
    if out.exists() and not out.is_dir():
        raise TrainError(f"{out}: is a file; expected a folder for the run")
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not (out / RECIPE).is_file():
        raise TrainError(f"{out}: holds something that is no run; give a new or empty folder with --out")
    if not resume:
        raise TrainError(f"{out}: holds a run already; go on with it (--resume), or give another folder")
    differing = load_recipe(out / RECIPE).differences(recipe)
    if differing:
        raise TrainError(
            f"{out}: the run there has another recipe ({', '.join(differing[:8])}); resume it with the same "
            f"recipe, settings and preset, or with {out / RECIPE} as the recipe"
        )


def check_same_data(out: Path, described: dict[str, Any]) -> None:
    """Refuse to go on with other data than a run began with.

    Parameters
    ----------
    out
        The run folder.
    described
        What there is now, as `TrainingData.describe` gives it.

    Raises
    ------
    TrainError
        The fingerprint or the parts differ from those in the folder.
    """
    try:
        began = json.loads((out / DATA).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainError(f"{out / DATA}: cannot be read ({error}); train anew in another folder") from error
    differing = [key for key in ("fingerprint", "parts") if began.get(key) != described[key]]
    if differing:
        raise TrainError(
            f"{out}: the run there began with other data ({' and '.join(differing)} differ); "
            "give it the data it had, or train anew in another folder"
        )


def write_json(path: Path, values: Any) -> None:
    """Write plain values as a JSON file, which is there whole or not at all."""
    write_text(path, json.dumps(values, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, which is there whole or not at all."""
    writing = path.with_name(f".{path.name}.writing")
    writing.write_text(text, encoding="utf-8")
    writing.replace(path)


def save_network(
    folder: Path,
    network: Network,
    recipe: Recipe,
    data: TrainingData,
    results: dict[str, Any],
    how: str,
    calibration: Calibration | None = None,
) -> None:
    """Save a network as a model folder; one that is there is brought up to date.

    Parameters
    ----------
    folder
        The model folder.
    network
        The network as it is now.
    recipe, data
        For its configuration; the card is made when the run is done (`resp.train.card`).
    results
        Protocol → measured numbers.
    how
        How these weights were chosen, in words.
    calibration
        What was fitted for these weights; None for nothing.
    """
    from resp.models.folder import save_model

    config = _model_config(recipe, data, results, how)
    save_model(folder, network, config.model_copy(update={"calibration": calibration or Calibration()}))


def _model_config(recipe: Recipe, data: TrainingData, results: dict[str, Any], how: str) -> ModelConfig:
    items = [data.dataset.items[index] for index in data.split.train]
    patients = len({item.patient for item in items})
    return ModelConfig(
        name=recipe.name,
        version=recipe.card.version,
        description=recipe.card.description,
        network=recipe.network.name,
        settings=recipe.network.settings,
        classes=data.dataset.classes,
        task=data.dataset.task,
        clip=recipe.clip,
        trained_on=(
            f"{data.dataset.name}: {len(items)} items of {patients} {task_numbers(data.dataset.task).unit}",
            *recipe.card.trained_on,
        ),
        trained_devices=tuple(sorted({item.device for item in items if item.device})),
        trained_band_hz=recipe.card.trained_band_hz,
        licence=recipe.card.licence,
        results=results,
        provenance=Provenance(weights=how),
    )
