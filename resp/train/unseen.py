"""Refusing first weights that have learned from the very test part."""

import json
from pathlib import Path

from resp.datasets.census import name_some
from resp.evaluate.tasks import task_numbers
from resp.evaluate.weights import recipe_data, run_folder
from resp.train.data import Parts
from resp.train.errors import TrainError
from resp.train.folder import DATA
from resp.train.recipe import Recipe


def check_unseen(recipe: Recipe, parts: Parts) -> None:
    """Refuse to start from a run that learned from patients (or sources) of this run's test part.

    That happens when one fold starts from the model of another. What a run learned from stands in its ``data.json``;
    of a model folder that was taken out of its run nothing can be known, and nothing is refused.

    Parameters
    ----------
    recipe
        Its ``network.weights``.
    parts
        The divided data.

    Raises
    ------
    TrainError
        They have patients in common, other than those that the published split divides.
    """
    run = None if recipe.network.weights is None else run_folder(recipe.network.weights)
    if run is None or not (run / DATA).is_file() or not _same_data(recipe, run):
        return
    described = json.loads((run / DATA).read_text(encoding="utf-8"))["parts"]
    learned = {patient for part in ("train", "validation") for patient in described[part]["patients"]}
    tested = {parts.dataset.items[index].patient for index in parts.split.test} - set(parts.split.shared_patients)
    if both := sorted(learned & tested):
        raise TrainError(
            f"network.weights {recipe.network.weights}: learned from {len(both)} of the {len(tested)} "
            f"{task_numbers(parts.dataset.task).unit} that this run is tested on ({name_some(both)}); start "
            "from weights of other data, or of the same fold"
        )


def _same_data(recipe: Recipe, run: Path) -> bool:
    own = recipe_data(run) or {}
    if own.get("dataset") != recipe.data.dataset:
        return False
    # Two manifests may call different people by one key.
    return recipe.data.dataset != "manifest" or Path(own["root"]).resolve() == recipe.data.root.resolve()
