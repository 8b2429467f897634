import pytest
import torch
from scipy import stats

from resp import mix
from resp.mix import MixError, mixed_targets
from resp.mix.time_mix import TimeDraw, TimeMix
from resp.models.network import Site

WAVEFORM = Site("waveform", ("batch", "time"))
SITES = {
    "waveform": (WAVEFORM, (5, 37)),
    "one channel": (Site("waveform", ("batch", "channel", "time")), (5, 1, 37)),
    "spectrogram": (Site("spectrogram", ("batch", "frame", "bin")), (4, 11, 3)),
    "map": (Site("map", ("batch", "channel", "bin", "frame")), (3, 2, 4, 9)),
}


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _numbered(shape: tuple[int, ...]) -> torch.Tensor:
    # Every value is another one, so that each tells whose it is.
    return torch.arange(float(torch.Size(shape).numel())).reshape(shape)


@pytest.mark.parametrize("case", SITES)
@pytest.mark.parametrize("seed", range(6))
def test_one_end_is_the_partners_and_all_else_is_ones_own(case: str, seed: int) -> None:
    site, shape = SITES[case]
    batch = _numbered(shape)
    before = batch.clone()
    draw = TimeMix().draw(batch, site, _generator(seed))
    mixed = TimeMix().apply(batch, draw)
    assert torch.equal(batch, before)
    axis = next(place for place, name in enumerate(site.axes) if name in ("time", "frame"))
    length = shape[axis]
    for i in range(shape[0]):
        swapped = round((1 - float(draw.weight[i])) * length)
        at_start = int(draw.first[i]) == 0
        for place in range(length):
            theirs = place < swapped if at_start else place >= length - swapped
            owner = int(draw.partner[i]) if theirs else i
            assert torch.equal(mixed[i].select(axis - 1, place), before[owner].select(axis - 1, place))


def test_label_weight_is_the_share_of_samples_kept() -> None:
    batch = torch.eye(64)[:, :1].expand(64, 1001)  # The first sound is ones, all others are zeros.
    draw = TimeMix().draw(batch, WAVEFORM, _generator(0))
    kept = TimeMix().apply(batch, draw)[0].mean()
    assert int(draw.partner[0]) != 0
    assert float(draw.weight[0]) == pytest.approx(float(kept))


def test_shares_are_uniform_from_a_half_to_one_and_both_ends_as_likely() -> None:
    batch = torch.zeros(3000, 1).expand(3000, 100_000)
    draw = TimeMix().draw(batch, WAVEFORM, _generator(1))
    assert 0.5 <= float(draw.weight.min()) < 0.51 < 0.99 < float(draw.weight.max()) <= 1
    assert stats.kstest(draw.weight.numpy(), stats.uniform(0.5, 0.5).cdf).pvalue > 0.01
    at_start = int((draw.first == 0).sum())
    assert stats.binomtest(at_start, 3000).pvalue > 0.001
    assert torch.equal((draw.first == 0) | (draw.last == 100_000), torch.ones(3000, dtype=torch.bool))
    # Every sample has a share of its own.
    assert len(draw.weight.unique()) > 2900


def test_nothing_given_up_leaves_the_batch_as_it_was() -> None:
    batch = _numbered((3, 8))
    nothing = torch.tensor([0, 8, 8])
    draw = TimeDraw(torch.tensor([1, 2, 0]), torch.ones(3), nothing, nothing, axis=1)
    assert torch.equal(TimeMix().apply(batch, draw), batch)


def test_one_position_is_ones_own() -> None:
    batch = _numbered((4, 1))
    for seed in range(10):
        draw = TimeMix().draw(batch, WAVEFORM, _generator(seed))
        assert torch.equal(TimeMix().apply(batch, draw), batch)
        assert draw.weight.tolist() == [1.0] * 4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_values_are_copied_not_computed(dtype: torch.dtype) -> None:
    batch = torch.randn(5, 50, generator=_generator(0)).to(dtype)
    draw = TimeMix().draw(batch, WAVEFORM, _generator(1))
    mixed = TimeMix().apply(batch, draw)
    assert mixed.dtype == dtype
    assert torch.isin(mixed, batch).all()


def test_a_batch_of_one_stays_as_it_is() -> None:
    batch = torch.randn(1, 33, generator=_generator(0))
    draw = TimeMix().draw(batch, WAVEFORM, _generator(1))
    assert torch.equal(TimeMix().apply(batch, draw), batch)
    target = torch.tensor([[0.0, 1.0]])
    assert torch.allclose(mixed_targets(target, draw), target)


def test_the_same_seed_gives_the_same_draw_and_leaves_global_state_alone() -> None:
    batch = _numbered((6, 20))
    state = torch.get_rng_state()
    first, same, other = (TimeMix().draw(batch, WAVEFORM, _generator(seed)) for seed in (3, 3, 4))
    assert torch.equal(TimeMix().apply(batch, first), TimeMix().apply(batch, same))
    assert not torch.equal(TimeMix().apply(batch, first), TimeMix().apply(batch, other))
    assert torch.equal(torch.get_rng_state(), state)


def test_sites_without_time_are_refused() -> None:
    with pytest.raises(MixError, match="'time' or 'frame'"):
        TimeMix().draw(torch.zeros(2, 6, 4), Site("patches", ("batch", "patch", "channel")), _generator(0))
    for shape in ((2, 3, 4), (2, 0)):
        with pytest.raises(MixError, match="shape"):
            TimeMix().draw(torch.zeros(shape), WAVEFORM, _generator(0))
    with pytest.raises(MixError, match="alpha"):
        mix.create("timemix", alpha=2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_batch_is_mixed_like_a_cpu_batch() -> None:
    batch = torch.randn(4, 300, generator=_generator(0))
    draw = TimeMix().draw(batch.cuda(), WAVEFORM, _generator(1))
    assert torch.equal(TimeMix().apply(batch.cuda(), draw).cpu(), TimeMix().apply(batch, draw))
