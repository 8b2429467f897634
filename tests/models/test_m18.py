from itertools import pairwise

import torch
from torch import nn

from resp.models import create
from resp.models.initialise import outline


def test_parameters_are_those_of_the_table():
    # Dai et al., table 1: convolutions without biases, two numbers a channel of batch normalisation.
    channels = [64] + [64] * 4 + [128] * 4 + [256] * 4 + [512] * 4
    weights = 80 * 64 + sum(3 * before * after for before, after in pairwise(channels))
    body = weights + 2 * sum(channels)
    assert outline("m18", 10).parameters == body + 512 * 10 + 10 == 3_679_882
    assert outline("m18", 50).parameters == body + 512 * 50 + 50 == 3_700_402


def test_eighteen_layers_and_the_published_lengths():
    network = create("m18", classes=4).eval()
    assert sum(isinstance(part, nn.Conv1d | nn.Linear) for part in network.modules()) == 18
    waveform = torch.zeros(1, 32_000)
    with torch.no_grad():
        shapes = {name: tuple(network.run(waveform, stop=name).shape[1:]) for name in network.stage_names[1:]}
    assert shapes == {
        "pool1": (64, 2000),
        "pool2": (64, 500),
        "pool3": (128, 125),
        "pool4": (256, 32),
        "conv5": (512, 32),
        "feature": (512,),
        "logits": (4,),
    }
    assert list(network.sites) == ["waveform", "pool1", "pool2", "pool3", "pool4", "conv5", "feature"]
    assert network.site("pool4").axes == ("batch", "channel", "time")


def test_every_site_but_the_waveform_is_behind_an_activation():
    network = create("m18", classes=4)
    waveform = torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))
    for name in list(network.sites)[1:]:
        assert network.run(waveform, stop=name).min() >= 0, name
