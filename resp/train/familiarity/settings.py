"""The recipe's section on sounds that the model shall not judge."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class FamiliaritySettings(BaseModel):
    """How a model learns to know the sounds that it does not know (`resp.models.familiarity`).

    Parameters
    ----------
    stage
        Stage of the network whose output is compared; None for the last site with channels among those that stayed
        frozen, which no class has bent, or else ``feature``.
    keep
        The share of held-out lung recordings within the limits.
    axes
        In how many directions the features of lung sounds are described one by one.
    outside
        A folder with a folder for every kind of sound that is not of a lung (``speech``, ``music``, …), whose sound
        files are learned from; None for heart sounds and noises alone, which are always there as they are synthetic.
    most
        At most so many recordings of each kind are heard.
    seed
        Of the simulated devices and the synthetic sounds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    stage: str | None = None
    keep: Annotated[float, Field(gt=0.5, lt=1)] = 0.97
    axes: Annotated[int, Field(ge=1)] = 32
    outside: str | None = None
    most: Annotated[int, Field(ge=20)] = 400
    seed: Annotated[int, Field(ge=0)] = 0
