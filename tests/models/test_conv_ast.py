import pytest
import torch
from torch import nn

from resp.audio import load_recording
from resp.models import ModelError, create
from resp.models.config import ModelConfig
from resp.models.conv_ast import build_conv_ast
from resp.models.folder import load_model, save_model
from resp.models.mn04_speeds import load_trunk
from resp.models.mobilenet import load_mn04_weights
from resp.models.predict import predict_logits

CLASSES = ("normal", "crackle", "wheeze", "both")
SMALL = {"width": 32, "depth": 2, "heads": 2, "window_s": 2.0}


def made(**changes):
    return create("ast_conv", classes=CLASSES, **{**SMALL, **changes})


def waves(network, count=2, seed=0):
    return 0.1 * torch.randn(count, network.input_samples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("window_s", "rate_hz", "frames", "grid"),
    [(4.0, 4000, 400, (4, 13)), (2.0, 4000, 200, (4, 7)), (8.0, 32_000, 800, (4, 25)), (1.0, 16_000, 100, (4, 4))],
)
def test_grid_and_stage_sizes(window_s, rate_hz, frames, grid):
    network = made(window_s=window_s, rate_hz=rate_hz).eval()
    assert network.input_samples == round(window_s * rate_hz)
    assert network.stages["tokens"].grid == network.site("patches").grid == grid
    value = waves(network)
    sizes = {}
    with torch.no_grad():
        for before, name in zip(network.stage_names, network.stage_names[1:], strict=False):
            value = network.run(value, start=before, stop=name)
            sizes[name] = tuple(value.shape)
    count = grid[0] * grid[1]
    assert sizes == {
        "spectrogram": (2, frames, 128),
        "map": (2, 384, *grid),
        "patches": (2, count, 32),
        "tokens": (2, count + 2, 32),
        "block_1": (2, count + 2, 32),
        "block_2": (2, count + 2, 32),
        "feature": (2, 32),
        "logits": (2, 4),
    }


def test_sites_and_the_order_of_the_patches():
    network = made().eval()
    assert tuple(network.sites) == ("waveform", "spectrogram", "map", "patches", "feature")
    assert network.site("map").axes == ("batch", "channel", "bin", "frame")
    for name, site in network.sites.items():
        assert network.run(waves(network), stop=name).ndim == len(site.axes), name
    # Frequency outermost: a change in one place of the map changes one patch, at frequency · times + time.
    image = torch.zeros(1, 384, 4, 7)
    changed = image.clone()
    changed[0, :, 2, 5] = 1
    patches = [network.run(value, start="map", stop="patches")[0] for value in (image, changed)]
    assert (patches[0] != patches[1]).any(dim=1).nonzero().flatten().tolist() == [2 * 7 + 5]


def test_parameters_are_trunk_and_transformer():
    network = made()
    width, count = 32, 28
    block = 4 * (width * width + width) + 2 * 4 * width * width + 4 * width + width + 4 * width
    transformer = (384 + 1) * width + (2 + 2 + count) * width + 2 * block + 2 * width + 2 * width + (width + 1) * 4
    assert sum(parameter.numel() for parameter in network.parameters()) == 516_128 + transformer


@pytest.mark.parametrize("samples", [7999, 8001, 4000, 1])
def test_another_length_is_named_by_its_samples(samples):
    network = made()
    said = rf"shape \(2, {samples}\); expected \[batch, 8000\] \(2 s at 4000 Hz\): cut or repeat the sound"
    with pytest.raises(ModelError, match=said):
        network(torch.zeros(2, samples))
    with pytest.raises(ModelError, match=said):
        predict_logits(network, torch.zeros(2, samples))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"width": 30, "heads": 4}, "width 30 cannot be shared by 4 heads"),
        ({"width": "wide"}, "width='wide'"),
        ({"depth": 0}, "depth=0"),
        ({"heads": 0}, "heads=0"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"dropout": -0.1}, "dropout=-0.1"),
        ({"window_s": 0.0}, "window_s=0.0; expected at least 0.01625 seconds"),
        ({"window_s": float("inf")}, "window_s=inf"),
        ({"rate_hz": 44_100}, "rate_hz=44100; expected one of 32000, 16000, 8000, 4000"),
        ({"colour": 1}, "colour"),
    ],
)
def test_wrong_settings_are_named(settings, said):
    with pytest.raises(ModelError, match=said):
        made(**settings)


def test_the_shortest_window_runs():
    network = made(window_s=65 / 4000).eval()
    assert network(waves(network)).shape == (2, 4)


def test_a_folder_keeps_it(tmp_path):
    network = made(dropout=0.3)
    network(waves(network, count=4))  # in training mode: the batch statistics move
    network.eval()
    save_model(tmp_path, network, ModelConfig(name="m", network="ast_conv", settings=SMALL, classes=CLASSES))
    loaded = load_model(tmp_path).network
    assert torch.equal(loaded(waves(network)), network(waves(network)))
    for name, buffer in network.named_buffers():
        assert torch.equal(loaded.get_buffer(name), buffer), name


