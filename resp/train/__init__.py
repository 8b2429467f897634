"""Training: the recipe, the loop, and the run folder."""

from resp.train.calibration import CalibratedModel, calibrate_model
from resp.train.cross_validation import cross_validate
from resp.train.errors import TrainError
from resp.train.recipe import Recipe, load_recipe, make_recipe
from resp.train.run import RunResult, train
from resp.train.stopping import RunInterruptedError

__all__ = [
    "CalibratedModel",
    "Recipe",
    "RunInterruptedError",
    "RunResult",
    "TrainError",
    "calibrate_model",
    "cross_validate",
    "load_recipe",
    "make_recipe",
    "train",
]
