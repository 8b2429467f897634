import pytest
import torch
from torch import nn

from resp.features import FeatureError, FilterBankSettings, log_mel, mfcc
from resp.losses.heads import HEADS, head_loss
from resp.models import ModelError, create
from resp.models.initialise import outline


def made(**settings):
    torch.manual_seed(0)
    return create("mlp", classes=4, **settings)


def noise(count, samples, seed=0):
    return 0.1 * torch.randn(count, samples, generator=torch.Generator().manual_seed(seed))


def test_parameters():
    body = 27 * 256 + 257 * 256
    assert outline("mlp", 50).parameters == body + 257 * 50 == 85_554
    assert outline("mlp", 10).parameters == body + 257 * 10 == 75_274


@pytest.mark.parametrize("features", ["mfcc", "log_mel"])
def test_stages(features):
    network = made(features=features, depth=3, width=16)
    first, count, axis = ("cepstrum", 13, "channel") if features == "mfcc" else ("spectrogram", 64, "bin")
    assert network.stage_names == ("waveform", first, "statistics", "hidden1", "hidden2", "feature", "logits")
    assert list(network.sites) == ["waveform", first, "statistics", "hidden1", "hidden2", "feature"]
    assert network.site(first).axes == ("batch", "frame", axis)
    waveform = noise(3, 16_000)
    frames = network.run(waveform, stop=first)
    bank = FilterBankSettings(bins=23 if features == "mfcc" else 64)
    expected = mfcc(waveform, 16_000) if features == "mfcc" else log_mel(waveform, 16_000, settings=bank)
    assert torch.equal(frames, expected)
    assert frames.shape == (3, 98, count)
    assert network.run(waveform, stop="statistics").shape == (3, 2 * count)


def test_statistics_are_mean_and_deviation_standardised_over_the_training_batches():
    network = made()
    frames = network.run(noise(8, 8000), stop="cepstrum")
    expected = torch.cat((frames.mean(1), frames.std(1, correction=0)), dim=1)
    scaled = network.train().run(frames, start="cepstrum", stop="statistics")
    torch.testing.assert_close(
        scaled, (expected - expected.mean(0)) / (expected.var(0, correction=0) + 1e-5).sqrt(), atol=1e-4, rtol=1e-4
    )
    # In evaluation the kept statistics count, which began at 0 and 1.
    running = expected.mean(0) * 0.1, expected.var(0) * 0.1 + 0.9
    network.eval()
    torch.testing.assert_close(
        network.run(frames, start="cepstrum", stop="statistics"),
        (expected - running[0]) / (running[1] + 1e-5).sqrt(),
        atol=1e-4,
        rtol=1e-4,
    )


def test_one_frame_has_no_deviation_and_still_a_gradient():
    network = made().eval()
    waveform = noise(1, 400).requires_grad_()
    network(waveform).sum().backward()
    assert waveform.grad.isfinite().all()
    with pytest.raises(ModelError, match=r"at least 400\]"):
        network(noise(1, 399))


def test_other_rates_and_filter_banks():
    network = made(front_end={"rate_hz": 4000, "bins": 20}, coefficients=20).eval()
    assert (network.rate_hz, network.least_samples) == (4000, 100)
    assert network(noise(2, 4000)).shape == (2, 4)


def test_self_normalising_layers_keep_mean_and_variance():
    network = made(activation="selu", width=512, depth=12).eval()
    value = torch.randn(2000, 26, generator=torch.Generator().manual_seed(0))
    feature = network.run(value, start="statistics", stop="feature")
    assert feature.mean().item() == pytest.approx(0, abs=0.1)
    assert feature.var().item() == pytest.approx(1, abs=0.15)
    kinds = {type(part) for part in network.modules()}
    assert nn.AlphaDropout in kinds
    assert nn.Dropout not in kinds


def test_rectified_layers_keep_the_power():
    network = made(width=512, depth=12).eval()
    value = torch.randn(2000, 26, generator=torch.Generator().manual_seed(0))
    feature = network.run(value, start="statistics", stop="feature")
    # He et al.: half of the variance of what is rectified is left as power, and the weights double it.
    assert feature.square().mean().item() == pytest.approx(1, abs=0.4)


@pytest.mark.parametrize("head", HEADS)
def test_every_head_can_be_learned(head):
    network = made(width=16, dropout=0.0).train()
    waveform = noise(6, 4000)
    targets = {
        "multi_class": torch.tensor([0, 1, 2, 3, 0, 1]),
        "multi_label": torch.eye(4)[[0, 1, 2, 3, 0, 1]],
        "regression": noise(6, 4, seed=1),
    }
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    losses = []
    for _ in range(40):
        optimiser.zero_grad()
        loss = head_loss(head, network(waveform), targets[head])
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"width": 0}, "width=0"),
        ({"depth": 1.5}, "depth=1.5"),
        ({"coefficients": 24}, "coefficients=24; expected at most one for each of 23 mel bins"),
        ({"features": "chroma"}, "features='chroma'; expected mfcc or log_mel"),
        ({"activation": "gelu"}, "activation='gelu'; expected relu or selu"),
        ({"dropout": 1.0}, "dropout=1.0"),
    ],
)
def test_wrong_settings_are_named(settings, said):
    with pytest.raises(ModelError, match=said):
        made(**settings)


def test_a_wrong_filter_bank_is_named():
    with pytest.raises(FeatureError, match="bins"):
        made(front_end={"bins": 0})
