import pytest
import torch

from resp.models import ModelError, create
from resp.models.mn04_spectrogram import Mn04Spectrogram
from resp.models.mn04_speeds import SpeedSpectrograms, SpeedTrunk, load_trunk
from resp.models.mobilenet import load_mn04_weights

CLASSES = ("normal", "crackle", "wheeze", "both")


def noise(samples, count=2, seed=0):
    return 0.1 * torch.randn(count, samples, generator=torch.Generator().manual_seed(seed))


def test_a_speed_is_the_same_samples_read_at_a_higher_rate():
    wave = noise(8000)
    spectrograms = SpeedSpectrograms(4000, (1, 2, 4))
    assert spectrograms.frames(8000) == (200, 100, 50)
    parts = spectrograms(wave).split(spectrograms.frames(8000), dim=1)
    for part, rate_hz in zip(parts, (4000, 8000, 16000), strict=True):
        torch.testing.assert_close(part, Mn04Spectrogram(rate_hz)(wave), rtol=0, atol=0)


@pytest.mark.parametrize("speed", [2, 4])
def test_a_tone_of_f_lies_where_one_of_its_multiple_lies_at_speed_1(speed):
    def loudest(frequency_hz, speeds, rate_hz):
        time_s = torch.arange(2 * rate_hz) / rate_hz
        return SpeedSpectrograms(rate_hz, speeds)(torch.sin(2 * torch.pi * frequency_hz * time_s)[None])[0, 5].argmax()

    assert loudest(300, (speed,), 4000) == loudest(300 * speed, (1,), 4000 * speed)


@pytest.mark.parametrize(("last_block", "channels"), [(13, 64), (15, 64), (16, 384)])
def test_every_speed_goes_through_the_trunk_by_itself(last_block, channels):
    torch.manual_seed(0)
    spectrograms = SpeedSpectrograms(4000, (1, 4))
    trunk = SpeedTrunk(spectrograms.frames(4000), last_block).eval()
    assert (trunk.channels, trunk.bands, trunk.columns) == (channels, 4, (4, 1))
    value = spectrograms(noise(4000))
    with torch.inference_mode():
        together = trunk(value)
        apart = [torch.nn.Sequential.forward(trunk, part) for part in value.split((100, 25), dim=1)]
    assert together.shape == (2, channels, 4, 5)
    torch.testing.assert_close(together, torch.cat(apart, dim=3), rtol=0, atol=0)


def test_the_published_trunk_fills_the_beginning_that_a_network_has(mn04_file):
    whole, part = (
        create("mn04", classes=527, rate_hz=8000).eval(),
        create("mn04_linear", classes=4, window_s=1.0).eval(),
    )
    load_mn04_weights(whole, mn04_file)
    load_trunk(part, mn04_file)
    wave = noise(4000)
    with torch.inference_mode():
        columns = part.stages["map"].columns
        second = part.run(wave, stop="map").split(columns, dim=3)[1]
        torch.testing.assert_close(second, whole.run(wave, stop="block_15"), rtol=1e-4, atol=1e-5)


def test_linear_features_are_standardised_means_over_time_of_each_speed():
    torch.manual_seed(1)
    network = create("mn04_linear", classes=CLASSES, window_s=1.0).train()
    wave = noise(4000, count=16)
    value = network.run(wave, stop="map")
    feature = network.run(value, start="map", stop="feature")
    means = torch.cat([part.mean(3).flatten(1) for part in value.split(network.stages["map"].columns, dim=3)], 1)
    assert feature.shape == (16, network.feature_size) == (16, 3 * 64 * 4)
    expected = (means - means.mean(0)) / (means.var(0, unbiased=False) + 1e-5).sqrt()
    torch.testing.assert_close(feature, expected, rtol=1e-3, atol=1e-4)
    with pytest.raises(ModelError, match="a training batch of one; expected two"):
        network(wave[:1])
    assert network.eval()(wave[:1]).shape == (1, len(CLASSES))
    network.train()
    # No class is favoured before anything is learned.
    assert float(network(wave).detach().softmax(1).amax()) < 0.3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"speeds": []}, r"speeds=\[\]; expected whole numbers from 1 on, each once"),
        ({"speeds": [1, 1]}, "each once"),
        ({"speeds": [1.5]}, "whole numbers"),
        ({"speeds": [3]}, "rate_hz=12000; expected one of 32000, 16000, 8000, 4000"),
        ({"last_block": 12}, "last_block=12; expected a whole number from 13 to 16"),
        ({"window_s": 0.001}, "window_s=0.001; expected at least"),
    ],
)
@pytest.mark.parametrize("name", ["mn04_linear", "ast_conv"])
def test_what_is_refused(name, settings, message):
    with pytest.raises(ModelError, match=message):
        create(name, classes=CLASSES, **settings)


def test_another_length_and_another_network_are_refused(mn04_file):
    network = create("mn04_linear", classes=CLASSES, window_s=1.0)
    with pytest.raises(ModelError, match=r"spectrograms of 7 frames; expected 100 \+ 50 \+ 25"):
        network.run(torch.zeros(1, 7, 128), start="spectrogram", stop="map")
    with pytest.raises(ModelError, match="such as ast_conv or mn04_linear"):
        load_trunk(create("m18", classes=2), mn04_file)
    with pytest.raises(ModelError, match="bands='some'; expected one of apart, joined"):
        create("ast_conv", classes=CLASSES, bands="some")


def test_ast_over_several_speeds_and_joined_bands():
    network = create("ast_conv", classes=CLASSES, window_s=4.0, speeds=[1, 2, 4], last_block=15, bands="joined").eval()
    assert network.site("patches").grid == (1, 13 + 7 + 4)
    assert network(noise(16000)).shape == (2, 4)
    apart = create("ast_conv", classes=CLASSES, window_s=4.0, speeds=[1, 2, 4], last_block=15)
    assert apart.site("patches").grid == (4, 24)
