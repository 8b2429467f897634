"""Sums over an epoch, kept on the device so that no step waits for them."""

from collections.abc import Sequence
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from resp.evaluate.metrics import normal_class
from resp.evaluate.tasks import measure_counts
from resp.models.task import Task
from resp.train.objectives import Outcome


class EpochTotals:
    """Mean losses, and of a task with one label an item its numbers, of what was learned from.

    Parameters
    ----------
    classes, task
        Class names, and what is predicted. Of a multi-label task only losses are summed, as its numbers need all
        predictions at once, and of unlabelled sounds too.
    device
        Where the sums are kept.
    """

    def __init__(self, classes: Sequence[str], task: Task, device: torch.device) -> None:
        self._task = task
        self._counted = task in ("respiratory", "single_label")
        self._normal = normal_class(classes)
        self._device = device
        self._clips = 0
        self._sums: dict[str, Tensor] = {}
        side = len(classes) if self._counted else 0
        self._counts = torch.zeros(side, side, dtype=torch.int64, device=device)

    @torch.no_grad()
    def add(self, outcome: Outcome) -> None:
        """Add a batch."""
        clips = len(outcome.truth)
        self._clips += clips
        for name, value in (("loss", outcome.loss.detach()), *outcome.parts.items()):
            before = self._sums.get(name, torch.zeros((), dtype=torch.float64, device=self._device))
            self._sums[name] = before + value.double() * clips
        if self._counted:
            place = outcome.truth * self._counts.shape[1] + outcome.logits.argmax(dim=1)
            self._counts.view(-1).scatter_add_(0, place, torch.ones_like(place))

    @property
    def loss(self) -> float:
        """Mean loss so far, of this process; waits for the device."""
        return float(self._sums["loss"]) / self._clips if self._clips else float("nan")

    def summary(self, accelerator: Accelerator) -> dict[str, float | None]:
        """Return mean losses and the task's numbers over all processes; None where nothing can be counted."""
        clips = float(accelerator.reduce(torch.tensor(self._clips, device=self._device), reduction="sum"))
        numbers = {
            name: float(accelerator.reduce(value, reduction="sum")) / clips for name, value in self._sums.items()
        }
        if self._counted:
            counts = accelerator.reduce(self._counts, reduction="sum")
            numbers |= measure_counts(counts.cpu().numpy(), self._task, self._normal)
        return {name: plain_number(value) for name, value in numbers.items()}

    def state(self) -> dict[str, Any]:
        """Return the sums, for `load`."""
        return {"clips": self._clips, "sums": self._sums, "counts": self._counts}

    def load(self, state: dict[str, Any]) -> None:
        """Take up the sums of an interrupted epoch."""
        self._clips = state["clips"]
        self._sums = {name: value.to(self._device) for name, value in state["sums"].items()}
        self._counts = state["counts"].to(self._device)


def plain_number(value: float) -> float | None:
    """Return a number that JSON knows; None for one that is not finite."""
    return value if abs(value) < float("inf") else None
