import pytest
import torch
from torch import nn

from resp.models import ModelError, create
from resp.models.network import Network, Site


def made(**changes):
    stages = {"widen": nn.Linear(4, 8), "feature": nn.ReLU(), "logits": nn.Linear(8, 2)}
    known = {
        "sites": [Site("widen", ("batch", "channel"))],
        "classes": ("a", "b"),
        "rate_hz": 10,
        "input_samples": 4,
        "feature_size": 8,
    }
    return Network(**{"stages": stages, **known, **changes})


def test_any_stretch_can_be_run_and_joins_up():
    network, waveform = made(), torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    middle = network.run(waveform, stop="feature")
    assert middle.shape == (3, 8)
    assert torch.equal(network.run(middle, start="feature"), network(waveform))
    assert network.run(middle, start="feature", stop="feature") is middle


def test_wrong_stages_and_sites_are_named():
    network = made()
    with pytest.raises(ModelError, match="'widen' lies before 'feature'"):
        network.run(torch.zeros(1, 8), start="feature", stop="widen")
    with pytest.raises(ModelError, match=r"no stage 'middle'.*waveform, widen, feature, logits"):
        network.run(torch.zeros(1, 4), stop="middle")
    with pytest.raises(ModelError, match=r"no mix site 'feature'.*waveform, widen"):
        network.site("feature")
    with pytest.raises(ModelError, match="no stage 'nowhere'"):
        made(sites=[Site("nowhere", ("batch",))])
    with pytest.raises(ModelError, match="the last stage is 'feature'; it must be 'logits'"):
        made(stages={"feature": nn.ReLU()})


@pytest.mark.parametrize("classes", [0, (), ("a", "a")])
def test_wrong_classes_are_named(classes):
    with pytest.raises(ModelError, match="at least one name and no name twice"):
        create("mn04", classes=classes)


def test_a_number_of_classes_makes_names():
    assert create("mn04", classes=3).classes == ("0", "1", "2")
