"""Teaching a model to know the sounds that it does not know: speech, music, other noises, other devices."""

from resp.train.familiarity.fitting import compared_stage, enough, fit_familiarity, outside_sounds, store_familiarity
from resp.train.familiarity.settings import FamiliaritySettings

__all__ = [
    "FamiliaritySettings",
    "compared_stage",
    "enough",
    "fit_familiarity",
    "outside_sounds",
    "store_familiarity",
]
