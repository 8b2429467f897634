"""The finished network that a student learns from."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from resp.models import create
from resp.models.network import Network
from resp.train.errors import TrainError
from resp.train.first_weights import is_model_folder, load_weights


class TeacherSettings(BaseModel):
    """Which network teaches.

    Parameters
    ----------
    name, settings
        Name in the registry of networks (``resp models``) and its own settings; of no account where ``weights`` are a
        resp model, which has its own.
    classes
        How many classes the published weights have; AudioSet's 527.
    weights
        A resp model folder, an installed model, or a published checkpoint such as ``mn04_as_mAP_432.pt``. None for
        random weights, from which nothing can be learned: for trying out a recipe. ``{fold}`` stands for the number of
        the recipe's fold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "mn04"
    settings: dict[str, Any] = Field(default_factory=dict)
    classes: Annotated[int, Field(ge=1)] = 527
    weights: str | None


def load_teacher(settings: TeacherSettings) -> Network:
    """Make the teacher, frozen and in evaluation mode.

    Raises
    ------
    RespError
        No such network, settings that it does not take, or weights that are not there or do not fit.
    """
    from resp.models.folder import installed_models, load_model

    weights = settings.weights
    if weights is not None and (weights in installed_models() or is_model_folder(Path(weights))):
        network = load_model(weights).network
    else:
        try:
            network = create(settings.name, classes=settings.classes, **settings.settings)
        except (TypeError, ValueError) as error:
            raise TrainError(f"objective.teacher.settings {settings.settings}: {error}") from error
        if weights is not None:
            load_weights(network, settings.name, weights)
    network.requires_grad_(False)
    return network.eval()
