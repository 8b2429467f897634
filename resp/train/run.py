"""A training run from the recipe to the results."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from tqdm import tqdm

from resp.datasets import WaveformCache
from resp.datasets.cache import Progress
from resp.evaluate.tasks import LOSS, task_numbers
from resp.evaluate.weights import RECIPE, RUN_WEIGHTS
from resp.train.card import write_model_card
from resp.train.checkpoint import RunState
from resp.train.data import open_parts, open_training_data
from resp.train.environment import create_accelerator, describe_environment
from resp.train.errors import TrainError
from resp.train.familiarity.in_training import teach_familiarity
from resp.train.folder import (
    DATA,
    ENVIRONMENT,
    LAST,
    RESULTS,
    STATE,
    check_folder,
    check_same_data,
    write_json,
    write_text,
)
from resp.train.journal import Journal
from resp.train.loop import Trainer
from resp.train.measuring import Measurer, Numbers
from resp.train.recipe import Recipe
from resp.train.seeds import Purpose, derived_seed, own_randomness
from resp.train.starting import build_network, build_objective
from resp.train.stopping import RunInterruptedError, StopRequest
from resp.train.unseen import check_unseen

# How often the progress bar asks the device for the loss.
_SHOW_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a finished run gave.

    Parameters
    ----------
    folder
        The run folder.
    results
        Protocol → epoch, how it was chosen, and the evaluation of the test part: ``results.json``; empty
        where there was no test part, and of unlabelled sounds the loss on the validation part.
    """

    folder: Path
    results: dict[str, Any]

    @property
    def model(self) -> Path:
        """The model folder with the weights of the honest protocol."""
        return self.folder / RUN_WEIGHTS["honest"]

    def score(self, protocol: str = "honest") -> Numbers:
        """Return loss and the task's numbers (``sp``, ``se``, ``score``; ``accuracy``; ``map``) on the test part.

        One is None where it is not defined.

        Raises
        ------
        TrainError
            The run had no test part.
        """
        if "test" not in self.results.get(protocol, {}):
            raise TrainError(f"{self.folder}: no results by the protocol {protocol!r}; there was no such test")
        numbers: Numbers = self.results[protocol]["test"]
        return numbers


def train(
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    resume: bool = False,
    cache: WaveformCache | None = None,
    progress: bool = False,
) -> RunResult:
    """Train a network by a recipe.

    Under ``torchrun`` every process calls this with the same arguments. Torch's global random state is as it
    was when this returns.

    Parameters
    ----------
    recipe
        What to do.
    out
        The run folder: made, or taken up with ``resume``.
    resume
        Go on with the run in ``out``, from its last saved step; the result is that of a run without a break.
        A finished run gives its results.
    cache
        Where decoded waveforms are kept; None for the default folder.
    progress
        Show progress bars on standard error.

    Returns
    -------
    RunResult
        The results, which stand in ``out`` too.

    Raises
    ------
    TrainError
        The folder holds something else, the recipe does not fit the data, or the loss is no longer finite.
    RunInterruptedError
        A signal stopped the run, which can be resumed.
    RespError
        What other rooms refuse: data, networks, weights, mixes.
    """
    folder = Path(out)
    check_folder(folder, recipe, resume=resume)
    accelerator = create_accelerator(recipe.training)
    # All processes have looked at the folder before one of them writes into it.
    accelerator.wait_for_everyone()
    if (folder / RESULTS).is_file():
        return RunResult(folder, json.loads((folder / RESULTS).read_text(encoding="utf-8")))
    with own_randomness(accelerator.device):
        run = _Run(recipe, folder, accelerator, cache or WaveformCache(), show=progress)
        run.begin()
        run.go()
        return RunResult(folder, run.finish())


