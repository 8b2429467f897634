import pytest
import torch

from resp.models import ModelError, create
from resp.models.initialise import outline


def test_parameters_are_those_of_the_table():
    layers = ((1, 16, 64), (16, 32, 32), (32, 64, 16), (64, 128, 8), (128, 256, 4))
    body = sum(inputs * outputs * kernel + 2 * outputs for inputs, outputs, kernel in layers)
    assert outline("soundnet5", 10).parameters == body + 2570 == 250_346
    assert outline("soundnet5", 50).parameters == body + 12_850 == 260_626


def test_stages_of_ten_seconds():
    # The paper's table for 220 050 samples: 27 506 steps behind the first pooling.
    network = create("soundnet5", classes=4).eval()
    waveform = torch.zeros(1, 220_050)
    with torch.no_grad():
        shapes = {name: tuple(network.run(waveform, stop=name).shape[1:]) for name in network.stage_names[1:]}
    assert shapes == {
        "pool1": (16, 13_753),
        "pool2": (32, 859),
        "conv3": (64, 430),
        "conv4": (128, 216),
        "conv5": (256, 109),
        "feature": (256,),
        "logits": (4,),
    }
    assert list(network.sites) == ["waveform", "pool1", "pool2", "conv3", "conv4", "conv5", "feature"]


def test_the_shortest_sound_leaves_one_step():
    network = create("soundnet5", classes=4).eval()
    assert network.least_samples == 222
    assert network.run(torch.zeros(1, 222), stop="pool2").shape == (1, 32, 1)
    with pytest.raises(ModelError, match=r"\(1, 221\); expected \[batch, at least 222\]"):
        network(torch.zeros(1, 221))
    # Without the check the second pooling would have nothing to pool.
    with pytest.raises(RuntimeError, match=r"[oO]utput size"):
        network.stages["pool2"](network.stages["pool1"](torch.zeros(1, 221)))


def test_every_site_but_the_waveform_is_behind_an_activation():
    network = create("soundnet5", classes=4)
    waveform = torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))
    for name in list(network.sites)[1:]:
        assert network.run(waveform, stop=name).min() >= 0, name
