"""Measuring models on a data set: the whole line from weights and recordings to tables on disk."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from resp.evaluate.bootstrap import LEVEL, RESAMPLES
from resp.evaluate.errors import EvaluationError
from resp.evaluate.evaluation import evaluate
from resp.evaluate.predicting import Progress, predict_items
from resp.evaluate.predictions import Predictions
from resp.evaluate.results import Evaluation, Protocol
from resp.evaluate.tasks import task_numbers
from resp.evaluate.weights import Weights, find_weights, recipe_data
from resp.models.devices import device_problem

if TYPE_CHECKING:
    from resp.datasets import DataSet, DataSettings, Split, WaveformCache
    from resp.models.folder import LoadedModel

Part = Literal["train", "validation", "test", "all"]

# Both are in the train and in the test part of ICBHI's official split.
ICBHI_SHARED_PATIENTS = ("156", "218")


@dataclass(frozen=True, slots=True)
class Measured:
    """An evaluation and the predictions that it was computed from."""

    evaluation: Evaluation
    predictions: Predictions

    def write(self, folder: str | os.PathLike[str], name: str = "evaluation") -> tuple[Path, ...]:
        """Write ``name`` .txt, .json, .png and _predictions.csv into a folder; return their paths."""
        from resp.evaluate.plots import save_picture

        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        text, plain, picture, table = (
            target / f"{name}{ending}" for ending in (".txt", ".json", ".png", "_predictions.csv")
        )
        text.write_text(self.evaluation.text(), encoding="utf-8")
        plain.write_text(json.dumps(self.evaluation.to_dict(), indent=2) + "\n", encoding="utf-8")
        save_picture(self.evaluation, picture)
        self.predictions.save(table)
        return text, plain, picture, table


def evaluate_model(
    model: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    data: "DataSettings | None" = None,
    *,
    root: Path | None = None,
    part: Part | None = None,
    protocol: Protocol | None = None,
    without_patients: Sequence[str] | None = None,
    cache: "WaveformCache | None" = None,
    batch_size: int = 16,
    device: str = "cpu",
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
    progress: Callable[[str], Progress] | None = None,
) -> Measured:
    """Measure a model, a run, or several runs together.

    Several runs (folds or seeds of one recipe) are pooled: each predicts its own part, the tables count
    all predictions, a table per run shows how far they differ, and a patient is resampled with all its
    predictions.

    Parameters
    ----------
    model
        Run folder, model folder or name of an installed model; or several of them.
    data
        Data set, labels and split; None for those of the run's recipe.
    root
        Where the data set is, if not where the settings say.
    part
        Which part of the split; None for ``test`` where a run was trained on this data set or, for a model
        that comes from no run, the split is a published one, and ``all`` otherwise.
    protocol
        Whose weights of a run; for a model that comes from no run, how its weights were chosen.
    without_patients
        Left out of a second view; None for those that the published split puts on both sides.
    cache, batch_size, device
        See `predict_items`.
    resamples, seed, level
        Of the patient bootstrap.
    progress
        Given what is being done, returns what is called with the number done and the number of all.

    Returns
    -------
    Measured
        Evaluation and predictions; `Measured.write` puts them on disk.

    Raises
    ------
    EvaluationError
        No such weights or device, no data settings, or models that do not belong together.
    RespError
        What the other rooms refuse: data sets, sounds, model folders.
    """
    from resp.models.folder import load_model

    models = [model] if isinstance(model, str | os.PathLike) else list(model)
    if not models:
        raise EvaluationError("no models to measure; expected at least one run or model folder")
    if problem := device_problem(device):
        raise EvaluationError(problem)
    weights = [find_weights(one, protocol) for one in models]
    if len({one.protocol for one in weights}) > 1:
        raise EvaluationError("models of different protocols do not go into one table; choose one protocol")
    parts: list[Predictions] = []
    notes: list[str] = []
    left_out: list[str] = []
    leaked = False
    names: list[str] = []
    for number, one in enumerate(weights):
        settings = _settings(one, data, root)
        chosen = part or _default_part(one, settings)
        loaded = load_model(one.model, device=device)
        dataset, split = _open(settings)
        indices = _indices(dataset, split, settings, chosen)
        found, leaks = _leaks(one, settings, dataset, indices, loaded)
        notes += [note for note in found if note not in notes]
        leaked |= leaks
        left_out += split.shared_patients if split else ()
        left_out += ICBHI_SHARED_PATIENTS if settings.dataset == "icbhi" and split is not None else ()
        notes += [note for note in _census_notes(dataset) if note not in notes]
        names.append(_described(settings, chosen))
        parts.append(
            predict_items(
                loaded,
                dataset,
                indices,
                cache=cache,
                batch_size=batch_size,
                device=device,
                run=one.name if len({other.name for other in weights}) == len(weights) else f"{number}: {one.name}",
                progress=progress(f"predicting {one.name}") if progress else None,
                decoding=progress("decoding") if progress else None,
            )
        )
    pooled = Predictions.pool(parts)
    evaluation = evaluate(
        pooled,
        subject=weights[0].name if len(weights) == 1 else f"{len(weights)} runs ({weights[0].name} …)",
        data=names[0] if len(set(names)) == 1 else f"{len(names)} parts ({names[0]} …)",
        protocol="unstated" if leaked else weights[0].protocol,
        without_patients=left_out if without_patients is None else without_patients,
        resamples=resamples,
        seed=seed,
        level=level,
        notes=notes,
    )
    return Measured(evaluation, pooled)


def _settings(weights: Weights, data: "DataSettings | None", root: Path | None) -> "DataSettings":
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


def _open(settings: "DataSettings") -> "tuple[DataSet, Split | None]":
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


def _leaks(
    weights: Weights,
    settings: "DataSettings",
    dataset: "DataSet",
    indices: Sequence[int],
    loaded: "LoadedModel",
) -> tuple[list[str], bool]:
    """Say what of the measured data the weights may have seen; True where it is certain."""
    if weights.run is None:
        trained = [text for text in loaded.config.trained_on if dataset.name.casefold() in text.casefold()]
        return [f"the model was trained on: {text}; these items may be among it" for text in trained], False
    own = _own_settings(weights, settings)
    if own is None:
        return [], False
    known, split = _open(own)
    if split is None:
        return [], False
    seen = {known.items[index].patient for index in (*split.train, *split.validation)} - set(split.shared_patients)
    measured = {dataset.items[index].patient for index in indices}
    both = sorted(seen & measured)
    if not both:
        return [], False
    shown = ", ".join(both[:8]) + (" …" if len(both) > 8 else "")
    whose = f"{len(both)} of {len(measured)} {task_numbers(dataset.task).unit}"
    return [f"{whose} were in this run's training or validation part: {shown}"], True


def _own_settings(weights: Weights, settings: "DataSettings") -> "DataSettings | None":
    """Return the run's own data settings where they are about the measured data set."""
    if weights.run is None or (recipe_data(weights.run) or {}).get("dataset") != settings.dataset:
        return None
    return _settings(weights, None, settings.root)


def _census_notes(dataset: "DataSet") -> list[str]:
    missing = [count for count in dataset.census.differences() if count.difference < 0]
    return [
        f"only {count.found} of {count.expected} {count.name} of {dataset.name} were found: "
        "not comparable with published numbers"
        for count in missing[:1]
    ]


def _described(settings: Any, part: Part) -> str:
    if part == "all" or settings.split == "all":
        return f"{settings.dataset}, all items"
    split = "official split" if settings.split == "official" else f"fold {settings.fold} of {settings.folds}"
    return f"{settings.dataset}, {split}, {part} part"
