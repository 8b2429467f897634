"""Sums over an epoch, kept on the device so that no step waits for them."""

from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from resp.evaluate.metrics import confusion_scores
from resp.train.objectives import Outcome


class EpochTotals:
    """Mean losses and the Score of what was learned from.

    Parameters
    ----------
    classes, normal
        Number of classes and the index of the normal one.
    device
        Where the sums are kept.
    """

    def __init__(self, classes: int, normal: int, device: torch.device) -> None:
        self._normal = normal
        self._device = device
        self._clips = 0
        self._sums: dict[str, Tensor] = {}
        self._counts = torch.zeros(classes, classes, dtype=torch.int64, device=device)

    @torch.no_grad()
    def add(self, outcome: Outcome) -> None:
        """Add a batch."""
        clips = len(outcome.truth)
        self._clips += clips
        for name, value in (("loss", outcome.loss.detach()), *outcome.parts.items()):
            before = self._sums.get(name, torch.zeros((), dtype=torch.float64, device=self._device))
            self._sums[name] = before + value.double() * clips
        place = outcome.truth * self._counts.shape[1] + outcome.logits.argmax(dim=1)
        self._counts.view(-1).scatter_add_(0, place, torch.ones_like(place))

    @property
    def loss(self) -> float:
        """Mean loss so far, of this process; waits for the device."""
        return float(self._sums["loss"]) / self._clips if self._clips else float("nan")

    def summary(self, accelerator: Accelerator) -> dict[str, float | None]:
        """Return mean losses and Sp, Se, Score over all processes; None where nothing can be counted."""
        counts = accelerator.reduce(self._counts, reduction="sum")
        clips = float(counts.sum())
        means = {name: float(accelerator.reduce(value, reduction="sum")) / clips for name, value in self._sums.items()}
        scores = confusion_scores(counts.cpu().numpy(), self._normal)
        named = dict(zip(("sp", "se", "score"), (float(score) for score in scores), strict=True))
        return {name: plain_number(value) for name, value in {**means, **named}.items()}

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
