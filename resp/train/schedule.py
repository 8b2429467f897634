"""Learning rates as pure functions of the place in a run: nothing to save, nothing to resume."""

from math import cos, pi
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class ScheduleSettings(BaseModel):
    """How the learning rate changes.

    Parameters
    ----------
    name
        ``constant``; ``cosine``, once per epoch, the way the Patch-Mix reference does; ``warmup_cosine``, a
        linear rise and then a cosine, at every step.
    final_factor
        The cosine ends at this share of the learning rate (the reference: 0.1³).
    warmup_share
        Share of all steps in which ``warmup_cosine`` rises.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["constant", "cosine", "warmup_cosine"] = "constant"
    final_factor: Annotated[float, Field(ge=0, le=1)] = 0.001
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.1


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
        return _cosine(epoch / epochs, settings.final_factor)
    done, total = (epoch - 1) * steps + step, epochs * steps
    rising = round(settings.warmup_share * total)
    if done < rising:
        return (done + 1) / rising
    return _cosine((done - rising) / max(1, total - rising), settings.final_factor)


def _cosine(progress: float, final: float) -> float:
    return final + (1 - final) * (1 + cos(pi * progress)) / 2
