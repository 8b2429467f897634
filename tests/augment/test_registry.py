import json

import pytest
from click.testing import CliRunner

from resp.augment import REGISTRY, AugmentError, SpectrogramTransform, WaveformTransform, create, find
from resp.cli import cli
from resp.registry import Record

NAMES = [
    "gain",
    "segment_gain",
    "noise",
    "uniform_noise",
    "phase_noise",
    "any_noise",
    "bedside",
    "shift",
    "low_pass",
    "high_pass",
    "band",
    "tilt",
    "equaliser",
    "level",
    "polarity",
    "time_mask",
    "quantise",
    "mu_law",
    "reverse",
    "time_scale",
    "time_stretch",
    "pitch_shift",
    "spec_augment",
    "cutout",
]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_made_with_its_defaults_and_acts_on_what_it_says(name):
    kind = {"waveform": WaveformTransform, "spectrogram": SpectrogramTransform}[find(name).acts_on]
    assert isinstance(create(name, rate_hz=4000), kind)
    assert create(name, rate_hz=22050, probability=0.25).probability == 0.25


def test_the_rate_is_told_to_those_who_ask():
    assert create("tilt", rate_hz=8000).rate_hz == 8000
    assert not hasattr(create("gain", rate_hz=8000), "rate_hz")


def test_what_is_refused():
    with pytest.raises(AugmentError, match="no augmentation 'gian'; did you mean 'gain'"):
        create("gian", rate_hz=4000)
    for name in (5, None, ["gain"]):
        with pytest.raises(AugmentError, match="expected a name: gain"):
            create(name, rate_hz=4000)
    with pytest.raises(AugmentError, match="augmentation 'gain' cannot be made"):
        create("gain", rate_hz=4000, gain=3)


def test_a_record_of_ones_own_says_what_it_acts_on(monkeypatch):
    monkeypatch.setattr(REGISTRY, "_records", dict(REGISTRY._records))
    REGISTRY.add(Record("mine", "resp.augment.gain:RandomGain", "…", "me"))
    with pytest.raises(AugmentError, match="'mine' was added as a Record; add an AugmentationRecord"):
        create("mine", rate_hz=4000)


def test_the_command_lists_them():
    lines = CliRunner().invoke(cli, ["augmentations"]).output.splitlines()
    assert [line.split()[0] for line in lines] == [record.name for record in REGISTRY]
    listed = json.loads(CliRunner().invoke(cli, ["augmentations", "--json"]).output)
    assert {one["name"]: one["acts_on"] for one in listed}["cutout"] == "spectrogram"