def test_the_published_trunk_is_taken_and_nothing_else(mn04_file):
    network, whole = made().eval(), create("mn04", classes=527, rate_hz=4000).eval()
    before = {key: value.clone() for key, value in network.state_dict().items() if not key.startswith("stages.map.")}
    load_trunk(network, mn04_file)
    load_mn04_weights(whole, mn04_file)
    waveform = waves(network)
    torch.testing.assert_close(network.run(waveform, stop="map"), whole.run(waveform, stop="block_16"))
    for key, value in before.items():
        assert torch.equal(network.state_dict()[key], value), key


def test_trunks_that_do_not_fit_are_named(mn04_layout, mn04_file, tmp_path):
    state = mn04_layout.random(527)
    state["features.2.surprise"] = torch.zeros(1)
    state["ema.decay"] = torch.zeros(1)
    del state["features.0.1.bias"]
    torch.save(state, tmp_path / "other.pt")
    with pytest.raises(ModelError, match=r"missing stem.convolution.1.bias; unknown block_2.surprise, ema.decay"):
        load_trunk(made(), tmp_path / "other.pt")
    with pytest.raises(ModelError, match="expected one with the trunk of EfficientAT"):
        load_trunk(create("mn04", classes=2), mn04_file)


# Freezing


def test_a_frozen_trunk_keeps_its_weights_and_its_statistics():
    network = made().train()
    network.freeze("map")
    assert network.training
    before = {key: value.clone() for key, value in network.state_dict().items()}
    optimiser = torch.optim.SGD(network.parameters(), lr=1.0)
    network(waves(network, count=4)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert (parameter.grad is None) == name.startswith("stages.map."), name
    # The head of zero biases and the class token: everything that is not frozen moves.
    optimiser.step()
    moved = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    assert not any(key.startswith("stages.map.") for key in moved)
    assert {"stages.patches.standardise.running_mean", "stages.patches.projection.weight"} <= moved
    assert {"stages.tokens.positions", "stages.block_1.attention.q_proj.weight", "stages.logits.dense.bias"} <= moved


def test_a_trunk_that_is_not_frozen_learns():
    network = made().train()
    before = {key: value.clone() for key, value in network.stages["map"].state_dict().items()}
    network(waves(network, count=4)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.stages["map"].parameters())
    after = network.stages["map"].state_dict()
    assert not any(torch.equal(after[key], value) for key, value in before.items() if key.endswith("running_mean"))


def test_freezing_outlasts_changes_of_mode_and_is_replaced():
    network = made()
    network.freeze("map", "patches")
    assert network.frozen == ("map", "patches")
    network.eval()
    assert not any(part.training for part in network.modules())
    network.train()
    training = {name: stage.training for name, stage in network.stages.items()}
    assert [name for name, mode in training.items() if not mode] == ["map", "patches"]
    assert not any(part.training for part in network.stages["map"].modules())
    network.freeze("tokens")
    assert network.stages["map"].training
    assert all(parameter.requires_grad for parameter in network.stages["map"].parameters())
    assert not any(parameter.requires_grad for parameter in network.stages["tokens"].parameters())
    network.freeze()
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(part.training for part in network.modules())


def test_freezing_leaves_evaluation_mode_alone():
    network = made().eval()
    network.freeze("map")
    assert not any(part.training for part in network.modules())


def test_a_stage_that_is_not_there_cannot_be_frozen():
    network = made()
    with pytest.raises(ModelError, match="no stage 'trunk'"):
        network.freeze("trunk")
    with pytest.raises(ModelError, match="the waveform has nothing to freeze"):
        network.freeze("waveform")
    assert network.frozen == ()


def test_dropout_acts_in_training_alone():
    network = build_conv_ast(classes=CLASSES, **SMALL, dropout=0.5)
    assert sum(isinstance(part, nn.Dropout) and part.p == 0.5 for part in network.modules()) >= 2
    waveform = waves(network)
    network.freeze("map")
    assert not torch.equal(network(waveform), network(waveform))
    network.eval()
    assert torch.equal(network(waveform), network(waveform))


@pytest.mark.data
def test_the_published_trunk_runs_on_a_real_recording(published_mn04, data_dir):
    network = made().eval()
    load_trunk(network, published_mn04)
    recording = load_recording(data_dir / "kauh" / "EP1_Asthma,I E W,P L L,70,M.wav")
    samples = torch.from_numpy(recording.mono()[: network.input_samples].copy())
    with torch.no_grad():
        image = network.run(samples[None], stop="map")
        assert network(samples[None]).isfinite().all()
    # The trunk's channels differ in their spread, which is why they are standardised.
    spread = image.std((0, 2, 3))
    assert spread.max() > 5 * spread.min()
