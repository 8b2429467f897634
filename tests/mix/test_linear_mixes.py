"""Mixup, EAT's mixup, BC learning and SpeechMix: weighted sums."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from resp import mix
from resp.mix import MixError, Origin, mixed_targets
from resp.mix.eat_mixup import EatMixup
from resp.mix.linear import LinearDraw, equal_power, heard_ratio
from resp.mix.loudness import a_weighted_level_db, mean_power_level_db
from resp.mix.mixup import Mixup
from sounds_to_mix import LABELS, RATE_HZ, WAVEFORM, generator, made_sounds, origin_of

NAMES = ("mixup", "eat_mixup", "bc", "speechmix")
SHAPES = [(5, 2049), (5, 1, 37), (5, 3, 16), (5, 2, 4, 5), (5, 7)]


def _slow_sum(batch: Tensor, draw: LinearDraw) -> Tensor:
    rows = []
    for i, partner in enumerate(draw.partner.tolist()):
        rows.append(float(draw.own[i]) * batch[i].double() + float(draw.theirs[i]) * batch[partner].double())
    return torch.stack(rows)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_a_mixed_batch_is_the_weighted_sum_and_nothing_is_changed_in_place(name: str, shape: tuple[int, ...]) -> None:
    batch = torch.randn(shape, generator=generator(1))
    origin = origin_of(labels=LABELS)
    before, sounds = batch.clone(), origin.waveform.clone()
    made = mix.create(name)
    draw = made.draw(batch, WAVEFORM, generator(2), origin)
    mixed = made.apply(batch, draw)
    assert torch.allclose(mixed.double(), _slow_sum(batch, draw), atol=1e-5)
    assert not torch.allclose(mixed, batch)
    assert (mixed.shape, mixed.dtype) == (batch.shape, batch.dtype)
    assert torch.equal(batch, before)
    assert torch.equal(origin.waveform, sounds)


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_share_gives_the_sample_back(name: str) -> None:
    batch = torch.randn(4, 3, 6, generator=generator(0))
    whole = torch.ones(4)
    draw = LinearDraw(torch.tensor([1, 2, 3, 0]), whole, *equal_power(whole))
    assert torch.equal(mix.create(name).apply(batch, draw), batch)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", NAMES)
def test_the_only_sample_of_a_batch_stays_as_it_is(name: str, seed: int) -> None:
    batch = torch.randn(1, 9, generator=generator(seed))
    made = mix.create(name)
    draw = made.draw(batch, WAVEFORM, generator(seed), origin_of(1, labels=LABELS[:1]))
    assert torch.equal(made.apply(batch, draw), batch)
    assert (draw.partner.tolist(), draw.weight.tolist()) == ([0], [1.0])


@pytest.mark.parametrize("name", ["mixup", "eat_mixup"])
def test_who_is_its_own_partner_stays_as_it_is(name: str) -> None:
    batch = torch.randn(5, 9, generator=generator(0))
    made = mix.create(name)
    alone = 0
    for seed in range(20):
        draw = made.draw(batch, WAVEFORM, generator(seed), origin_of())
        mixed = made.apply(batch, draw)
        for i in range(5):
            own = int(draw.partner[i]) == i
            alone += own
            assert torch.equal(mixed[i], batch[i]) == own
    assert alone > 5


@pytest.mark.parametrize("name", ["bc", "speechmix"])
def test_two_sounds_are_heard_in_the_ratio_of_their_labels(name: str) -> None:
    origin = origin_of(labels=LABELS)
    for seed in range(8):
        draw = mix.create(name).draw(origin.waveform, WAVEFORM, generator(seed), origin)
        ours, theirs = draw.own[:, None] * origin.waveform, draw.theirs[:, None] * origin.waveform[draw.partner]
        heard_db = a_weighted_level_db(ours, RATE_HZ) - a_weighted_level_db(theirs, RATE_HZ)
        wanted_db = 20 * (draw.weight / (1 - draw.weight)).log10()
        assert heard_db.tolist() == pytest.approx(wanted_db.tolist(), abs=0.02)
        assert bool((LABELS[draw.partner] != LABELS).all())


@pytest.mark.parametrize("label_weight", ["ratio", "level"])
def test_eats_sounds_have_their_power_in_the_ratio(label_weight: Any) -> None:
    origin = origin_of()
    for seed in range(8):
        draw = EatMixup(label_weight).draw(origin.waveform, WAVEFORM, generator(seed), origin)
        ratio = EatMixup().draw(origin.waveform, WAVEFORM, generator(seed), origin).weight
        mixed = draw.partner != torch.arange(5)
        ours, theirs = draw.own[:, None] * origin.waveform, draw.theirs[:, None] * origin.waveform[draw.partner]
        power_db = mean_power_level_db(ours) - mean_power_level_db(theirs)
        wanted_db = 20 * (ratio / (1 - ratio)).log10()
        assert power_db[mixed].tolist() == pytest.approx(wanted_db[mixed].tolist(), abs=0.02)
        share = draw.own / (draw.own + draw.theirs)
        assert torch.allclose(draw.weight, ratio if label_weight == "ratio" else share, atol=1e-6)


def test_the_heard_ratio_is_the_papers() -> None:
    ratio = torch.tensor([0.3, 0.8, 0.5, 0.0, 1.0, 0.001])
    level_db = torch.tensor([-3.0, -20, -40, -80, -12, -12])
    partner = torch.tensor([1, 0, 3, 2, 3, 4])
    found = heard_ratio(ratio, level_db, partner)
    for i in (0, 1, 2, 5):
        r, difference = float(ratio[i]), float(level_db[i] - level_db[partner[i]])
        assert float(found[i]) == pytest.approx(1 / (1 + 10 ** (difference / 20) * (1 - r) / r), rel=1e-5)
    # The limits, where the formula as it is printed divides by zero.
    assert found[3:5].tolist() == [0, 1]
    assert torch.allclose(heard_ratio(ratio, torch.full((6,), -9.0), partner), ratio)


def test_uncorrelated_sounds_of_equal_power_keep_it() -> None:
    noise = torch.randn(2, 200_000, dtype=torch.float64, generator=generator(0))
    noise /= noise.square().mean(1, keepdim=True).sqrt()
    for ratio in (0.0, 0.2, 0.5, 0.9):
        own, theirs = equal_power(torch.tensor([ratio, ratio]))
        draw = LinearDraw(torch.tensor([1, 0]), torch.ones(2), own, theirs)
        mixed = mix.create("bc").apply(noise, draw)
        assert float((own.square() + theirs.square())[0]) == pytest.approx(1, abs=1e-6)
        assert mixed.square().mean(1).tolist() == pytest.approx([1, 1], abs=0.01)


@pytest.mark.parametrize("name", ["eat_mixup", "bc", "speechmix"])
@pytest.mark.parametrize("silent", [[0, 1], [0]], ids=["both", "one"])
def test_silence_stays_finite(name: str, silent: list[int]) -> None:
    waveform = made_sounds(2)
    waveform[silent] = 0
    origin = Origin(waveform, RATE_HZ)
    for seed in range(4):
        draw = mix.create(name).draw(waveform, WAVEFORM, generator(seed), origin)
        mixed = mix.create(name).apply(waveform, draw)
        assert bool(mixed.isfinite().all())
        assert bool(torch.stack([draw.own, draw.theirs, draw.weight]).isfinite().all())
        assert bool((mixed == 0).all()) == (len(silent) == 2)


@pytest.mark.parametrize("name", NAMES)
def test_label_weights_are_shares_and_mixed_labels_sum_to_one(name: str) -> None:
    targets = nn.functional.one_hot(LABELS, 3).float()
    for seed in range(5):
        draw = mix.create(name).draw(torch.zeros(5, 4), WAVEFORM, generator(seed), origin_of(labels=LABELS))
        assert draw.weight.shape == (5,)
        assert bool(((draw.weight >= 0) & (draw.weight <= 1)).all())
        mixed = mixed_targets(targets, draw)
        assert torch.allclose(mixed.sum(1), torch.ones(5))
        for i, partner in enumerate(draw.partner.tolist()):
            assert torch.allclose(mixed[i], draw.weight[i] * targets[i] + (1 - draw.weight[i]) * targets[partner])


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_draw_and_leaves_global_state_alone(name: str) -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first, second, other = (
        mix.create(name).draw(torch.zeros(5, 4), WAVEFORM, generator(seed), origin_of()) for seed in (9, 9, 10)
    )
    for field in ("partner", "weight", "own", "theirs"):
        assert torch.equal(getattr(first, field), getattr(second, field))
    assert not torch.equal(first.weight, other.weight)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("alpha", [1.0, 0.2, 3.0])
def test_mixups_share_follows_its_beta_distribution(alpha: float) -> None:
    draw = Mixup(alpha, per_sample=True).draw(torch.zeros(3000, 1), WAVEFORM, generator(5))
    shares = draw.weight[draw.partner != torch.arange(3000)].numpy().astype(np.float64)
    assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 0.01
    assert stats.kstest(shares, stats.beta(alpha * 2, alpha).cdf).pvalue < 1e-6
    assert torch.equal(draw.own + draw.theirs, torch.ones(3000))
    assert torch.equal(draw.own, draw.weight)


def test_mixup_draws_one_share_for_the_batch_unless_told_otherwise() -> None:
    shares = []
    for seed in range(300):
        draw = Mixup(0.5).draw(torch.zeros(6, 1), WAVEFORM, generator(seed))
        own = set(draw.weight[draw.partner != torch.arange(6)].tolist())
        assert len(own) <= 1
        shares += own
    assert stats.kstest(shares, stats.beta(0.5, 0.5).cdf).pvalue > 0.01


@pytest.mark.parametrize(("name", "lowest"), [("bc", 0.0), ("speechmix", 0.0), ("eat_mixup", 0.1)])
def test_ratios_are_uniform_from_the_lowest(name: str, lowest: float) -> None:
    origin = Origin(torch.ones(2000, 8), RATE_HZ)
    draw = mix.create(name).draw(origin.waveform, WAVEFORM, generator(2), origin)
    ratios = draw.weight[draw.partner != torch.arange(2000)].numpy()
    assert stats.kstest(ratios, stats.uniform(lowest, 1 - lowest).cdf).pvalue > 0.01
    assert float(ratios.min()) == pytest.approx(lowest, abs=0.01)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", NAMES)
def test_half_precision_is_summed_in_float32(name: str, dtype: torch.dtype) -> None:
    batch = torch.randn(5, 3, 8, generator=generator(0)).to(dtype)
    made = mix.create(name)
    draw = made.draw(batch, WAVEFORM, generator(1), origin_of())
    mixed = made.apply(batch, draw)
    assert mixed.dtype == dtype
    assert torch.equal(mixed, made.apply(batch.float(), draw).to(dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        again = made.draw(batch, WAVEFORM, generator(1), origin_of())
        assert torch.equal(again.own, draw.own)
        assert torch.equal(made.apply(batch, again), mixed)


def test_gradient_flows_to_both_samples() -> None:
    batch = torch.randn(4, 3, 2, dtype=torch.float64, generator=generator(0), requires_grad=True)
    draw = Mixup().draw(batch, WAVEFORM, generator(1))
    assert torch.autograd.gradcheck(lambda value: Mixup().apply(value, draw), (batch,))


@pytest.mark.parametrize("name", ["eat_mixup", "bc", "speechmix"])
def test_mixes_by_level_must_know_the_sounds(name: str) -> None:
    with pytest.raises(MixError, match="not told the sounds"):
        mix.create(name).draw(torch.zeros(5, 4), WAVEFORM, generator(0))
    with pytest.raises(MixError, match="5 sounds for a batch of 4"):
        mix.create(name).draw(torch.zeros(4, 4), WAVEFORM, generator(0), origin_of())


@pytest.mark.parametrize("name", NAMES)
def test_a_generator_elsewhere_is_refused(name: str) -> None:
    class Elsewhere:
        device = torch.device("meta")

    with pytest.raises(MixError, match="CPU"):
        mix.create(name).draw(torch.zeros(5, 4), WAVEFORM, Elsewhere(), origin_of())  # type: ignore[arg-type]


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan"), float("inf"), "1"])
def test_alpha_must_be_positive(alpha: Any) -> None:
    with pytest.raises(MixError, match="alpha"):
        Mixup(alpha)


def test_a_word_is_neither_true_nor_false() -> None:
    with pytest.raises(MixError, match="per_sample='no'; expected true or false"):
        mix.create("mixup", per_sample="no")
    with pytest.raises(MixError, match="columns='no'; expected true or false"):
        mix.create("patch", columns="no")


def test_label_weights_that_there_are_not_are_refused() -> None:
    with pytest.raises(MixError, match="'ratio' or 'level'"):
        mix.create("eat_mixup", label_weight="p")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", NAMES)
def test_a_cuda_batch_is_mixed_like_a_cpu_batch(name: str) -> None:
    made = mix.create(name)
    origin = origin_of(labels=LABELS)
    moved = Origin(origin.waveform.cuda(), RATE_HZ, LABELS.cuda())
    draw = made.draw(origin.waveform, WAVEFORM, generator(4), origin)
    with torch.autocast("cuda", dtype=torch.float16):
        there = made.draw(moved.waveform, WAVEFORM, generator(4), moved)
        mixed = made.apply(moved.waveform, there)
    assert torch.equal(there.partner.cpu(), draw.partner)
    assert torch.allclose(there.own.cpu(), draw.own, atol=1e-5)
    assert torch.allclose(mixed.cpu(), made.apply(origin.waveform, draw), atol=1e-5)
    targets = nn.functional.one_hot(LABELS, 3).float()
    assert torch.allclose(mixed_targets(targets.cuda(), there).cpu(), mixed_targets(targets, draw), atol=1e-5)
