"""Which weights to measure: a model folder, or one of those that a training run keeps."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resp.evaluate.errors import EvaluationError
from resp.evaluate.results import Protocol

# Where a run keeps the weights that each protocol chose.
RUN_WEIGHTS: dict[Protocol, str] = {"honest": "best", "literature": "best_test"}
RECIPE = "recipe.yaml"
MODEL_FILE = "config.json"


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights to measure.

    Parameters
    ----------
    model
        A model folder, or the name of an installed model.
    protocol
        How they were chosen.
    run
        The folder of the run they come from; None for a model on its own.
    """

    model: str
    protocol: Protocol
    run: Path | None

    @property
    def name(self) -> str:
        """What to call them."""
        return self.model if self.run is None else self.run.name


def run_folder(model: str | os.PathLike[str]) -> Path | None:
    """Return the run that a run folder, or a model folder within one, belongs to; None for neither."""
    path = Path(model)
    for folder in (path, path.parent if (path / MODEL_FILE).is_file() else path):
        if (folder / RECIPE).is_file():
            return folder.resolve()
    return None


def protocols(model: str | os.PathLike[str]) -> tuple[Protocol, ...]:
    """Return the protocols for which a run has weights; of a model folder, what is known."""
    run = run_folder(model)
    if run is None:
        return ("unstated",)
    if (Path(model) / MODEL_FILE).is_file():
        name = Path(model).resolve().name
        return tuple(key for key, folder in RUN_WEIGHTS.items() if folder == name) or ("unstated",)
    return tuple(key for key, folder in RUN_WEIGHTS.items() if (run / folder / MODEL_FILE).is_file())


def find_weights(model: str | os.PathLike[str], protocol: Protocol | None = None) -> Weights:
    """Find the weights that a protocol chose.

    Parameters
    ----------
    model
        A run folder, a model folder, or the name of an installed model.
    protocol
        None for ``honest`` where there is a run and ``unstated`` otherwise. For a model folder that
        belongs to no run, it states how its weights were chosen.

    Raises
    ------
    EvaluationError
        The run keeps no such weights.
    """
    run, there = run_folder(model), protocols(model)
    if run is None:
        return Weights(os.fspath(model), protocol or "unstated", None)
    wanted = protocol or (there[0] if there else "honest")
    if wanted not in there:
        raise EvaluationError(
            f"{model}: no weights of the {wanted} protocol; there are: {', '.join(there) or 'none'}. "
            "Train to the end, or name the protocol in the recipe (evaluation.protocols)"
        )
    if (Path(model) / MODEL_FILE).is_file():
        return Weights(os.fspath(model), wanted, run)
    return Weights(str(run / RUN_WEIGHTS[wanted]), wanted, run)


def recipe_data(run: Path) -> dict[str, Any] | None:
    """Return the data settings in a run's recipe as plain values, or None where it has none.

    Raises
    ------
    EvaluationError
        The recipe cannot be read.
    """
    import yaml

    try:
        recipe = yaml.safe_load((run / RECIPE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise EvaluationError(f"{run / RECIPE}: not a readable recipe: {error}") from error
    data = recipe.get("data") if isinstance(recipe, dict) else None
    return data if isinstance(data, dict) else None
