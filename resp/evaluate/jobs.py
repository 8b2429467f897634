"""What is to be measured: each model with the items of a data set that it is given."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from resp.evaluate.errors import EvaluationError
from resp.evaluate.results import Protocol
from resp.evaluate.weights import Weights, find_weights, recipe_data
from resp.models.devices import device_problem

if TYPE_CHECKING:
    from resp.datasets import DataSet, DataSettings, Item, Split
    from resp.models.folder import LoadedModel

Part = Literal["train", "validation", "test", "all"]
Models = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class Job:
    """One model and the items that it is measured on.

    Parameters
    ----------
    name
        Tells several apart: the run's name, with its number where names repeat.
    weights, model
        Where the weights are, and the model itself.
    settings, part
        Of the data.
    dataset, split, indices
        The data set, how it is divided (None where it cannot be), and which items are measured.
    """

    name: str
    weights: Weights
    model: "LoadedModel"
    settings: "DataSettings"
    part: Part
    dataset: "DataSet"
    split: "Split | None"
    indices: Sequence[int]

    @property
    def items(self) -> "tuple[Item, ...]":
        """The items that are measured."""
        return tuple(self.dataset.items[index] for index in self.indices)

    def described(self) -> str:
        """Return in words on what it is measured."""
        settings = self.settings
        if self.part == "all" or settings.split == "all":
            return f"{settings.dataset}, all items"
        split = "official split" if settings.split == "official" else f"fold {settings.fold} of {settings.folds}"
        if settings.split == "leave_device_out":
            split = f"{settings.held_out} held out, {split}"
        return f"{settings.dataset}, {split}, {self.part} part"


def find_all(models: Models, protocol: Protocol | None, device: str) -> list[Weights]:
    """Find the weights of several models that go into one table.

    Parameters
    ----------
    models
        Run folder, model folder or name of an installed model; or several of them.
    protocol
        See `find_weights`.
    device
        Where they are to run.

    Raises
    ------
    EvaluationError
        None, no such weights or device, or weights of different protocols.
    """
    named = [models] if isinstance(models, str | os.PathLike) else list(models)
    if not named:
        raise EvaluationError("no models to measure; expected at least one run or model folder")
    if problem := device_problem(device):
        raise EvaluationError(problem)
    weights = [find_weights(one, protocol) for one in named]
    if len({one.protocol for one in weights}) > 1:
        raise EvaluationError("models of different protocols do not go into one table; choose one protocol")
    return weights


def open_jobs(
    weights: Sequence[Weights],
    data: "DataSettings | None" = None,
    *,
    root: Path | None = None,
    part: Part | None = None,
    device: str = "cpu",
) -> Iterator[Job]:
    """Yield models with their items, each opened when it is asked for.

    Parameters
    ----------
    weights
        What `find_all` found.
    data, root, part, device
        See `resp.evaluate.evaluate_model`.

    Raises
    ------
    EvaluationError
        No data settings, or an empty part.
    RespError
        What the other rooms refuse: data sets, model folders.
    """
    from resp.models.folder import load_model

    alone = len({one.name for one in weights}) == len(weights)
    for number, one in enumerate(weights):
        settings = data_settings(one, data, root)
        chosen = part or _default_part(one, settings)
        model = load_model(one.model, device=device)
        dataset, split = open_split(settings)
        yield Job(
            name=one.name if alone else f"{number}: {one.name}",
            weights=one,
            model=model,
            settings=settings,
            part=chosen,
            dataset=dataset,
            split=split,
            indices=_indices(dataset, split, settings, chosen),
        )


def data_settings(weights: Weights, data: "DataSettings | None", root: Path | None) -> "DataSettings":
    """Return on what data weights are measured: as given, or as the recipe of their run says.

    Raises
    ------
    EvaluationError
        Neither says so, or the recipe's settings do not hold.
    """
    from resp.datasets import DataSettings

    if data is not None:
        return data if root is None else data.model_copy(update={"root": root})
    own = recipe_data(weights.run) if weights.run is not None else None
    if own is None:
        raise EvaluationError(
            f"{weights.model}: no recipe says on what data; give a data set and its root (--data, --root)"
        )
    fields = {key: value for key, value in own.items() if key in DataSettings.model_fields}
    try:
        return DataSettings.model_validate(fields if root is None else {**fields, "root": root})
    except ValidationError as error:
        raise EvaluationError(f"{weights.run}: the data settings of its recipe do not hold: {told(error)}") from error


def told(error: ValidationError) -> str:
    """Return on one line what is wrong with data settings."""
    return "; ".join(
        ": ".join([*map(str, problem["loc"]), problem["msg"].removeprefix("Value error, ")])
        for problem in error.errors()
    )


def _default_part(weights: Weights, settings: "DataSettings") -> Part:
    """Return ``test`` where somebody said what that is, and ``all`` of a data set that is new to a model."""
    if weights.run is None:
        return "test" if settings.split in ("official", "published_folds") else "all"
    own = (recipe_data(weights.run) or {}).get("dataset")
    return "test" if own == settings.dataset else "all"


def open_split(settings: "DataSettings") -> "tuple[DataSet, Split | None]":
    """Open a data set and divide it; None for its split where it cannot be divided."""
    from resp.datasets import DataError, open_dataset, split_dataset

    dataset = open_dataset(settings)
    try:
        return dataset, split_dataset(dataset, settings)
    except DataError:
        # Too small a data set to divide can still be measured as a whole.
        return dataset, None


def _indices(dataset: "DataSet", split: "Split | None", settings: "DataSettings", part: Part) -> Sequence[int]:
    from resp.datasets import split_dataset

    if part == "all":
        return range(len(dataset))
    # Splitting again where it failed says why it did.
    indices: Sequence[int] = getattr(split or split_dataset(dataset, settings), part)
    if not indices:
        why = "; split: all leaves everything to training" if settings.split == "all" else ""
        raise EvaluationError(f"{dataset.name}: the {part} part is empty{why}; choose another part or other data")
    return indices
