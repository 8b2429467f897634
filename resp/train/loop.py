"""The loop: batches, steps, learning rate, averaging, over one or several processes."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import islice
from typing import Any

import torch
from accelerate import Accelerator

from resp.datasets.ahead import Ahead
from resp.datasets.batches import Batch, batch_count, plan_batches
from resp.models.network import Network
from resp.train.averaging import create_averaging
from resp.train.data import TrainingData, epoch_order, own_share
from resp.train.errors import TrainError
from resp.train.objectives import Objective, Outcome
from resp.train.recipe import Recipe
from resp.train.schedule import rate_factor
from resp.train.seeds import Purpose, derived_generator, derived_seed
from resp.train.sharpness import SharpnessAware
from resp.train.starting import create_optimiser
from resp.train.totals import EpochTotals

AfterStep = Callable[[int], None]


class Trainer:
    """Trains an objective, epoch by epoch; all that is random is a function of seed, epoch, step and process.

    Parameters
    ----------
    recipe, data
        What to do, and with what.
    objective
        On the CPU; it is moved to the accelerator's device.
    accelerator
        Device, precision and processes.

    Attributes
    ----------
    seconds, waiting_share
        How long the last `run_epoch` took, and for which share of that its steps waited for batches to be made, in
        this process.

    Raises
    ------
    TrainError
        Batches that cannot be divided among the processes, or are too small for the objective.
    """

    def __init__(self, recipe: Recipe, data: TrainingData, objective: Objective, accelerator: Accelerator) -> None:
        training = recipe.training
        if training.batch_size % accelerator.num_processes:
            raise TrainError(
                f"training.batch_size {training.batch_size} cannot be divided among "
                f"{accelerator.num_processes} processes; expected a multiple of their number"
            )
        clips = len(data.split.train) * training.repeats
        shares = [training.batch_size // accelerator.num_processes] if clips >= training.batch_size else []
        if not training.drop_last:
            shares.append(clips % training.batch_size // accelerator.num_processes)
        if any(0 < share < objective.smallest_batch for share in shares):
            raise TrainError(
                f"{clips} training clips in batches of {training.batch_size} leave a process with fewer than "
                f"{objective.smallest_batch} clips, which {recipe.objective.name} cannot learn from; "
                "take another training.batch_size, or training.drop_last=true"
            )
        self._recipe = recipe
        self._data = data
        self._accelerator = accelerator
        self._labels = data.dataset.targets()
        self.objective = objective
        self._wrapped, self._optimiser = accelerator.prepare(objective, create_optimiser(objective, recipe.optimiser))
        # Made when the weights are on their device.
        self._averaging = create_averaging(recipe.averaging, objective)
        rho = recipe.optimiser.sam_rho
        learning = [weight for group in self._optimiser.param_groups for weight in group["params"]]
        self._sharpness = None if rho is None else SharpnessAware(learning, objective, rho)
        objective.take_teacher(self._averaging.network)
        self._batches = batch_count(clips, training.batch_size, drop_last=training.drop_last)
        self.steps_per_epoch = batch_count(self._batches, training.accumulate)
        self.totals = self._new_totals()
        self.seconds = self.waiting_share = 0.0

    @property
    def network(self) -> Network:
        """The network to evaluate and to keep: the moving average where there is one."""
        return self._averaging.network

    def run_epoch(self, epoch: int, first_step: int, after_step: AfterStep) -> None:
        """Go through an epoch from a step on.

        Parameters
        ----------
        epoch
            From 1.
        first_step
            How many of its steps are done; 0 begins the epoch's sums anew.
        after_step
            Called after each optimiser step with the number that are done; may raise to stop.

        Raises
        ------
        TrainError
            The loss is no longer a finite number.
        """
        if first_step == 0:
            self.totals = self._new_totals()
        self.objective.begin_epoch(epoch)
        self._wrapped.train()
        training, began = self._recipe.training, time.perf_counter()
        with Ahead(self._plan(epoch, first_step), training.ahead) as made:
            groups = iter(lambda: list(islice(made, training.accumulate)), [])
            for step, group in enumerate(groups, start=first_step):
                self._step(epoch, step, group)
                after_step(step + 1)
        if not abs(self.totals.loss) < float("inf"):
            raise TrainError(
                f"the loss is not finite in epoch {epoch}; lower optimiser.lr, set optimiser.clip_norm, "
                "or take another training.precision"
            )
        # Behind the look at the loss, for which the device has to finish.
        self.seconds = time.perf_counter() - began
        self.waiting_share = made.waited_s / self.seconds
        if self._accelerator.num_processes > 1:
            # What batch normalisation counted differs between processes until the next forward pass.
            for buffer in self.network.buffers():
                torch.distributed.broadcast(buffer, 0)

    def state(self) -> dict[str, Any]:
        """Return the state dictionaries of all that learns, for `load`."""
        scaler = self._accelerator.scaler
        return {
            "objective": self.objective.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "scaler": scaler.state_dict() if scaler is not None else None,
            "averaging": self._averaging.state(),
            "totals": self.totals.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave."""
        self.objective.load_state_dict(state["objective"])
        self._optimiser.load_state_dict(state["optimiser"])
        if self._accelerator.scaler is not None and state["scaler"] is not None:
            self._accelerator.scaler.load_state_dict(state["scaler"])
        self._averaging.load(state["averaging"])
        self.totals.load(state["totals"])

    def rate(self, epoch: int, step: int = 0) -> float:
        """Return the learning rate of a step, without the head's factor."""
        return self._recipe.optimiser.lr * self._factor(epoch, step)

    def _factor(self, epoch: int, step: int) -> float:
        return rate_factor(
            self._recipe.schedule,
            epoch=epoch,
            step=step,
            epochs=self._recipe.training.epochs,
            steps=self.steps_per_epoch,
        )

    def _step(self, epoch: int, step: int, group: list[Batch]) -> None:
        accelerator, clip_norm = self._accelerator, self._recipe.optimiser.clip_norm
        self.objective.progress = (epoch - 1 + step / self.steps_per_epoch) / self._recipe.training.epochs
        factor = self._factor(epoch, step)
        for parameters in self._optimiser.param_groups:
            parameters["lr"] = parameters["base_lr"] * factor
        for outcome in self._passes(epoch, step, group):
            self.totals.add(outcome)
        if self._sharpness is not None:
            with self._sharpness.moved():
                for _ in self._passes(epoch, step, group):
                    pass
        if clip_norm is not None:
            accelerator.clip_grad_norm_(self._wrapped.parameters(), clip_norm)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self._averaging.after_step()

    def _passes(self, epoch: int, step: int, group: list[Batch]) -> Iterator[Outcome]:
        """Pass the batches of a step and add up their gradients; what is random is the same whenever it is called."""
        accelerator = self._accelerator
        place = (epoch, step, accelerator.process_index)
        # Dropout draws from torch's global generator, which belongs to this run (see resp.train.run).
        torch.manual_seed(derived_seed(self._recipe.seed, Purpose.STEP, *place))
        generator = derived_generator(self._recipe.seed, Purpose.STEP, *place)
        groups = self.objective.groups
        clips = sum(len(batch.labels) for batch in group)
        for number, batch in enumerate(group, start=1):
            last = number == len(group)
            known = {} if groups is None else {"groups": groups.of_item[batch.indices].to(accelerator.device)}
            with nullcontext() if last else accelerator.no_sync(self._wrapped):
                outcome: Outcome = self._wrapped(
                    batch.waveform.to(accelerator.device, non_blocking=True),
                    batch.labels.to(accelerator.device, non_blocking=True),
                    generator,
                    **known,
                )
                accelerator.backward(outcome.loss * (len(batch.labels) / clips))
            yield outcome

    def _plan(self, epoch: int, first_step: int) -> list[Callable[[], Batch]]:
        """Return what makes the batches of an epoch, from those of ``first_step`` on."""
        recipe, accelerator = self._recipe, self._accelerator
        training, clip, rate_hz = recipe.training, recipe.clip, self._data.waveforms.rate_hz
        order = epoch_order(
            self._labels,
            self._data.split.train,
            repeats=training.repeats,
            balanced=training.balanced,
            generator=derived_generator(recipe.seed, Purpose.ORDER, epoch),
        )
        mine = own_share(
            order,
            training.batch_size,
            drop_last=training.drop_last,
            process=accelerator.process_index,
            processes=accelerator.num_processes,
        )
        planned = plan_batches(
            self._data.waveforms,
            self._labels,
            mine.tolist(),
            batch_size=training.batch_size // accelerator.num_processes,
            length=clip.window_samples(rate_hz),
            fit=clip.fit,
            crop=training.crop,
            fade_samples=clip.fade_samples,
            pad=clip.pad_samples(rate_hz),
            time_scale=training.time_scale,
            generator=derived_generator(recipe.seed, Purpose.CROPS, epoch, accelerator.process_index),
            pin_memory=accelerator.device.type == "cuda",
        )
        return planned[first_step * training.accumulate :]

    def _new_totals(self) -> EpochTotals:
        dataset = self._data.dataset
        return EpochTotals(dataset.classes, dataset.task, self._accelerator.device)
