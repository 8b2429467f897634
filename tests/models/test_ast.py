import copy

import pytest
import torch
from transformers import ASTConfig, ASTForAudioClassification

from resp.features import FilterBankSettings, log_mel
from resp.features.errors import FeatureError
from resp.models import ModelError, create
from resp.models.ast import build_ast

CLASSES = ("normal", "crackle", "wheeze", "both")
SMALL = {"width": 32, "depth": 2, "heads": 4}


@pytest.fixture(scope="module")
def network():
    return build_ast(classes=CLASSES, window_s=1.0, **SMALL).eval()


def waves(network, count=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(count, network.input_samples, generator=generator)


def test_the_published_grid_and_its_sites():
    made = build_ast(classes=CLASSES, **SMALL)
    assert made.grid == (12, 79)
    assert made.input_samples == 128_000
    assert made.site("patches").grid == (12, 79)
    assert made.site("patches").axes == ("batch", "patch", "channel")
    assert made.site("spectrogram").axes == ("batch", "frame", "bin")
    assert made.site("feature").axes == ("batch", "channel")
    assert made.site("block_2").axes == ("batch", "token", "channel")
    assert made.stage_names == (
        "waveform",
        "spectrogram",
        "patches",
        "tokens",
        "block_1",
        "block_2",
        "feature",
        "logits",
    )


def test_parameters_of_base_are_those_of_transformers():
    made = create("ast", classes=527, window_s=10.24 + 0.015)
    with torch.device("meta"):
        theirs = ASTForAudioClassification(ASTConfig(num_labels=527))
    assert made.grid == (12, 101)
    assert sum(p.numel() for p in made.parameters()) == sum(p.numel() for p in theirs.parameters())


@pytest.mark.parametrize(("size", "width", "heads"), [("small", 384, 6), ("tiny", 192, 3)])
def test_sizes(size, width, heads):
    made = create(f"ast_{size}", classes=CLASSES, depth=1)
    assert made.feature_size == made.width == width
    assert made.stages["block_1"].attention.num_attention_heads == heads
    assert made.depth == 1


def test_stage_shapes(network):
    value = waves(network)
    shapes = {}
    for before, name in zip(network.stage_names, network.stage_names[1:], strict=False):
        value = network.run(value, start=before, stop=name)
        shapes[name] = tuple(value.shape)
    assert shapes == {
        "spectrogram": (2, 98, 128),
        "patches": (2, 12 * 9, 32),
        "tokens": (2, 2 + 12 * 9, 32),
        "block_1": (2, 110, 32),
        "block_2": (2, 110, 32),
        "feature": (2, 32),
        "logits": (2, 4),
    }


def test_the_spectrogram_is_normalised_by_twice_the_deviation(network):
    waveform = waves(network)
    expected = (log_mel(waveform, 16_000) + 4.2677393) / (2 * 4.5689974)
    torch.testing.assert_close(network.run(waveform, stop="spectrogram"), expected)


def test_subtracting_the_mean_makes_an_offset_vanish():
    bank = {"remove_dc": False}
    plain, centred = (
        build_ast(classes=CLASSES, window_s=0.5, front_end=bank, subtract_mean=choice, **SMALL)
        for choice in (False, True)
    )
    waveform = waves(plain)
    waveform = waveform - waveform.mean(1, keepdim=True)

    def shift(made):
        return (made.run(waveform + 0.2, stop="spectrogram") - made.run(waveform, stop="spectrogram")).abs()

    assert shift(centred).max() < 1e-3
    assert shift(plain).max() > 0.1


def test_each_patch_sees_its_own_square(network):
    """Patch i lies at row i // time of frequency and column i % time: mixes rely on it."""
    frequency, time = network.grid
    spectrogram = torch.zeros(1, 98, 128)
    before = network.run(spectrogram, start="spectrogram", stop="patches")
    row, column = 7, 3
    spectrogram[0, column * 10 + 5, row * 10 + 5] = 1.0
    changed = (network.run(spectrogram, start="spectrogram", stop="patches") - before).abs().sum(-1)[0]
    picture = changed.reshape(frequency, time) > 0
    # A patch of 16 every 10: the bin 75 and the frame 35 also lie in the patch before each.
    assert sorted(picture.nonzero().tolist()) == [[6, 2], [6, 3], [7, 2], [7, 3]]


def test_eager_and_sdpa_agree_and_eager_gives_weights(network):
    eager = copy.deepcopy(network)
    eager.set_attention("eager")
    assert (network.attention, eager.attention) == ("sdpa", "eager")
    seen = []
    eager.stages["block_1"].attention.register_forward_hook(lambda *call: seen.append(call[2][1]))
    torch.testing.assert_close(eager(waves(network)), network(waves(network)), atol=1e-5, rtol=0)
    assert seen[0].shape == (2, 4, 110, 110)
    torch.testing.assert_close(seen[0].sum(-1), torch.ones(2, 4, 110))


def test_initial_weights_come_from_the_generator_alone(network):
    one, two, other = (copy.deepcopy(network) for _ in range(3))
    state = torch.get_rng_state()
    for made, seed in ((one, 3), (two, 3), (other, 4)):
        made.initialise(torch.Generator().manual_seed(seed))
    assert torch.equal(state, torch.get_rng_state())
    weight = {made: made.stages["patches"].projection.weight for made in (one, two, other)}
    assert torch.equal(weight[one], weight[two])
    assert not torch.equal(weight[one], weight[other])
    assert weight[one].std().item() == pytest.approx(0.02, rel=0.05)
    assert torch.equal(one.stages["feature"].norm.weight, torch.ones(32))
    assert not one.stages["logits"].dense.bias.any()


def test_dropout_only_in_training():
    made = build_ast(classes=CLASSES, window_s=0.5, dropout=0.5, **SMALL)
    waveform = waves(made)
    assert not torch.equal(made(waveform), made(waveform))
    made.eval()
    assert torch.equal(made(waveform), made(waveform))


def test_gradients_reach_every_weight_and_the_waveform():
    made = build_ast(classes=CLASSES, window_s=0.5, **SMALL)
    waveform = waves(made).requires_grad_()
    made(waveform).square().sum().backward()
    assert [name for name, p in made.named_parameters() if p.grad is None] == []
    assert waveform.grad.abs().sum() > 0


def test_settings_survive_json():
    """A config.json has lists for tuples and mappings for the filter bank."""
    bank = FilterBankSettings(bins=64, rate_hz=8000)
    made = build_ast(
        classes=CLASSES,
        front_end=bank.model_dump(mode="json"),
        patch=[16, 8],
        stride=[8, 4],
        window_s=2.0,
        mlp_ratio=2,
        **SMALL,
    )
    assert made.rate_hz == 8000
    assert made.input_samples == 16_000
    assert made.grid == (7, (bank.frames(16_000) - 8) // 4 + 1)
    assert made.stages["block_1"].mlp.fc1.out_features == 64
    assert made(waves(made)).shape == (2, 4)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"size": "huge"}, "'huge'.*base, small, tiny"),
        ({"width": 30}, "width 30.*4 heads"),
        ({"depth": 0}, "depth=0"),
        ({"heads": 2.0}, "heads=2.0"),
        ({"mlp_ratio": -1.0}, "mlp_ratio"),
        ({"window_s": 0.0}, "window_s"),
        ({"window_s": float("inf")}, "window_s"),
        ({"window_s": 0.1}, "8 frames.*lengthen window_s"),
        ({"std": 0.0}, "std"),
        ({"dropout": 1.0}, "dropout"),
        ({"norm_eps": 0.0}, "norm_eps"),
        ({"patch": 16}, "patch=16.*two whole numbers"),
        ({"stride": (0, 10)}, "stride"),
        ({"position_layout": "upside_down"}, "position_layout.*frequency_time or reference"),
        ({"attention": "flash"}, "attention.*sdpa or eager"),
    ],
)
def test_wrong_settings_are_named(settings, named):
    with pytest.raises(ModelError, match=named):
        build_ast(classes=CLASSES, **{**SMALL, **settings})


def test_wrong_filter_bank_is_named():
    with pytest.raises(FeatureError, match="bins"):
        build_ast(classes=CLASSES, front_end={"bins": 0}, **SMALL)


def test_unknown_setting_is_named():
    with pytest.raises(ModelError, match="colour"):
        create("ast_tiny", classes=4, colour="red")


def test_wrong_inputs_are_named(network):
    with pytest.raises(ModelError, match=r"\(2, 15999\); expected \[batch, 16000\].*1 s at 16000 Hz"):
        network(torch.zeros(2, 15_999))
    with pytest.raises(ModelError, match=r"\(16000,\)"):
        network(torch.zeros(16_000))
    with pytest.raises(ModelError, match=r"\(2, 128, 98\); expected \[batch, 98 frames, 128 bins\]"):
        network.run(torch.zeros(2, 128, 98), start="spectrogram")
    with pytest.raises(ModelError, match=r"\(2, 107, 32\); expected \[batch, 108, 32\]"):
        network.run(torch.zeros(2, 107, 32), start="patches")
    with pytest.raises(ModelError, match="attention='flash'"):
        network.set_attention("flash")
