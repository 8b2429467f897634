"""Measuring models on a data set: the whole line from weights and recordings to tables on disk."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resp.evaluate.bootstrap import LEVEL, RESAMPLES
from resp.evaluate.evaluation import evaluate
from resp.evaluate.jobs import Job, Models, Part, data_settings, find_all, open_jobs, open_split
from resp.evaluate.predicting import Progress, predict_items
from resp.evaluate.predictions import Predictions
from resp.evaluate.results import Evaluation, Protocol
from resp.evaluate.tasks import task_numbers
from resp.evaluate.weights import Weights, recipe_data

if TYPE_CHECKING:
    from resp.datasets import DataSet, DataSettings, Item, WaveformCache

# Both are in the train and in the test part of ICBHI's official split.
ICBHI_SHARED_PATIENTS = ("156", "218")


@dataclass(frozen=True, slots=True)
class Measured:
    """An evaluation, the predictions it was computed from, and (where they were just made) the item of each."""

    evaluation: Evaluation
    predictions: Predictions
    items: "tuple[Item, ...]" = ()

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
    model: Models,
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
    weights = find_all(model, protocol, device)
    parts: list[Predictions] = []
    items: list[Item] = []
    notes: list[str] = []
    left_out: list[str] = []
    leaked = False
    names: list[str] = []
    for job in open_jobs(weights, data, root=root, part=part, device=device):
        found, leaks = _leaks(job)
        notes += [note for note in found if note not in notes]
        leaked |= leaks
        left_out += job.split.shared_patients if job.split else ()
        left_out += ICBHI_SHARED_PATIENTS if job.settings.dataset == "icbhi" and job.split is not None else ()
        notes += [note for note in _census_notes(job.dataset) if note not in notes]
        names.append(job.described())
        items += job.items
        parts.append(
            predict_items(
                job.model,
                job.dataset,
                job.indices,
                cache=cache,
                batch_size=batch_size,
                device=device,
                run=job.name,
                progress=progress(f"predicting {job.weights.name}") if progress else None,
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
    return Measured(evaluation, pooled, tuple(items))


def _leaks(job: Job) -> tuple[list[str], bool]:
    """Say what of the measured data the weights may have seen; True where it is certain."""
    dataset = job.dataset
    if job.weights.run is None:
        trained = [text for text in job.model.config.trained_on if dataset.name.casefold() in text.casefold()]
        return [f"the model was trained on: {text}; these items may be among it" for text in trained], False
    own = _own_settings(job.weights, job.settings)
    if own is None:
        return [], False
    known, split = open_split(own)
    if split is None:
        return [], False
    seen = {known.items[index].patient for index in (*split.train, *split.validation)} - set(split.shared_patients)
    measured = {item.patient for item in job.items}
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
    return data_settings(weights, None, settings.root)


def _census_notes(dataset: "DataSet") -> list[str]:
    missing = [count for count in dataset.census.differences() if count.difference < 0]
    return [
        f"only {count.found} of {count.expected} {count.name} of {dataset.name} were found: "
        "not comparable with published numbers"
        for count in missing[:1]
    ]
