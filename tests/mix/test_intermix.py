import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.signal import hilbert
from torch import Tensor, nn

from resp import mix
from resp.mix import MixError, Origin, forward_mixed, mixed_targets
from resp.mix.intermix import InterDraw, InterMix, turn_phase
from resp.mix.linear import equal_power
from resp.mix.loudness import a_weighted_level_db
from resp.models.network import Network, Site
from sounds_to_mix import Seen

RATE_HZ = 8000
HIDDEN = Site("block", ("batch", "channel", "time"))
LABELS = torch.tensor([0, 1, 0, 2, 1])


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _sounds(size: int = 5, time: int = 2500) -> Tensor:
    return 0.3 * torch.randn(size, time, generator=_generator(0)) * 0.5 ** torch.arange(size)[:, None]


def _prepared(size: int = 5, seed: int = 0, **known: Any) -> Origin:
    return InterMix().prepare(Origin(_sounds(size), RATE_HZ, **known), _generator(seed))


def _draw(coherence: float, ratio: float = 0.3, partner: tuple[int, ...] = (1, 2, 0)) -> InterDraw:
    ratios = torch.full((len(partner),), ratio)
    coherences = torch.full((len(partner),), coherence)
    return InterDraw(torch.tensor(partner), ratios, *equal_power(ratios), coherences)


def _slow_mix(batch: Tensor, draw: InterDraw) -> Tensor:
    """One number at a time."""
    mixed = batch.double().clone()
    for i, partner in enumerate(draw.partner.tolist()):
        for place in np.ndindex(*batch.shape[1:]):
            ours = float(draw.own[i]) * float(batch[i][place])
            theirs = float(draw.theirs[i]) * float(batch[partner][place])
            root = 0.0
            if ours > 0 and theirs > 0:
                root = math.sqrt(ours * theirs)
            elif ours < 0 and theirs < 0:
                root = -math.sqrt(ours * theirs)
            mixed[i][place] = ours + theirs + 2 * root * float(draw.coherence[i])
    return mixed


@pytest.mark.parametrize("shape", [(3, 30), (3, 1, 17), (3, 2, 4, 5), (3, 4)], ids=str)
@pytest.mark.parametrize("signed", [False, True], ids=["activated", "signed"])
@pytest.mark.parametrize("difference", [0.0, 0.7, math.pi / 2, math.pi])
def test_samples_interfere_as_the_formula_says(shape: tuple[int, ...], signed: bool, difference: float) -> None:
    batch = torch.randn(shape, generator=_generator(0))
    batch = batch if signed else batch.relu()
    before = batch.clone()
    draw = _draw(math.cos(difference))
    mixed = InterMix().apply(batch, draw)
    assert torch.allclose(mixed.double(), _slow_mix(batch, draw), atol=1e-5)
    assert torch.equal(batch, before)
    if not signed:
        assert float(mixed.min()) >= -1e-6


def test_interference_is_constructive_absent_or_destructive() -> None:
    batch = torch.rand(3, 4, 5, generator=_generator(0)) + 0.1
    parts = _draw(0.0)
    ours = parts.own[:, None, None] * batch
    theirs = parts.theirs[:, None, None] * batch[parts.partner]
    # Amplitudes √h add up in phase, powers h at a right angle, and amplitudes cancel in opposite phase.
    for coherence, expected in (
        (1.0, (ours.sqrt() + theirs.sqrt()) ** 2),
        (0.0, ours + theirs),
        (-1.0, (ours.sqrt() - theirs.sqrt()) ** 2),
    ):
        assert torch.allclose(InterMix().apply(batch, _draw(coherence)), expected, atol=1e-5)


def test_signed_values_interfere_only_where_their_signs_agree() -> None:
    batch = torch.tensor([[2.0, -2.0, 2.0, -2.0, 0.0], [0.5, -0.5, -0.5, 0.5, -0.5]])
    draw = InterDraw(torch.tensor([1, 0]), torch.ones(2), torch.ones(2), torch.ones(2), torch.ones(2))
    assert InterMix().apply(batch, draw)[0].tolist() == pytest.approx([4.5, -4.5, 1.5, -1.5, -0.5])


