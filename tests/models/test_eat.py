"""EAT: sizes, ablations, the shortest input, what is heard, tokens."""

import pytest
import torch
from torch import nn

from resp.features import FeatureError, magnitude_waveform, phase_waveform
from resp.models import ModelError, create
from resp.models.eat_layers import PlainResidual, Residual
from resp.models.initialise import SkipInitialisation, outline
from resp.models.positions import fit_token_positions
from small_networks import randn

SMALL = {
    "channels": 4,
    "embedding": 8,
    "depth": 2,
    "heads": 2,
    "feed_forward": 16,
    "factors": [2, 2, 2],
    "input_samples": 2048,
}


def made(**changes):
    return create("eat_s", classes=5, **{**SMALL, **changes})


# Sizes


def expected_count(channels, embedding, depth, feed_forward, classes, steps):
    """Weights of an EAT with four factors of 4, term by term."""

    def residual(width):
        return (15 + 2) * width + (width + 2) * width + (width + 1) * width

    def down(width, factor):
        return 2 * width * width * (factor + 1) + 2 * 2 * width

    count, width = (7 + 2) * channels, channels
    for number in range(4):
        count += down(width, 4)
        width *= 2
        count += residual(width) if number in (0, 2) else 0
    for _ in range(2):
        count += 3 * residual(width) + down(width, 2)
        width *= 2
    count += (width + 1) * embedding + (2 + steps) * embedding
    layer = 4 * (embedding + 1) * embedding + (embedding + 1) * feed_forward + (feed_forward + 1) * embedding
    count += depth * (layer + 4 * embedding)
    return count + 2 * embedding + (embedding + 1) * classes


def test_parameters():
    small, medium = expected_count(16, 128, 4, 512, 50, 448), expected_count(32, 256, 6, 2048, 50, 448)
    assert outline("eat_s", 50).parameters == small == 5_226_626
    assert outline("eat_m", 50).parameters == medium == 25_388_754


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({}, 112),
        ({"input_samples": 90_112}, 88),
        ({"input_samples": 221_184}, 216),
        ({"input_samples": 16_384, "rate_hz": 16_000, "factors": [4, 4, 4]}, 64),
    ],
)
def test_the_published_lengths_fit_without_rest(settings, steps):
    with SkipInitialisation(), torch.device("meta"):
        network = create("eat_s", classes=2, **settings)
    waveform = torch.zeros(1, network.input_samples, device="meta")
    assert network.run(waveform, stop="embedding").shape == (1, 128, steps)
    assert network(waveform).shape == (1, 2)


def test_stages_of_five_seconds():
    with SkipInitialisation(), torch.device("meta"):
        network = create("eat_s", classes=2)
    waveform = torch.zeros(1, 114_688, device="meta")
    assert {name: tuple(network.run(waveform, stop=name).shape[1:]) for name in network.stage_names[1:]} == {
        "stem": (16, 114_688),
        "down1": (32, 28_672),
        "down2": (64, 7168),
        "down3": (128, 1792),
        "down4": (256, 448),
        "context1": (512, 224),
        "context2": (1024, 112),
        "embedding": (128, 112),
        "tokens": (113, 128),
        **{f"block_{number}": (113, 128) for number in range(1, 5)},
        "feature": (128,),
        "logits": (2,),
    }
    assert network.site("context2").axes == ("batch", "channel", "time")
    assert network.site("tokens").axes == network.site("block_4").axes == ("batch", "token", "channel")


# Settings


@pytest.mark.parametrize("residual", ["modified", "plain"])
@pytest.mark.parametrize("dilated", [True, False])
@pytest.mark.parametrize("transformer", [True, False])
def test_blocks_can_be_switched_for_an_ablation(residual, dilated, transformer):
    network = made(residual=residual, dilated=dilated, transformer=transformer)
    kinds = [type(part) for part in network.modules() if isinstance(part, Residual | PlainResidual)]
    assert set(kinds) == {Residual if residual == "modified" else PlainResidual}
    assert len(kinds) == 2 + 6
    assert network.stages["context1"][2].kernel in (3, 15)
    dilations = {part.dilation[0] for part in network.stages["context2"].modules() if hasattr(part, "dilation")}
    assert (9 in dilations) == dilated
    assert ("tokens" in network.stage_names) == ("block_1" in network.stage_names) == transformer
    assert ("convolution" in network.stage_names) == (not transformer)
    waveform = randn(3, 2048)
    network(waveform).sin().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    for name, site in network.sites.items():
        assert network.run(waveform, stop=name).ndim == len(site.axes), name


@pytest.mark.parametrize(
    ("changes", "least"),
    [({}, 63 * 16 + 1), ({"dilated": False}, 7 * 16 + 1), ({"residual": "plain"}, 9 * 16 + 1)],
)
def test_the_shortest_input(changes, least):
    network = made(**changes, input_samples=least).eval()
    assert network(torch.zeros(1, least)).shape == (1, 5)
    with pytest.raises(ModelError, match=rf"input_samples={least - 1}; expected at least {least} .*smaller factors"):
        made(**changes, input_samples=least - 1)
    unchecked = nn.Sequential(*network.stages.values())
    with pytest.raises(ModelError, match="to mirror"):
        unchecked(torch.zeros(1, least - 1))


