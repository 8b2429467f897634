"""Each method against a closed form, and on every network of the registry."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from resp.features import istft
from resp.models import REGISTRY
from resp.models.config import ClipSettings
from resp.score.explain.errors import MethodNotApplicable
from resp.score.explain.gradients import integrated_gradients
from resp.score.explain.heard import Heard
from resp.score.explain.methods import importance
from resp.score.explain.names import DEFAULT_METHOD, METHODS
from resp.score.explain.occlusion import occlusion
from resp.score.explain.rollout import attention, attention_rollout, token_flow
from small_networks import made, waves

NAMES = [record.name for record in REGISTRY]
ROLLED = {"ast", "ast_small", "ast_tiny", "ast_conv"}


def before(network, seconds=None):
    """A stretch of noise before a network that reacts: its statistics seen, a transformer's first weights enlarged."""
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "tokens" in network.stage_names and weight.ndim == 2 and "stages.map" not in name:
                weight.mul_(10)
        for layer in network.modules():
            if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
                layer.momentum = 1.0
        network.train()(waves(network, count=3, seed=9))
    samples = waves(network, count=1)[0]
    window_s = len(samples) / network.rate_hz
    if seconds:
        samples = samples[: round(seconds * network.rate_hz)]
    clip = ClipSettings(window_s=window_s)
    return Heard(network.eval(), samples, clip, 1, "respiratory", 0.0, len(samples) / network.rate_hz)


def true_parts(heard):
    """What each cell does in a linear network: taken there alone, less what is left of it in the background."""
    spectrum, window = heard._spectrum, heard._window
    gained = spectrum * (1 - 10 ** (-heard.loudness_db.T / 20))
    bins, frames = spectrum.shape
    parts = np.zeros((frames, bins))
    for frame in range(frames):
        alone = torch.zeros(bins, bins, frames, dtype=spectrum.dtype)
        alone[torch.arange(bins), torch.arange(bins), frame] = gained[:, frame]
        waveform = heard._fitted(istft(alone, window, len(heard.samples)))
        with torch.no_grad():
            parts[frame] = heard.network(waveform)[:, 0].numpy()
    return parts


def test_integrated_gradients_of_a_linear_network_are_its_parts(linear):
    parts = true_parts(linear)
    np.testing.assert_allclose(integrated_gradients(linear, 24), parts, atol=2e-4 * np.abs(parts).max())
    assert np.abs(parts).max() > 0.1


@pytest.mark.parametrize("name", ["ast_tiny", "mlp"])
def test_integrated_gradients_add_up_to_what_was_gained(name):
    heard = before(made(name))
    whole = torch.ones(1, *heard.shape)
    with torch.no_grad():
        gained = float(heard.log_odds(whole) - heard.log_odds(0 * whole))
    assert abs(gained) > 1e-3
    assert integrated_gradients(heard, 100).sum() == pytest.approx(gained, rel=0.02)


def test_occlusion_of_a_linear_network_adds_up_its_parts(linear):
    parts, tiles = true_parts(linear), linear.tiles(0.05, 120.0)
    told = occlusion(linear, 0.05, 120.0)
    sums = np.bincount(tiles.ravel(), weights=parts.ravel())
    np.testing.assert_allclose(np.bincount(tiles.ravel(), weights=told.ravel()), sums, atol=1e-4)
    assert all(len(np.unique(told[tiles == number])) == 1 for number in range(tiles.max() + 1))


def test_occlusion_is_what_one_rectangle_after_the_other_costs():
    heard = before(made("ast_tiny"), seconds=0.3)
    tiles = heard.tiles()
    told = occlusion(heard)
    with torch.no_grad():
        whole = heard.log_odds(torch.ones(1, *heard.shape))
        for number in range(tiles.max() + 1):
            left = torch.from_numpy(tiles != number).float()[None]
            lost = float(whole - heard.log_odds(left))
            assert told[tiles == number].sum() == pytest.approx(lost, abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_every_network_is_explained_by_every_method_or_says_why_not(name):
    heard = before(made(name))
    told = [integrated_gradients(heard, 3), occlusion(heard, 0.5, 1000.0)]
    if name in ROLLED:
        told.append(attention_rollout(heard))
    else:
        with pytest.raises(MethodNotApplicable, match="needs transformer blocks over patches"):
            attention_rollout(heard)
    for picture in told:
        assert picture.shape == heard.shape
        assert picture.dtype == np.float32
        assert np.isfinite(picture).all()
        assert picture.std() > 0


def test_the_default_is_a_method_for_every_network():
    assert DEFAULT_METHOD in METHODS
    assert DEFAULT_METHOD != "attention_rollout"


def test_nothing_is_left_behind_in_the_network():
    network = made("ast_tiny")
    heard = before(network)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    for method in METHODS:
        importance(heard, method)
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_attention_is_what_the_block_itself_computes():
    network = made("ast_tiny").eval()
    network.set_attention("eager")
    with torch.no_grad():
        tokens = network.run(waves(network, 1), stop="tokens")
        block = network.stages["block_1"]
        _, expected = block.attention(block.layernorm_before(tokens))
        torch.testing.assert_close(attention(block, tokens), expected)


def test_flow_is_the_product_of_the_mixed_attentions():
    network = made("ast_conv").eval()
    waveform = waves(network, 1)
    with torch.no_grad():
        tokens = network.run(waveform, stop="tokens")
        single = attention(network.stages["block_1"], tokens)[0].mean(0)
        flow = token_flow(network, waveform, ["block_1"])
    torch.testing.assert_close(flow, (single + torch.eye(len(single))) / 2)
    torch.testing.assert_close(flow.sum(1), torch.ones(len(flow)))


def test_rollout_shares_out_all_that_reached_the_class_but_its_own_tokens():
    heard = before(made("ast_conv"), seconds=0.6)
    with torch.no_grad():
        flow = token_flow(heard.network, heard.masked(torch.ones(1, *heard.shape)), ["block_1"])
    told = attention_rollout(heard)
    assert (told >= 0).all()
    # Patches that lie above half the sampling rate have no cell to go to.
    assert told.sum() <= float(flow[:2, 2:].mean(0).sum()) + 1e-5
    assert told.sum() > 0.2 * float(flow[:2, 2:].mean(0).sum())


def test_rollout_refuses_patches_without_a_known_place(monkeypatch):
    heard = before(made("ast_tiny"))
    network = heard.network
    monkeypatch.setitem(network.sites, "patches", SimpleNamespace(name="patches", axes=(), grid=None))
    with pytest.raises(MethodNotApplicable, match="no patches in a grid"):
        attention_rollout(heard)