@pytest.mark.parametrize("coherence", [-1.0, 0.0, 1.0])
def test_a_whole_share_gives_the_sample_back(coherence: float) -> None:
    batch = torch.randn(3, 2, 6, generator=_generator(0))
    assert torch.equal(InterMix().apply(batch, _draw(coherence, ratio=1.0)), batch)


@pytest.mark.parametrize("time", [64, 65, 331])
def test_a_quarter_turn_is_the_hilbert_transform(time: int) -> None:
    sound = torch.randn(3, time, dtype=torch.float64, generator=_generator(0))
    # Without what has no phase to turn: the mean, and the highest frequency of an even length.
    spectrum = torch.fft.rfft(sound)
    spectrum[:, 0] = 0
    if time % 2 == 0:
        spectrum[:, -1] = 0
    sound = torch.fft.irfft(spectrum, n=time)
    transformed = torch.from_numpy(np.imag(hilbert(sound.numpy())))
    quarter = torch.full((3,), math.pi / 2)
    assert torch.allclose(turn_phase(sound, quarter), -transformed, atol=1e-6)
    assert torch.allclose(turn_phase(sound, -quarter), transformed, atol=1e-6)
    angle = torch.tensor([0.3, -1.1, 0.0])[:, None].double()
    expected = angle.cos() * sound - angle.sin() * transformed
    assert torch.allclose(turn_phase(sound, angle[:, 0]), expected, atol=1e-6)


def test_a_turned_cosine_is_a_cosine_with_that_phase() -> None:
    place = torch.arange(400, dtype=torch.float64)
    angle = torch.tensor([-1.2, 0.4, 1.5], dtype=torch.float64)
    cosine = torch.cos(2 * math.pi * 30 * place / 400).expand(3, 400)
    expected = torch.cos(2 * math.pi * 30 * place / 400 + angle[:, None])
    assert torch.allclose(turn_phase(cosine, angle), expected, atol=1e-9)


@pytest.mark.parametrize("time", [1, 2, 3, 50, 51])
def test_turning_the_phase_keeps_every_magnitude_and_can_be_undone(time: int) -> None:
    sound = torch.randn(4, time, dtype=torch.float64, generator=_generator(1)) + 0.5
    before = sound.clone()
    angle = torch.tensor([0.0, 0.5, -1.5, math.pi / 2], dtype=torch.float64)
    turned = turn_phase(sound, angle)
    spectrum, turned_spectrum = torch.fft.rfft(sound), torch.fft.rfft(turned)
    assert turned.shape == sound.shape
    assert torch.allclose(turned_spectrum.abs(), spectrum.abs(), atol=1e-9)
    # What has no phase stays: the mean, and the highest frequency of an even length.
    assert torch.allclose(turned.mean(1), sound.mean(1))
    if time % 2 == 0:
        assert torch.allclose(turned_spectrum[:, -1].real, spectrum[:, -1].real)
    assert torch.allclose(turn_phase(turned, -angle), sound, atol=1e-9)
    assert torch.allclose(turned[0], sound[0], atol=1e-12)
    assert torch.equal(sound, before)


def test_sounds_are_turned_by_the_angles_that_are_handed_on() -> None:
    origin = Origin(_sounds(), RATE_HZ, LABELS)
    before = origin.waveform.clone()
    prepared = InterMix().prepare(origin, _generator(3))
    assert prepared.rotation is not None
    assert torch.equal(prepared.waveform, turn_phase(origin.waveform, prepared.rotation))
    assert not torch.allclose(prepared.waveform, origin.waveform)
    assert torch.equal(origin.waveform, before)
    assert origin.rotation is None
    assert prepared.labels is origin.labels


def test_angles_are_uniform_within_a_quarter_turn() -> None:
    prepared = InterMix().prepare(Origin(torch.ones(3000, 2), RATE_HZ), _generator(0))
    assert prepared.rotation is not None
    angles = prepared.rotation.double().numpy()
    assert stats.kstest(angles, stats.uniform(-math.pi / 2, math.pi).cdf).pvalue > 0.01
    assert float(np.abs(angles).max()) <= math.pi / 2


