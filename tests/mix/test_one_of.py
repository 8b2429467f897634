import numpy as np
import pytest
import torch
from torch import nn

from resp import mix
from resp.mix import Mix, MixError, Origin, forward_mixed, mixed_targets
from resp.mix.one_of import EAT_MIXES, OneOf
from resp.mix.patch_mix import PatchMix
from resp.mix.time_mix import TimeMix
from resp.models.network import Network, Site

WAVEFORM = Site("waveform", ("batch", "time"))
PATCHES = Site("patches", ("batch", "patch", "channel"), grid=(2, 3))


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _batch(size: int = 4) -> torch.Tensor:
    return torch.randn(size, 600, generator=_generator(0))


def _network() -> Network:
    return Network(
        {"feature": nn.Identity(), "logits": nn.Linear(600, 2)},
        sites=[],
        classes=("normal", "abnormal"),
        rate_hz=4000,
        input_samples=600,
        feature_size=600,
    )


def test_the_default_members_are_those_of_eat() -> None:
    one_of = OneOf()
    assert [type(member) for member in one_of.members] == [type(mix.create(name)) for name in EAT_MIXES]
    assert one_of.probabilities == (0.25,) * 4


@pytest.mark.parametrize(
    ("probabilities", "expected"), [(None, (1 / 3,) * 3), ((0.6, 0.3, 0.1), (0.6, 0.3, 0.1)), ((0, 1, 0), (0, 1, 0))]
)
@pytest.mark.parametrize("directly", [True, False])
def test_each_member_is_drawn_with_its_probability(
    probabilities: tuple[float, ...] | None, expected: tuple[float, ...], directly: bool
) -> None:
    one_of = OneOf(["timemix", "freqmix", "phasemix"], probabilities)
    generator = _generator(1)
    batch = torch.zeros(2, 16)
    drawn: list[Mix[object]] = [
        one_of.draw(batch, WAVEFORM, generator).member if directly else one_of.choose([WAVEFORM], generator)
        for _ in range(1500)
    ]
    counts = np.array([drawn.count(member) for member in one_of.members])
    wanted = np.array(expected)
    # Four standard deviations of a binomial count; 0 and 1500 exactly where the probability is 0 or 1.
    assert bool((np.abs(counts - 1500 * wanted) <= 4 * np.sqrt(1500 * wanted * (1 - wanted)) + 1e-9).all())


def test_a_draw_remembers_its_member() -> None:
    batch = _batch()
    before = batch.clone()
    origin = Origin(batch, 4000)
    one_of = OneOf()
    seen = set()
    for seed in range(20):
        draw = one_of.draw(batch, WAVEFORM, _generator(seed), origin)
        mixed = one_of.apply(batch, draw)
        assert torch.equal(mixed, draw.member.apply(batch, draw.drawn))
        assert torch.equal(draw.partner, draw.drawn.partner)
        assert torch.equal(draw.weight, draw.drawn.weight)
        assert torch.allclose(mixed_targets(torch.eye(4), draw), mixed_targets(torch.eye(4), draw.drawn))
        seen.add(type(draw.member))
    assert len(seen) == 4
    assert torch.equal(batch, before)


def test_the_same_seed_gives_the_same_mix_through_the_driver_too() -> None:
    network, one_of = _network(), OneOf()
    runs = [
        forward_mixed(network, _batch(), one_of, "waveform", _generator(seed), stop="waveform")[0]
        for seed in (0, 0, 1, 2, 3, 4, 5)
    ]
    assert torch.equal(runs[0], runs[1])
    assert not any(torch.equal(runs[0], other) for other in runs[2:])
    assert torch.equal(
        runs[0], one_of.apply(_batch(), one_of.draw(_batch(), WAVEFORM, _generator(0), Origin(_batch(), 4000)))
    )


def test_members_have_their_settings() -> None:
    one_of = OneOf([{"name": "patch", "settings": {"alpha": 0.4}}, {"name": "timemix"}, "tpatch"])
    first, second, third = one_of.members
    assert isinstance(first, PatchMix)
    assert (first.alpha, first.columns) == (0.4, False)
    assert isinstance(second, TimeMix)
    assert isinstance(third, PatchMix)
    assert third.columns


def test_only_members_that_fit_a_site_are_drawn_there() -> None:
    one_of = OneOf(["patch", "timemix"])
    batch = torch.arange(24.0).reshape(2, 6, 2)
    assert one_of.problem(WAVEFORM) is None
    assert one_of.problem(PATCHES) is None
    for seed in range(8):
        assert one_of.draw(batch, PATCHES, _generator(seed)).member is one_of.members[0]
        assert one_of.draw(torch.zeros(2, 6), WAVEFORM, _generator(seed)).member is one_of.members[1]


def test_a_site_that_no_member_fits_is_refused() -> None:
    one_of = OneOf(["patch", "tpatch", "freqmix"])
    logits = Site("logits", ("batch", "class"))
    assert "Patch-Mix cannot act" in str(one_of.problem(logits))
    assert "FreqMix cannot act" in str(one_of.problem(logits))
    assert str(one_of.problem(logits)).count("Patch-Mix") == 1
    with pytest.raises(MixError, match="cannot act"):
        one_of.draw(torch.zeros(2, 3), logits, _generator(0))
    with pytest.raises(MixError, match="probability 0"):
        OneOf(["timemix", "patch"], [0, 1]).draw(torch.zeros(2, 3), WAVEFORM, _generator(0))


def test_one_of_may_be_a_member() -> None:
    nested = OneOf(["timemix", {"name": "one_of", "settings": {"mixes": ["freqmix", "phasemix"]}}])
    generator = _generator(0)
    chosen = {type(nested.choose([WAVEFORM], generator)).__name__ for _ in range(40)}
    assert chosen == {"TimeMix", "FreqMix", "PhaseMix"}
    batch = _batch()
    for seed in range(4):
        draw = nested.draw(batch, WAVEFORM, _generator(seed))
        assert nested.apply(batch, draw).shape == batch.shape


@pytest.mark.parametrize(
    "mixes",
    [
        [],
        "timemix",
        None,
        [3],
        [{"settings": {}}],
        [{"name": "timemix", "probability": 1}],
        [{"name": "timemix", "settings": 3}],
    ],
)
def test_members_must_be_described(mixes: object) -> None:
    with pytest.raises(MixError, match="name"):
        OneOf(mixes)  # type: ignore[arg-type]


def test_unknown_members_and_settings_are_refused() -> None:
    with pytest.raises(MixError, match="did you mean 'timemix'"):
        OneOf(["timemx"])
    with pytest.raises(MixError, match="alpha"):
        OneOf([{"name": "timemix", "settings": {"alpha": 1}}])


@pytest.mark.parametrize(
    "probabilities", [[1.0], [0.5, 0.4], [1.5, -0.5], ["a", 1], [float("nan"), 1.0], [True, False], 0.5, "ab"]
)
def test_probabilities_must_be_the_members(probabilities: object) -> None:
    with pytest.raises(MixError, match="probabilities"):
        OneOf(["timemix", "freqmix"], probabilities)  # type: ignore[arg-type]


def test_only_members_that_fit_a_site_are_chosen() -> None:
    one_of = OneOf(["patch", "timemix"])
    chosen = {type(one_of.choose([WAVEFORM], torch.Generator().manual_seed(seed))).__name__ for seed in range(20)}
    assert chosen == {"TimeMix"}
    with pytest.raises(MixError, match="patch"):
        OneOf(["patch"]).choose([WAVEFORM], torch.Generator().manual_seed(0))