class _Run:
    """One run, as one process sees it."""

    def __init__(
        self, recipe: Recipe, folder: Path, accelerator: Accelerator, cache: WaveformCache, *, show: bool
    ) -> None:
        self._recipe, self._folder, self._accelerator, self._cache = recipe, folder, accelerator, cache
        self._main = accelerator.is_main_process
        self._show = show and self._main
        # Before the sounds are decoded, so that a network or a split that cannot be is known at once.
        parts = open_parts(recipe)
        check_unseen(recipe, parts)
        classes = parts.dataset.classes
        torch.manual_seed(derived_seed(recipe.seed, Purpose.WEIGHTS))
        network = build_network(recipe, classes)
        objective = build_objective(recipe, parts, network)
        with accelerator.main_process_first(), _decoding_bar(self._show) as progress:
            self._data = open_training_data(parts, recipe, cache, network.rate_hz, progress)
        self._trainer = Trainer(recipe, self._data, objective, accelerator)
        self._measurer = Measurer(recipe, self._data, accelerator, folder, objective)
        self._epoch, self._step = 1, 0
        self._history: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Take up the saved state, or begin the folder."""
        data = self._data.describe(self._cache)
        if (self._folder / STATE).is_file():
            check_same_data(self._folder, data)
            state = RunState.load(self._folder / STATE)
            self._trainer.load(state.learnt)
            self._epoch, self._step, self._history = state.epoch, state.step, state.history
            self._measurer.best = state.best
        elif self._main:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_text(self._folder / RECIPE, self._recipe.to_yaml())
            environment = describe_environment(self._accelerator, self._recipe.seed)
            write_json(self._folder / ENVIRONMENT, environment)
            write_json(self._folder / DATA, data)
        self._accelerator.wait_for_everyone()

    def go(self) -> None:
        """Train the epochs that are left."""
        recipe, steps = self._recipe, self._trainer.steps_per_epoch
        bar = tqdm(
            total=steps * recipe.training.epochs,
            initial=(self._epoch - 1) * steps + self._step,
            desc=recipe.name,
            unit="step",
            disable=not self._show,
        )
        journal = Journal(self._folder, self._history, self._data.dataset.task) if self._main else None
        with StopRequest(listen=self._accelerator.num_processes == 1) as stop, bar:
            after_step = self._after_step(bar, stop)
            try:
                while self._epoch <= recipe.training.epochs:
                    self._one_epoch(after_step, journal)
                    if stop.requested and self._epoch <= recipe.training.epochs:
                        raise RunInterruptedError(f"stopped after epoch {self._epoch - 1}; go on with --resume")
            finally:
                if journal is not None:
                    journal.close()

    def finish(self) -> dict[str, Any]:
        """Keep the last weights, calibrate the chosen ones, and measure them on the test part where there is one."""
        self._measurer.keep_last(self._trainer.network)
        self._accelerator.wait_for_everyone()
        self._measurer.calibrate()
        self._accelerator.wait_for_everyone()
        results: dict[str, Any] = {}
        for protocol in self._recipe.evaluation.protocols if self._data.split.test else ():
            results[protocol] = self._measurer.test(protocol)
        if self._data.dataset.task == "unlabelled" and self._data.split.validation:
            results["honest"] = self._measurer.held_out(self._history)
        if self._main:
            self._teach_familiarity()
            self._write_cards(results)
            write_json(self._folder / RESULTS, results)
        self._accelerator.wait_for_everyone()
        return results

    def _teach_familiarity(self) -> None:
        settings, device = self._recipe.familiarity, str(self._accelerator.device)
        for folder in (self._folder / name for name in RUN_WEIGHTS.values()):
            if settings is not None and folder.is_dir():
                teach_familiarity(folder, settings, self._data, self._recipe.network.frozen, device)

    def _write_cards(self, results: dict[str, Any]) -> None:
        for name in (LAST, *RUN_WEIGHTS.values()):
            if (self._folder / name).is_dir():
                write_model_card(self._folder / name, results=results)

    def _one_epoch(self, after_step: Callable[[int], None], journal: Journal | None) -> None:
        began = time.monotonic()
        self._trainer.run_epoch(self._epoch, self._step, after_step)
        row: dict[str, Any] = {
            "epoch": self._epoch,
            "lr": self._trainer.rate(self._epoch),
            "train": self._trainer.totals.summary(self._accelerator),
            "train_seconds": round(self._trainer.seconds, 3),
            "waiting_share": round(self._trainer.waiting_share, 4),
            **self._measurer.epoch(self._trainer.network, self._epoch),
        }
        row["seconds"] = round(time.monotonic() - began, 3)
        self._history.append(row)
        if journal is not None:
            journal.add(row)
        self._epoch, self._step = self._epoch + 1, 0
        self._save_state()

    def _after_step(self, bar: "tqdm[Any]", stop: StopRequest) -> Callable[[int], None]:
        shown = 0.0

        def after_step(done: int) -> None:
            nonlocal shown
            self._step = done
            bar.update()
            if self._show and time.monotonic() - shown > _SHOW_EVERY_S:
                shown = time.monotonic()
                bar.set_postfix(self._shown())
            if stop.requested:
                self._save_state()
                raise RunInterruptedError(
                    f"stopped in epoch {self._epoch} after step {done} of {self._trainer.steps_per_epoch}; "
                    "go on with --resume"
                )

        return after_step

    def _save_state(self) -> None:
        if self._main:
            state = RunState(self._epoch, self._step, self._trainer.state(), self._history, self._measurer.best)
            state.save(self._folder / STATE)

    def _shown(self) -> dict[str, str]:
        shown = {"epoch": str(self._epoch), "loss": f"{self._trainer.totals.loss:.3f}"}
        numbers = task_numbers(self._data.dataset.task)
        measured = self._history[-1].get("validation", {}) if self._history else {}
        if numbers.primary is None:
            return shown | ({"held out": f"{measured[LOSS]:.3f}"} if measured else {})
        score = measured.get(numbers.primary)
        if score is not None:
            shown[numbers.primary_title] = f"{score:.3f}"
            shown["best"] = f"{self._measurer.best['honest']['key'][0]:.3f}"
        return shown


@contextmanager
def _decoding_bar(show: bool) -> Iterator[Progress]:
    with tqdm(desc="decoding", unit="recording", disable=not show, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
