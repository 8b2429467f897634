"""Learning rates as pure functions of the place in a run: nothing to save, nothing to resume."""

from itertools import pairwise
from math import cos, pi
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Share = Annotated[float, Field(gt=0, lt=1)]

# Where one_cycle begins and ends: PyTorch's OneCycleLR (div_factor 25, and final_div_factor 1e4 of that).
_CYCLE_START = 1 / 25
_CYCLE_END = _CYCLE_START / 1e4


class ScheduleSettings(BaseModel):
    """How the learning rate changes.

    Parameters
    ----------
    name
        ``constant``; ``cosine``, once per epoch, the way the Patch-Mix reference does; ``warmup_cosine``, a
        linear rise and then a cosine, at every step; ``step``, once per epoch: divided at ``drops``, the way
        BC learning does; ``one_cycle``, at every step: a cosine from 1/25 of the rate up to all of it and
        then down to 4e-6, PyTorch's OneCycleLR (momentum stays as it is).
    final_factor
        ``cosine`` and ``warmup_cosine`` end at this share of the learning rate (the Patch-Mix reference: 0.1³).
    warmup_share
        Share of all steps in which ``warmup_cosine`` and ``one_cycle`` rise.
    drops
        Shares of all epochs behind which ``step`` divides the rate, such as [0.3, 0.6, 0.9].
    drop_factor
        What ``step`` divides by, each time.
    warmup_epochs, warmup_factor
        In its first so many epochs ``step`` takes this share of the rate, whatever it has dropped to
        (EnvNet-v2: 10 epochs at a tenth).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["constant", "cosine", "warmup_cosine", "step", "one_cycle"] = "constant"
    final_factor: Annotated[float, Field(ge=0, le=1)] = 0.001
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    drops: tuple[Share, ...] = (0.5, 0.75)
    drop_factor: Annotated[float, Field(gt=1)] = 10.0
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    warmup_factor: Annotated[float, Field(gt=0, le=1)] = 0.1

    @field_validator("drops")
    @classmethod
    def _one_after_another(cls, drops: tuple[float, ...]) -> tuple[float, ...]:
        if any(later <= earlier for earlier, later in pairwise(drops)):
            raise ValueError(f"{list(drops)}; expected shares of training that grow, such as [0.3, 0.6, 0.9]")
        return drops


def rate_factor(settings: ScheduleSettings, *, epoch: int, step: int, epochs: int, steps: int) -> float:
    """Return what the learning rate is multiplied with at a step.

    Parameters
    ----------
    settings
        Which schedule.
    epoch, epochs
        Number of the epoch, from 1, and how many there are. ``cosine`` is ``final + (1 − final) ·
        (1 + cos(π · epoch / epochs)) / 2``, so that the first epoch already lies below the full rate.
    step, steps
        Number of the step in its epoch, from 0, and how many steps an epoch has.
    """
    if settings.name == "constant":
        return 1.0
    if settings.name == "cosine":
        return _cosine(epoch / epochs, 1.0, settings.final_factor)
    if settings.name == "step":
        return _stepped(settings, epoch, epochs)
    done, total = (epoch - 1) * steps + step, epochs * steps
    if settings.name == "one_cycle":
        return _one_cycle(settings.warmup_share, done, total)
    rising = round(settings.warmup_share * total)
    if done < rising:
        return (done + 1) / rising
    return _cosine((done - rising) / max(1, total - rising), 1.0, settings.final_factor)


def _cosine(progress: float, start: float, end: float) -> float:
    return end + (start - end) * (1 + cos(pi * progress)) / 2


def _stepped(settings: ScheduleSettings, epoch: int, epochs: int) -> float:
    if epoch <= settings.warmup_epochs:
        return settings.warmup_factor
    # The tolerance is for products such as 0.29 · 100, which is a little less than 29.
    dropped = sum(epoch > share * epochs + 1e-9 for share in settings.drops)
    return settings.drop_factor**-dropped


def _one_cycle(warmup_share: float, done: int, total: int) -> float:
    # The peak lies on a step's end and need not be a whole number of steps, as in PyTorch.
    peak, last = warmup_share * total - 1, total - 1
    if done <= peak and peak > 0:
        return _cosine(done / peak, _CYCLE_START, 1.0)
    peak = max(peak, 0)
    return _cosine((done - peak) / max(last - peak, 1), 1.0, _CYCLE_END)
