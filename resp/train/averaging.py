"""Averages of weights over steps."""

from abc import ABC, abstractmethod
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from resp.models.network import Network
from resp.train.objectives import Objective
from resp.train.sections import AveragingSettings


class Averaging(ABC):
    """What happens to weights after each optimiser step."""

    @abstractmethod
    def after_step(self) -> None:
        """Take in the weights of the step that was just made."""

    @property
    @abstractmethod
    def network(self) -> Network:
        """The network to evaluate and to keep."""

    def state(self) -> dict[str, Any] | None:
        """Return what cannot be computed from the weights; None if nothing."""
        return None

    @abstractmethod
    def load(self, state: dict[str, Any] | None) -> None:
        """Take up a run whose weights have been restored; ``state`` is what `state` gave."""


class NoAveraging(Averaging):
    """The weights as they are."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective

    def after_step(self) -> None:
        """Nothing to do."""

    def load(self, state: dict[str, Any] | None) -> None:
        """Nothing to do."""

    @property
    def network(self) -> Network:
        """The trained network itself."""
        return self._objective.network


class LiveAveraging(NoAveraging):
    """After each step the live weights become β · before + (1 − β) · after.

    This is ``ma_update`` of the Patch-Mix reference: no shadow copy, it halves (β 0.5) every step. It acts on
    all weights of the objective, the projector and the buffers of batch normalisation included; counters
    (integers) stay.
    """

    def __init__(self, objective: Objective, beta: float) -> None:
        super().__init__(objective)
        self._beta = beta
        self._before: list[Tensor] = []
        self._keep()

    @torch.no_grad()
    def after_step(self) -> None:
        """Move every weight back towards where it was before the step's forward pass."""
        for before, after in zip(self._before, self._weights(), strict=True):
            after.lerp_(before, self._beta)
            before.copy_(after)

    def load(self, state: dict[str, Any] | None) -> None:  # noqa: ARG002
        """Start from the restored weights: what was before the next step is what is there now."""
        self._keep()

    def _keep(self) -> None:
        self._before = [weight.detach().clone() for weight in self._weights()]

    def _weights(self) -> list[Tensor]:
        trained = [weight for weight in self._objective.parameters() if weight.requires_grad]
        return [
            *trained,
            *(buffer for buffer in _kept_buffers(self._objective) if buffer.is_floating_point()),
        ]


class ExponentialAveraging(Averaging):
    """A moving average beside the network, batch normalisation included; evaluated and kept in its place."""

    def __init__(self, objective: Objective, decay: float) -> None:
        self._network = objective.network
        self._average = AveragedModel(
            objective.network,
            multi_avg_fn=get_ema_multi_avg_fn(decay),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )

    def after_step(self) -> None:
        """Move the average towards the weights."""
        self._average.update_parameters(self._network)

    @property
    def network(self) -> Network:
        """The averaged network."""
        return cast(Network, self._average.module)

    def state(self) -> dict[str, Any] | None:
        """Return the averaged weights and how many steps they hold."""
        return dict(self._average.state_dict())

    def load(self, state: dict[str, Any] | None) -> None:
        """Restore the averaged weights."""
        if state is not None:
            self._average.load_state_dict(state)


def create_averaging(settings: AveragingSettings, objective: Objective) -> Averaging:
    """Make the averaging that the settings name, for an objective that is on its device already."""
    if settings.name == "live":
        return LiveAveraging(objective, settings.beta)
    if settings.name == "ema":
        return ExponentialAveraging(objective, settings.decay)
    return NoAveraging(objective)


def _kept_buffers(module: nn.Module) -> list[Tensor]:
    """Return the buffers that belong to a model's state; filter banks and windows are constants."""
    state = module.state_dict(keep_vars=True)
    kept = {id(value) for value in state.values()}
    return [buffer for buffer in module.buffers() if id(buffer) in kept]
