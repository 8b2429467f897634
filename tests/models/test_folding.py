"""Batch normalisation folded into convolutions: the same logits, the network left as it was."""

import pytest
import torch
from torch import nn

from resp.models import create
from resp.models.folding import folded

CLASSES = ("a", "b", "c")


def shaken(network):
    """Give every normalisation statistics and weights that matter."""
    generator = torch.Generator().manual_seed(1)
    for layer in network.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            layer.running_mean.normal_(0, 0.3, generator=generator)
            layer.running_var.uniform_(0.5, 2.0, generator=generator)
            if layer.affine:
                nn.init.uniform_(layer.weight, 0.5, 1.5, generator=generator)
                nn.init.normal_(layer.bias, 0, 0.2, generator=generator)
    return network.eval()


@pytest.mark.parametrize("name", ["mn04", "ast_conv", "m18", "eat_s", "envnet_v2", "piczak_cnn"])
def test_logits_stay_the_same_and_so_does_the_network(name):
    network = shaken(create(name, classes=CLASSES))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    samples = network.input_samples or network.rate_hz
    waveform = 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(2))
    made = folded(network)
    with torch.inference_mode():
        expected, found = network(waveform), made(waveform)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_none_is_left_behind_a_convolution():
    network = shaken(create("mn04", classes=CLASSES))
    count = sum(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
    left = sum(isinstance(layer, nn.BatchNorm2d) for layer in folded(network).modules())
    assert count > 40
    assert left == 0


def test_a_network_without_them_is_returned_itself():
    network = create("mlp", classes=CLASSES)
    assert folded(network) is network
