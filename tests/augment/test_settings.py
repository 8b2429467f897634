import sys
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from resp.augment import (
    REGISTRY,
    AugmentationRecord,
    AugmentError,
    PolarityFlip,
    RandomGain,
    SpectrogramAugmentation,
    WaveformAugmentation,
)

NAMES = [(record.name, record.acts_on) for record in REGISTRY]
CLASSES = {"waveform": WaveformAugmentation, "spectrogram": SpectrogramAugmentation}


@pytest.mark.parametrize(("name", "acts_on"), NAMES)
def test_what_is_left_out_is_spelled_out_and_reads_back(name, acts_on):
    one = CLASSES[acts_on].model_validate({"name": name})
    assert one.probability == (0.5 if name in ("polarity", "reverse") else 1)
    again = CLASSES[acts_on].model_validate_json(one.model_dump_json())
    assert again == one
    plain, told = CLASSES[acts_on](name=name).make(8000), again.make(8000)
    own = {key: value for key, value in vars(plain).items() if not key.startswith("_")}
    assert own == {key: value for key, value in vars(told).items() if not key.startswith("_")}


def test_settings_are_typed_as_their_maker_has_them():
    one = WaveformAugmentation.model_validate({"name": "gain", "probability": 0.3, "settings": {"gain_db": [-6, 6]}})
    made = one.make(4000)
    assert (made.gain_db, made.probability) == ((-6, 6), 0.3)
    noise = WaveformAugmentation.model_validate({"name": "noise", "settings": {"colours": ["blue", "pink"]}}).make(4000)
    assert noise.colours == ("blue", "pink")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "gian"}, "no augmentation 'gian'; did you mean 'gain'"),
        (
            {"name": "gain", "settings": {"gain_bd": 3}},
            "no setting 'gain_bd' of augmentation 'gain'; did you mean 'gain_db'",
        ),
        ({"name": "reverse", "settings": {"x": 3}}, "no setting 'x' of augmentation 'reverse'; known: none"),
        ({"name": "tilt", "settings": {"rate_hz": 3}}, "no setting 'rate_hz'"),
        ({"name": "gain", "settings": {"probability": 0.1}}, "no setting 'probability'"),
        (
            {"name": "gain", "settings": {"gain_db": 3}},
            r"gain_db of augmentation 'gain': expected a list, such as .* \(given 3\)",
        ),
        ({"name": "gain", "settings": {"gain_db": [0, float("inf")]}}, "finite"),
        ({"name": "gain", "settings": 3}, "settings of augmentation 'gain'"),
        ({"name": "noise", "settings": {"colours": ["green"]}}, "colours.0 of augmentation 'noise'"),
        ({"name": "gain", "probability": 1.5}, "less than or equal to 1"),
        ({"name": "gain", "probabilty": 0.5}, "Extra inputs"),
        ({"probability": 0.5}, "Field required"),
        ({"name": "cutout"}, "'cutout' acts on a spectrogram; name it under augment.spectrogram"),
        ("gain", "valid dictionary"),
    ],
)
def test_what_is_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        WaveformAugmentation.model_validate(values)


def test_a_span_that_runs_backwards_is_refused_when_it_is_made():
    one = WaveformAugmentation.model_validate({"name": "gain", "settings": {"gain_db": [6, -6]}})
    with pytest.raises(AugmentError, match="gain_db"):
        one.make(4000)


class _NoProbability(PolarityFlip):
    def __init__(self) -> None:
        super().__init__(1.0)


def _function(span: tuple[float, float] = (0, 1), probability: float = 0.25) -> RandomGain:
    return RandomGain(span, probability)


def test_augmentations_of_ones_own_are_typed_too(monkeypatch):
    monkeypatch.setattr(REGISTRY, "_records", dict(REGISTRY._records))
    monkeypatch.setitem(sys.modules, "mine", SimpleNamespace(one=_NoProbability, two=_function))
    REGISTRY.add(AugmentationRecord("own_class", "mine:one", "…", "me"))
    REGISTRY.add(AugmentationRecord("own_function", "mine:two", "…", "me"))
    with pytest.raises(ValidationError, match="'own_class' has no probability of its own; give mine:one a default"):
        WaveformAugmentation.model_validate({"name": "own_class"})
    one = WaveformAugmentation.model_validate({"name": "own_function", "settings": {"span": [3, 4]}})
    assert (one.probability, one.make(4000).gain_db) == (0.25, (3, 4))
