"""Training: the recipe, the loop, and the run folder."""

from resp.train.cross_validation import cross_validate
from resp.train.errors import TrainError
from resp.train.recipe import Recipe, load_recipe, make_recipe
from resp.train.run import RunResult, train
from resp.train.stopping import RunInterruptedError

__all__ = [
    "Recipe",
    "RunInterruptedError",
    "RunResult",
    "TrainError",
    "cross_validate",
    "load_recipe",
    "make_recipe",
    "train",
]
