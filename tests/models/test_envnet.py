import pytest
import torch

from resp.models import ModelError, create
from resp.models.initialise import SkipInitialisation, outline


def convolution(inputs, outputs, *kernel):
    size = 1
    for side in kernel:
        size *= side
    return inputs * outputs * size + 2 * outputs


def head(inputs, classes):
    return (inputs + 1) * 4096 + 4097 * 4096 + 4097 * classes


def test_parameters_of_envnet():
    body = convolution(1, 40, 8) + convolution(40, 40, 8) + convolution(1, 50, 8, 13) + convolution(50, 50, 1, 5)
    for classes, count in ((50, 48_560_638), (10, 48_396_758)):
        assert outline("envnet", classes).parameters == body + head(50 * 11 * 14, classes) == count


def test_parameters_of_envnet_v2():
    sizes = ((1, 32, 64), (32, 64, 16), (1, 32, 8, 8), (32, 32, 8, 8), (32, 64, 4), (64, 64, 4))
    sizes += ((64, 128, 2), (128, 128, 2), (128, 256, 2), (256, 256, 2))
    body = sum(convolution(*size) for size in sizes)
    for classes, count in ((50, 101_251_186), (10, 101_087_306)):
        assert outline("envnet_v2", classes).parameters == body + head(256 * 10 * 8, classes) == count


def shapes(name):
    with SkipInitialisation(), torch.device("meta"):
        network = create(name, classes=4)
    value = torch.zeros(1, network.input_samples, device="meta")
    return {stage: tuple(network.run(value, stop=stage).shape[1:]) for stage in network.stage_names[1:]}


def test_stages_at_the_published_length():
    head = {"hidden1": (4096,), "feature": (4096,), "logits": (4,)}
    assert shapes("envnet") == {"pool1": (40, 150), "pool2": (50, 11, 46), "pool3": (50, 11, 14), **head}
    assert shapes("envnet_v2") == {
        "pool1": (64, 260),
        "pool2": (32, 10, 82),
        "pool3": (64, 10, 38),
        "pool4": (128, 10, 18),
        "pool5": (256, 10, 8),
        **head,
    }


@pytest.mark.parametrize(("name", "rate_hz", "samples"), [("envnet", 16_000, 24_014), ("envnet_v2", 44_100, 66_650)])
def test_rate_length_and_sites(name, rate_hz, samples):
    network = create(name, classes=2, hidden=8)
    assert (network.rate_hz, network.input_samples) == (rate_hz, samples)
    assert network.site("pool1").axes == ("batch", "channel", "time")
    assert network.site("pool2").axes == ("batch", "channel", "bin", "frame")
    waveform = torch.randn(2, samples, generator=torch.Generator().manual_seed(0))
    value, before = waveform, "waveform"
    for name in list(network.sites)[1:]:
        value, before = network.run(value, start=before, stop=name), name
        assert value.min() >= 0, name


def test_the_picture_has_bands_as_rows_and_steps_as_columns():
    network = create("envnet", classes=2, hidden=8).eval()
    one = torch.zeros(1, 40, 150)
    changed = one.clone()
    changed[0, 20, 60] = 1
    difference = network.run(changed, start="pool1", stop="pool2") - network.run(one, start="pool1", stop="pool2")
    rows, columns = difference[0].abs().sum(0).nonzero().T.unique(dim=1)
    # Row 20 lies under kernels of 8 from 13 on, pooled by 3; step 60 under kernels of 13 from 48 on.
    assert 13 // 3 <= rows.min() <= rows.max() <= 20 // 3
    assert 48 // 3 <= columns.min() <= columns.max() <= 60 // 3


@pytest.mark.parametrize(("name", "least"), [("envnet", 5294), ("envnet_v2", 23_642)])
def test_the_shortest_window(name, least):
    rate_hz = create(name, classes=2, hidden=1).rate_hz
    network = create(name, classes=2, hidden=8, window_s=least / rate_hz).eval()
    assert network.input_samples == least
    last = [stage for stage in network.stage_names if stage.startswith("pool")][-1]
    assert network.run(torch.zeros(1, least), stop=last).shape[3] == 1
    assert network(torch.zeros(1, least)).shape == (1, 2)
    with pytest.raises(ModelError, match=r"window_s=.*expected at least"):
        create(name, classes=2, window_s=(least - 1) / rate_hz)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"hidden": 0}, "hidden=0"), ({"dropout": 1.0}, "dropout=1.0"), ({"window_s": 0.1}, "window_s")],
)
def test_wrong_settings_are_named(settings, said):
    with pytest.raises(ModelError, match=said):
        create("envnet", classes=2, **settings)


def test_dropout_acts_behind_both_hidden_layers_in_training_alone():
    network = create("envnet", classes=2, hidden=64, window_s=0.8)
    value = torch.rand(1, 64, generator=torch.Generator().manual_seed(0))
    run = {mode: network.train(mode).run(value, start="hidden1", stop="feature") for mode in (True, False)}
    assert (run[True] == 0).float().mean() > (run[False] == 0).float().mean()
    assert [part.p for part in network.modules() if isinstance(part, torch.nn.Dropout)] == [0.5, 0.5]
