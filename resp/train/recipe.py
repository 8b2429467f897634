"""The recipe: everything that decides what a training run gives."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from resp.datasets.settings import DataSettings
from resp.models.config import ClipSettings
from resp.train.augmentation import AugmentSettings
from resp.train.errors import TrainError
from resp.train.familiarity.settings import FamiliaritySettings
from resp.train.objectives import AnyObjective, DistilSettings
from resp.train.presets import apply_preset
from resp.train.problems import describe_problems
from resp.train.recipe_file import merge, parse_settings, read_mapping
from resp.train.schedule import ScheduleSettings
from resp.train.sections import (
    AveragingSettings,
    CardSettings,
    EvaluationSettings,
    NetworkSettings,
    OptimiserSettings,
    TrainingSettings,
)
from resp.train.shipped import find_overlay, find_recipe

# Where data lie on this machine decides nothing.
_PLACES = ("data.root", "data.more_roots", "data.without_test_of.root", "familiarity.outside")


class Recipe(BaseModel):
    """A training run, typed; the same recipe and data give the same model on one device.

    Parameters
    ----------
    name
        Name of the model that comes out.
    seed
        Of the first weights, the order of the items, crops, augmentation and mixes.
    data
        Data set, labels and split.
    clip
        How an item becomes a clip; goes into the model's ``config.json``.
    network, objective, augment, optimiser, schedule, averaging, training, evaluation, card
        See their classes.
    familiarity
        How a model of lung sounds learns which sounds are none; None leaves that out.
    max_items
        At most so many items of each part (train, validation, test) are used, of every class alike; None for
        all. For trying out a recipe.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: Annotated[int, Field(ge=0)] = 0
    data: DataSettings
    clip: ClipSettings = ClipSettings()
    network: NetworkSettings
    objective: AnyObjective
    augment: AugmentSettings = AugmentSettings()
    optimiser: OptimiserSettings = OptimiserSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    averaging: AveragingSettings = AveragingSettings()
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    card: CardSettings = CardSettings()
    familiarity: FamiliaritySettings | None = FamiliaritySettings()
    max_items: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _crops_what_it_pads(self) -> "Recipe":
        if self.clip.pad_share and self.training.crop == "start":
            raise ValueError(
                "clip.pad_share puts silence before each clip, and training.crop=start would learn from that; "
                "take training.crop=random"
            )
        return self

    @model_validator(mode="after")
    def _has_the_average_it_learns_from(self) -> "Recipe":
        if self.objective.needs_average and self.averaging.name != "ema":
            raise ValueError(
                "objective.distillation learns from the moving average of the weights, and averaging.name is "
                f"{self.averaging.name}; take averaging.name=ema, or objective.distillation=null"
            )
        return self

    @property
    def first_weights(self) -> str | None:
        """``network.weights`` with the number of the fold in the place of ``{fold}``."""
        return self._of_fold(self.network.weights)

    @property
    def fold_objective(self) -> AnyObjective:
        """``objective``, its teacher's weights with the number of the fold in the place of ``{fold}``."""
        if not isinstance(self.objective, DistilSettings):
            return self.objective
        teacher = self.objective.teacher
        placed = teacher.model_copy(update={"weights": self._of_fold(teacher.weights)})
        return self.objective.model_copy(update={"teacher": placed})

    def _of_fold(self, weights: str | None) -> str | None:
        return None if weights is None else weights.replace("{fold}", str(self.data.fold))

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain values, every default spelled out."""
        return self.model_dump(mode="json")

    def to_yaml(self) -> str:
        """Return the recipe as YAML, which `load_recipe` reads back."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True)

    def differences(self, other: "Recipe") -> tuple[str, ...]:
        """Return the settings (``a.b``) that differ, leaving out where the data lie on this machine."""
        mine, theirs = flatten(self.to_dict()), flatten(other.to_dict())
        keys = [*mine, *(key for key in theirs if key not in mine)]
        return tuple(key for key in keys if key not in _PLACES and mine.get(key) != theirs.get(key))


def load_recipe(
    path: str | os.PathLike[str],
    settings: Sequence[str] = (),
    *,
    overlays: Sequence[str | os.PathLike[str]] = (),
    preset: str | None = None,
) -> Recipe:
    """Read a recipe from a YAML file.

    The file may name another one whose settings it changes (``extends: base.yaml``, relative to it), and a
    preset (``preset: smoke``). Settings win over the preset, the preset over the overlays, these over the file.

    Parameters
    ----------
    path
        The file, or the name of a recipe that came with resp, such as ``icbhi/ast_patchmix_cl``.
    settings
        ``a.b=value`` with the value in YAML, such as ``training.epochs=3`` or ``network.weights=null``.
    overlays
        YAML files whose settings change the recipe's, in this order; or names of those that came with resp, such
        as ``bc`` (``configs/with/bc.yaml``).
    preset
        Name of a preset: ``smoke``.

    Raises
    ------
    TrainError
        The file cannot be read, an overlay is a whole recipe, or the recipe is wrong; the message lists every problem.
    """
    given = read_mapping(find_recipe(Path(path)))
    for overlay in overlays:
        given = merge(given, _read_overlay(Path(overlay)))
    changes = parse_settings(settings)
    chosen = preset or changes.pop("preset", None) or given.get("preset")
    given.pop("preset", None)
    if chosen is not None:
        # The network's name decides what a preset does to it, and a setting may change it.
        given = apply_preset(str(chosen), merge(given, changes))
    return make_recipe(merge(given, changes), source=os.fspath(path))


def _read_overlay(given: Path) -> dict[str, Any]:
    """Read an overlay; a whole recipe would silently replace nearly all of the one that is to be changed."""
    changes = read_mapping(find_overlay(given))
    if all(name in changes for name, field in Recipe.model_fields.items() if field.is_required()):
        raise TrainError(
            f"{given}: a whole recipe (it has name, data, network and objective); expected an overlay with the "
            "settings that are to be changed. Train the recipe itself, or extend it by one of your own (extends: FILE)"
        )
    return changes


def make_recipe(values: dict[str, Any], *, source: str = "recipe") -> Recipe:
    """Check plain values and make a recipe of them.

    Raises
    ------
    TrainError
        They are wrong; the message lists every problem, with the close name of an unknown one.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise TrainError(describe_problems(source, error, Recipe)) from error


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, with keys such as ``a.b``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
