"""Refusing first weights that have learned from the very test part."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resp.datasets.census import name_some
from resp.datasets.unlabelled import source_of
from resp.evaluate.tasks import task_numbers
from resp.evaluate.weights import RECIPE, recipe_data, run_folder
from resp.train.data import Parts
from resp.train.errors import TrainError
from resp.train.folder import DATA
from resp.train.recipe import Recipe
from resp.train.recipe_file import read_mapping


def check_unseen(recipe: Recipe, parts: Parts) -> None:
    """Refuse to start from a run that learned from patients (or sources) of this run's test part.

    That happens when one fold starts from the model of another, or from one that was pre-trained on all sounds,
    labelled or not. It holds of the run itself, of what that one started from, of the teacher it was distilled from,
    and so on. What a run learned from stands in its ``data.json``; of a model folder that was taken out of its run
    nothing can be known, and nothing is refused.

    Parameters
    ----------
    recipe
        Its ``network.weights``, and its teacher if it has one.
    parts
        The divided data.

    Raises
    ------
    TrainError
        They have patients in common, other than those that the published split divides.
    """
    items = [parts.dataset.items[index] for index in parts.split.test]
    items = [item for item in items if item.patient not in parts.split.shared_patients]
    tested = {item.patient for item in items}
    for setting, run in _ancestors(recipe.to_dict(), recipe.data.fold) if items else ():
        if not (run / DATA).is_file():
            continue
        described = json.loads((run / DATA).read_text(encoding="utf-8"))["parts"]
        learned = {patient for part in ("train", "validation") for patient in described[part]["patients"]}
        if (recipe_data(run) or {}).get("dataset") == "unlabelled":
            # By other keys: those of the files that a patient's sounds lie in.
            both = sorted({item.patient for item in items if source_of(item.path) in learned})
        else:
            both = sorted(learned & tested) if _same_data(recipe, run) else []
        if both:
            raise TrainError(
                f"{setting}: the run {run} learned from {len(both)} of the {len(tested)} "
                f"{task_numbers(parts.dataset.task).unit} that this run is tested on ({name_some(both)}); start "
                "from weights of other data or of the same fold, pre-trained with data.without_test_of for it"
            )


def _ancestors(recipe: dict[str, Any], fold: int) -> Iterator[tuple[str, Path]]:
    """Yield every run that a recipe's weights go back to, with the setting of this recipe that names it."""
    for setting, weights in _named(recipe, fold):
        waiting, seen = [weights], set[Path]()
        while waiting:
            run = run_folder(waiting.pop())
            if run is None or run in seen:
                continue
            seen.add(run)
            yield f"{setting} {weights}", run
            theirs = read_mapping(run / RECIPE)
            waiting += [named for _, named in _named(theirs, (theirs.get("data") or {}).get("fold", 0))]


def _named(recipe: dict[str, Any], fold: int) -> list[tuple[str, str]]:
    """Return the weights that a recipe names, with the setting: of the network, and of a teacher."""
    network = recipe.get("network") or {}
    teacher = (recipe.get("objective") or {}).get("teacher") or {}
    named = (("network.weights", network.get("weights")), ("objective.teacher.weights", teacher.get("weights")))
    return [(setting, weights.replace("{fold}", str(fold))) for setting, weights in named if weights]


def _same_data(recipe: Recipe, run: Path) -> bool:
    own = recipe_data(run) or {}
    if own.get("dataset") != recipe.data.dataset:
        return False
    # Two manifests may call different people by one key.
    return recipe.data.dataset != "manifest" or Path(own["root"]).resolve() == recipe.data.root.resolve()
