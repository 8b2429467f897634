"""Networks that only answer: the same logits with less to compute, the network left as it was."""

import pytest
import torch
from torch import nn

from resp.models import create
from resp.models.for_inference import with_folded_normalisation, with_read_tokens_alone

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
    made = with_folded_normalisation(network)
    with torch.inference_mode():
        expected, found = network(waveform), made(waveform)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def small_ast(name, **settings):
    """Return an AST whose every weight matters."""
    network = create(name, classes=CLASSES, depth=3, **settings)
    generator = torch.Generator().manual_seed(3)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0, 0.2, generator=generator)
    return network.eval()


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_the_last_block_makes_what_is_read_of_it_alone(attention):
    network = small_ast("ast", size="tiny", window_s=1.0, attention=attention)
    waveform = 0.1 * torch.randn(3, network.input_samples, generator=torch.Generator().manual_seed(4))
    made = with_read_tokens_alone(network)
    with torch.inference_mode():
        all_tokens = network.run(waveform, stop="block_3")
        two = made.run(waveform, stop="block_3")
        expected, found = network(waveform), made(waveform)
        before = torch.equal(made.run(waveform, stop="block_2"), network.run(waveform, stop="block_2"))
    assert before
    assert two.shape == (3, 2, 192)
    assert float(all_tokens[:, :2].std(dim=0).min()) > 1e-3  # what was compared is not the same for every waveform
    torch.testing.assert_close(two, all_tokens[:, :2], rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("stage", "tokens"), [("block_3", 110), ("block_2", 2), ("feature", 2), ("logits", 2)])
def test_a_stage_that_is_looked_at_stays_whole(stage, tokens):
    network = small_ast("ast", size="tiny", window_s=1.0)
    with torch.inference_mode():
        found = with_read_tokens_alone(network, stage).run(torch.zeros(1, network.input_samples), stop="block_3")
    assert found.shape == (1, tokens, 192)


def test_weights_are_shared_where_they_are_the_same():
    network = small_ast("ast", size="tiny", window_s=1.0)
    own = {parameter.data_ptr() for parameter in network.parameters()}
    assert {parameter.data_ptr() for parameter in with_read_tokens_alone(network).parameters()} == own


def test_none_is_left_behind_a_convolution():
    network = shaken(create("mn04", classes=CLASSES))
    count = sum(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
    left = sum(isinstance(layer, nn.BatchNorm2d) for layer in with_folded_normalisation(network).modules())
    assert count > 40
    assert left == 0


def test_a_network_with_nothing_to_change_is_returned_itself():
    network = create("mlp", classes=CLASSES)
    assert with_folded_normalisation(network) is network
    assert with_read_tokens_alone(network) is network
    shallow = small_ast("ast", size="tiny", window_s=1.0)
    assert with_read_tokens_alone(shallow, "block_3") is shallow
