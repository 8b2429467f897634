"""One augmentation as a recipe names it: its settings are those that its maker takes, typed as there."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from inspect import Parameter, isclass, signature
from typing import Annotated, Any, ClassVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, model_validator

from resp.augment import ActsOn, AugmentError, create, find


class _Augmentation(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    acts_on: ClassVar[ActsOn]

    name: str
    probability: Annotated[float, Field(ge=0, le=1)]
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: Any) -> Any:
        """Check the settings, and spell out those that are not given."""
        if not isinstance(values, Mapping) or not isinstance(values.get("name"), str):
            return values
        try:
            record = find(values["name"])
            known, probability = _taken(record.name)
        except AugmentError as error:
            raise ValueError(str(error)) from error
        if record.acts_on != cls.acts_on:
            raise ValueError(f"{record.name!r} acts on a {record.acts_on}; name it under augment.{record.acts_on}")
        given = values.get("settings", {})
        try:
            checked = known.model_validate(given)
        except ValidationError as error:
            raise ValueError(_describe(record.name, error, known)) from error
        return {"probability": probability, **values, "settings": checked.model_dump()}

    def make(self, rate_hz: int) -> Any:
        """Make it for waveforms of ``rate_hz``; `AugmentError` where a setting is out of its range."""
        return create(self.name, rate_hz=rate_hz, probability=self.probability, **self.settings)


class WaveformAugmentation(_Augmentation):
    """An augmentation of the waveform.

    Parameters
    ----------
    name
        Its name in the registry (``resp augmentations``).
    probability
        Chance of each sample of a batch to be changed; what its maker says where it is left out.
    settings
        Its own settings; see its class.
    """

    acts_on = "waveform"


class SpectrogramAugmentation(_Augmentation):
    """An augmentation of the spectrogram; see `WaveformAugmentation`."""

    acts_on = "spectrogram"


@cache
def _taken(name: str) -> tuple[type[BaseModel], float]:
    """Return the settings that an augmentation's maker takes as a model, and the probability it takes by default."""
    record = find(name)
    maker = record.load()
    hints = get_type_hints(maker.__init__ if isclass(maker) else maker)
    taken: dict[str, Any] = {
        key: (hints.get(key, Any), record.defaults.get(key, ... if one.default is Parameter.empty else one.default))
        for key, one in signature(maker).parameters.items()
        if key != "rate_hz"
    }
    _, probability = taken.pop("probability", (float, ...))
    if probability is ...:
        raise AugmentError(f"augmentation {name!r} has no probability of its own; give {record.maker} a default")
    config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    return create_model(name, __config__=config, **taken), float(probability)


def _describe(name: str, error: ValidationError, known: type[BaseModel]) -> str:
    problems = []
    for problem in error.errors():
        setting = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            close = get_close_matches(setting, known.model_fields, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known.model_fields) or 'none'}"
            problems.append(f"no setting {setting!r} of augmentation {name!r}; {hint}")
        else:
            listed = problem["type"] in ("tuple_type", "list_type")
            told = "expected a list, such as [one, two]" if listed else problem["msg"]
            problems.append(f"{setting or 'settings'} of augmentation {name!r}: {told} (given {problem['input']!r})")
    return "; ".join(problems)