def test_speech_commands_needs_fewer_factors():
    with pytest.raises(ModelError, match=r"input_samples=16384; expected at least 32257 with factors \[4, 4, 4, 4\]"):
        create("eat_s", classes=35, rate_hz=16_000, input_samples=16_384)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"channels": 0}, "channels=0"),
        ({"rate_hz": 22_050.0}, "rate_hz=22050.0"),
        ({"depth": 0}, "depth=0"),
        ({"heads": 3}, "embedding 8 cannot be shared by 3 heads"),
        ({"feed_forward": -1}, "feed_forward=-1"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"factors": []}, r"factors=\[\]"),
        ({"factors": 4}, "factors=4; expected a list"),
        ({"factors": [4, 1]}, "a factor=1; expected a whole number of at least 2"),
        ({"input_samples": 2048.0}, "input_samples=2048.0"),
        ({"residual": "none"}, "residual='none'; expected modified or plain"),
        ({"hears": "noise"}, "hears='noise'; expected sound or phase or magnitude or both"),
    ],
)
def test_wrong_settings_are_named(settings, said):
    with pytest.raises(ModelError, match=said):
        made(**settings)


# What is heard


def test_the_sound_is_heard_unless_said_otherwise():
    plain, sound = made(), made(hears="sound")
    assert plain.stage_names == sound.stage_names
    assert "heard" not in plain.stage_names
    assert [(name, value.shape) for name, value in plain.state_dict().items()] == [
        (name, value.shape) for name, value in sound.state_dict().items()
    ]


@pytest.mark.parametrize("hears", ["phase", "magnitude", "both"])
@pytest.mark.parametrize("transformer", [True, False])
def test_phase_and_magnitude_are_heard_in_place_of_the_sound(hears, transformer):
    network = made(hears=hears, transformer=transformer).eval()
    waveform = randn(2, 2048)
    parts = {"phase": phase_waveform(waveform, 1024), "magnitude": magnitude_waveform(waveform, 1024)}
    expected = list(parts.values()) if hears == "both" else [parts[hears]]
    torch.testing.assert_close(network.run(waveform, stop="heard"), torch.stack(expected, dim=1))
    assert network.stages["stem"](torch.stack(expected, dim=1)).shape == (2, 4, 2048)
    usual = made(transformer=transformer)
    assert network.stage_names == ("waveform", "heard", *usual.stage_names[1:])
    assert network.sites == usual.sites
    assert network.hidden_sites == usual.hidden_sites
    count = {id(one): sum(parameter.numel() for parameter in one.parameters()) for one in (network, usual)}
    # A second channel costs the stem a kernel of 7 for each of its channels.
    assert count[id(network)] - count[id(usual)] == (7 * 4 if hears == "both" else 0)
    assert torch.equal(network(waveform), network.run(network.run(waveform, stop="heard"), start="heard"))
    shorter = made(hears=hears, heard_window=256).run(waveform, stop="heard")[:, 0]
    torch.testing.assert_close(shorter, (magnitude_waveform if hears == "magnitude" else phase_waveform)(waveform, 256))


@pytest.mark.parametrize("hears", ["phase", "magnitude", "both"])
def test_silence_and_mixed_precision_are_heard(hears):
    network = made(hears=hears)
    waveform = torch.zeros(3, 2048, requires_grad=True)
    network(waveform).sin().sum().backward()
    assert waveform.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        heard = network.run(randn(2, 2048), stop="heard")
        assert network.run(heard, start="heard").isfinite().all()
    assert torch.equal(heard, network.run(randn(2, 2048), stop="heard"))


def test_a_window_that_does_not_overlap_evenly_is_refused():
    with pytest.raises(FeatureError, match="a window of 1023 samples"):
        made(hears="phase", heard_window=1023)


# Tokens


def test_the_class_token_alone_is_classified():
    network = made().eval()
    tokens = randn(1, 1 + 64, 8)
    other = tokens.clone()
    other[:, 1:] = 0
    assert torch.equal(
        network.run(tokens, start="block_2", stop="feature"), network.run(other, start="block_2", stop="feature")
    )
    value = randn(1, 8, 64)
    positions = fit_token_positions(network.stages["tokens"].positions, 65)
    tokens = network.run(value, start="embedding", stop="tokens") - positions
    torch.testing.assert_close(tokens[:, 1:], value.mT)
    torch.testing.assert_close(tokens[:, :1], network.stages["tokens"].class_token)


def test_blocks_are_post_norm():
    network = made().eval()
    tokens = network.run(randn(2, 2048), stop="block_1")
    torch.testing.assert_close(tokens.mean(-1), torch.zeros(2, 65), atol=1e-5, rtol=0)
    torch.testing.assert_close(tokens.var(-1, correction=0), torch.ones(2, 65), atol=1e-2, rtol=0)
