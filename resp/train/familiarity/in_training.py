"""The last step of a run on lung sounds: its models learn to know the sounds that they do not know."""

import logging
from collections.abc import Sequence
from pathlib import Path

from resp.datasets import DataSet
from resp.errors import RespError
from resp.models.folder import load_model
from resp.train.data import TrainingData
from resp.train.familiarity.fitting import enough, fit_familiarity, store_familiarity
from resp.train.familiarity.settings import FamiliaritySettings

logger = logging.getLogger(__name__)


def teach_familiarity(
    folder: Path, settings: FamiliaritySettings, data: TrainingData, frozen: Sequence[str], device: str
) -> None:
    """Fit what a run's model folder shall know of other sounds, and store it there.

    The recordings of the training part are learned from; those of the validation part choose the limits. Where there
    are too few, or none can be heard, nothing is stored: the run is worth keeping without.

    Parameters
    ----------
    folder
        The model folder.
    settings
        The recipe's.
    data
        The run's.
    frozen
        Stages that stayed as they started.
    device
        Where the network runs.
    """
    if data.dataset.task != "respiratory":
        return
    lung = _recordings(data.dataset, data.split.train)
    if not enough(lung):
        logger.warning("%s: too few recordings to learn which sounds are none of a lung", folder)
        return
    model = load_model(folder, device=device)
    model.network.freeze(*frozen)
    try:
        held_out = _recordings(data.dataset, data.split.validation)
        fitted = fit_familiarity(
            model.network, model.config.clip, lung, held_out=held_out, settings=settings, device=device
        )
    except RespError as error:
        logger.warning("%s: it was not learned which sounds are none of a lung: %s", folder, error)
        return
    store_familiarity(folder, fitted)


def _recordings(dataset: DataSet, indices: Sequence[int]) -> dict[Path, str]:
    items = [dataset.items[index] for index in indices]
    return {item.path: item.patient for item in items}