def test_a_draw_holds_partners_of_another_class_and_the_difference_of_the_angles() -> None:
    for seed in range(5):
        origin = _prepared(seed=seed, labels=LABELS)
        assert origin.rotation is not None
        draw = InterMix().draw(torch.zeros(5, 2, 3), HIDDEN, _generator(seed), origin)
        assert bool((LABELS[draw.partner] != LABELS).all())
        for i, partner in enumerate(draw.partner.tolist()):
            difference = float(origin.rotation[i]) - float(origin.rotation[partner])
            assert float(draw.coherence[i]) == pytest.approx(math.cos(difference), abs=1e-6)
        heard_db = 20 * (draw.own / draw.theirs).log10()
        heard_db += a_weighted_level_db(origin.waveform, RATE_HZ)
        heard_db -= a_weighted_level_db(origin.waveform, RATE_HZ)[draw.partner]
        assert heard_db.tolist() == pytest.approx((20 * (draw.weight / (1 - draw.weight)).log10()).tolist(), abs=0.01)


def test_weighting_by_label_puts_the_ratio_in_the_place_of_the_level() -> None:
    origin = _prepared(labels=LABELS)
    by_level, by_label = (
        InterMix(weighting).draw(torch.zeros(5, 3), HIDDEN, _generator(1), origin) for weighting in ("level", "label")
    )
    assert torch.equal(by_label.weight, by_level.weight)
    assert torch.allclose(by_label.own / (by_label.own + by_label.theirs), by_label.weight)
    assert not torch.allclose(by_level.own, by_label.own)


def test_the_only_sample_of_a_batch_stays_as_it_is() -> None:
    batch = torch.randn(1, 3, 4, generator=_generator(0))
    draw = InterMix().draw(batch, HIDDEN, _generator(0), _prepared(1))
    assert torch.equal(InterMix().apply(batch, draw), batch)
    assert draw.weight.tolist() == [1.0]


@pytest.mark.parametrize("silent", [[0, 1], [0]], ids=["both", "one"])
def test_silence_stays_finite(silent: list[int]) -> None:
    waveform = _sounds(2)
    waveform[silent] = 0
    origin = InterMix().prepare(Origin(waveform, RATE_HZ), _generator(0))
    draw = InterMix().draw(waveform, HIDDEN, _generator(0), origin)
    mixed = InterMix().apply(origin.waveform, draw)
    assert bool(mixed.isfinite().all())
    assert bool((mixed == 0).all()) == (len(silent) == 2)


def test_label_weights_are_shares_and_mixed_labels_sum_to_one() -> None:
    draw = InterMix().draw(torch.zeros(5, 3), HIDDEN, _generator(1), _prepared(labels=LABELS))
    assert bool(((draw.weight >= 0) & (draw.weight <= 1)).all())
    mixed = mixed_targets(nn.functional.one_hot(LABELS, 3).float(), draw)
    assert torch.allclose(mixed.sum(1), torch.ones(5))


