import numpy as np
import pytest
import torch

from resp.models import ModelError, create
from resp.models.patch_extents import patch_extents
from small_networks import made


@pytest.mark.parametrize("at_s", [0.15, 0.5, 0.8])
def test_a_click_changes_the_patches_that_lie_where_it_is(at_s):
    network = create("ast_tiny", classes=2, width=32, depth=1, heads=2, window_s=1.0).eval()
    silent = torch.zeros(1, network.input_samples)
    clicked = silent.clone()
    clicked[0, round(at_s * network.rate_hz)] = 0.5
    with torch.no_grad():
        changed = (network.run(clicked, stop="patches") - network.run(silent, stop="patches"))[0].abs().sum(1) > 1e-4
    extents = patch_extents(network, network.input_samples)
    assert extents.shape == (len(changed), 4)
    inside = (extents[:, 0] < at_s) & (at_s < extents[:, 1])
    assert inside.any()
    assert changed.numpy()[inside].all()
    # A frame reaches 12.5 ms to either side of its centre, its extent 5 ms.
    near = (extents[:, 0] - 0.0076 < at_s) & (at_s < extents[:, 1] + 0.0076)
    assert not changed.numpy()[~near].any()


def test_a_tone_changes_the_patches_that_hold_its_frequency():
    network = create("ast_tiny", classes=2, width=32, depth=1, heads=2, window_s=1.0).eval()
    tone = 0.5 * torch.sin(2 * torch.pi * 1000 * torch.arange(network.input_samples) / network.rate_hz)[None]
    with torch.no_grad():
        spectrogram = network.run(tone, stop="spectrogram")
        weight = network.stages["patches"].projection.weight
        energy = torch.nn.functional.unfold(spectrogram.transpose(1, 2)[:, None], weight.shape[2:], stride=10).mean(1)
    extents = patch_extents(network, network.input_samples)
    best = int(energy[0].argmax())
    assert extents[best, 2] < 1000 < extents[best, 3]


def test_every_speed_covers_the_whole_window_and_a_band_of_its_own():
    network = create("ast_conv", classes=2, width=32, depth=1, heads=2, window_s=2.0, speeds=[1, 2, 4])
    rows, columns = network.site("patches").grid
    extents = patch_extents(network, network.input_samples).reshape(rows, columns, 4)
    tops = extents[-1, :, 3]
    for speed in (1, 2, 4):
        own = extents[:, np.isclose(tops, 15_000 / speed)]
        assert own[0, 0, 0] == pytest.approx(0, abs=0.03 * speed)
        assert own[0, -1, 1] == pytest.approx(2.0, abs=0.03 * speed)
        np.testing.assert_allclose(own[0, 1:, 0], own[0, :-1, 1])
        np.testing.assert_allclose(own[1:, 0, 2], own[:-1, 0, 3])
    assert (np.diff(tops) <= 0).all(), "speed 1 first"


def test_joined_bands_reach_over_all_frequencies():
    network = create("ast_conv", classes=2, width=32, depth=1, heads=2, window_s=1.0, bands="joined")
    extents = patch_extents(network, network.input_samples)
    np.testing.assert_allclose(extents[:, 2], 0)
    np.testing.assert_allclose(extents[:, 3], 15_000)


@pytest.mark.parametrize("name", ["mn04", "eat_s", "mlp"])
def test_networks_without_patches_say_so(name):
    network = made(name)
    with pytest.raises(ModelError, match="no patches in a grid"):
        patch_extents(network, 20_000)