def test_the_same_seed_gives_the_same_draw_and_leaves_global_state_alone() -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first, second, other = (
        InterMix().draw(torch.zeros(5, 3), HIDDEN, _generator(seed), _prepared(seed=seed)) for seed in (9, 9, 10)
    )
    for field in ("partner", "weight", "own", "theirs", "coherence"):
        assert torch.equal(getattr(first, field), getattr(second, field))
    assert not torch.equal(first.coherence, other.coherence)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_interferes_in_float32(dtype: torch.dtype) -> None:
    # The product of two small halves has no half.
    batch = (1e-3 * torch.rand(5, 2, 8, generator=_generator(0))).to(dtype)
    origin = InterMix().prepare(Origin(_sounds().to(dtype), RATE_HZ), _generator(1))
    assert origin.waveform.dtype == dtype
    draw = InterMix().draw(batch, HIDDEN, _generator(1), origin)
    mixed = InterMix().apply(batch, draw)
    assert mixed.dtype == dtype
    assert torch.equal(mixed, InterMix().apply(batch.float(), draw).to(dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        again = InterMix().prepare(Origin(_sounds().to(dtype), RATE_HZ), _generator(1))
        assert torch.equal(again.waveform, origin.waveform)
        assert torch.equal(InterMix().apply(batch, draw), mixed)


def test_gradients_are_right_and_finite_behind_an_activation() -> None:
    batch = torch.rand(3, 2, 4, dtype=torch.float64, generator=_generator(0)) + 0.2
    batch = (batch * torch.tensor([1.0, -1.0])[:, None]).requires_grad_()
    assert torch.autograd.gradcheck(lambda value: InterMix().apply(value, _draw(0.6)), (batch,))
    below = torch.randn(3, 50, generator=_generator(1)).requires_grad_()
    InterMix().apply(below.relu(), _draw(0.6)).sum().backward()
    assert below.grad is not None
    assert bool(below.grad.isfinite().all())
    assert bool((below.grad[below > 0] != 0).all())


@pytest.mark.parametrize("site", ["waveform", "block"])
def test_the_network_hears_the_turned_sounds_and_is_mixed_behind_the_site(site: str) -> None:
    torch.manual_seed(0)
    first = Seen(nn.Sequential(nn.Unflatten(1, (1, 24)), nn.Conv1d(1, 3, 5), nn.ReLU()))
    network = Network(
        {"block": first, "feature": nn.Flatten(), "logits": nn.Linear(60, 3)},
        sites=[HIDDEN],
        classes=("a", "b", "c"),
        rate_hz=24,
        input_samples=24,
        feature_size=60,
    )
    waveform = torch.randn(5, 24, generator=_generator(0))
    with torch.no_grad():
        logits, draw = forward_mixed(network, waveform, mix.create("intermix"), site, _generator(1), labels=LABELS)
        heard = InterMix().prepare(Origin(waveform, 24), _generator(1)).waveform
        plain = network.run(heard, stop=site)
        assert torch.equal(logits, network.run(InterMix().apply(plain, draw), start=site))
        assert not torch.allclose(logits, network(heard))
    assert torch.equal(first.seen[0], heard) == (site == "block")


def test_what_intermix_must_know_is_asked_for() -> None:
    batch = torch.zeros(5, 3)
    with pytest.raises(MixError, match="not told the sounds"):
        InterMix().draw(batch, HIDDEN, _generator(0))
    with pytest.raises(MixError, match="prepare"):
        InterMix().draw(batch, HIDDEN, _generator(0), Origin(_sounds(), RATE_HZ))
    with pytest.raises(MixError, match="'level' or 'label'"):
        mix.create("intermix", weighting="p")
    with pytest.raises(MixError, match="batch, time"):
        turn_phase(torch.zeros(2, 1, 4), torch.zeros(2))


def test_a_generator_elsewhere_is_refused() -> None:
    class Elsewhere:
        device = torch.device("meta")

    with pytest.raises(MixError, match="CPU"):
        InterMix().prepare(Origin(_sounds(), RATE_HZ), Elsewhere())  # type: ignore[arg-type]
    with pytest.raises(MixError, match="CPU"):
        InterMix().draw(torch.zeros(5, 3), HIDDEN, Elsewhere(), _prepared())  # type: ignore[arg-type]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_batch_interferes_like_a_cpu_batch() -> None:
    here = _prepared(seed=1, labels=LABELS)
    draw = InterMix().draw(here.waveform, HIDDEN, _generator(4), here)
    with torch.autocast("cuda", dtype=torch.float16):
        there = InterMix().prepare(Origin(_sounds().cuda(), RATE_HZ, LABELS.cuda()), _generator(1))
        moved = InterMix().draw(there.waveform, HIDDEN, _generator(4), there)
        mixed = InterMix().apply(here.waveform.cuda(), moved)
    assert torch.allclose(there.waveform.cpu(), here.waveform, atol=1e-5)
    assert torch.allclose(moved.coherence.cpu(), draw.coherence, atol=1e-5)
    assert torch.allclose(mixed.cpu(), InterMix().apply(here.waveform, draw), atol=1e-4)
