import numpy as np
import pytest
import torch
from scipy import stats

from resp import mix
from resp.mix import MixError, mixed_targets
from resp.mix.patch_mix import PatchMix
from resp.models.network import Site

PATCHES = Site("patches", ("batch", "patch", "channel"), grid=(3, 5))
IMAGE = Site("image", ("batch", "channel", "patch"))


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _batch(size: int = 6, patches: int = 15, channels: int = 4) -> torch.Tensor:
    # Every value says whose it is: sample · 1000 + patch · 10 + channel.
    sample, patch, channel = torch.meshgrid(
        torch.arange(size), torch.arange(patches), torch.arange(channels), indexing="ij"
    )
    return (sample * 1000 + patch * 10 + channel).float()


@pytest.mark.parametrize("size", [1, 2, 5, 8])
@pytest.mark.parametrize("seed", range(6))
def test_exactly_the_drawn_patches_are_the_partners(size: int, seed: int) -> None:
    batch = _batch(size)
    before = batch.clone()
    patch_mix = PatchMix()
    draw = patch_mix.draw(batch, PATCHES, _generator(seed))
    mixed = patch_mix.apply(batch, draw)
    assert torch.equal(batch, before)
    swapped = set(draw.positions.tolist())
    for i in range(size):
        for patch in range(15):
            owner = int(draw.partner[i]) if patch in swapped else i
            assert torch.equal(mixed[i, patch], before[owner, patch])


def test_weight_is_the_share_that_was_kept() -> None:
    batch = _batch(3)
    for seed in range(40):
        draw = PatchMix().draw(batch, PATCHES, _generator(seed))
        kept = 1 - len(draw.positions) / 15
        assert draw.weight.shape == (3,)
        assert draw.weight.tolist() == pytest.approx([kept] * 3)
        assert len(set(draw.positions.tolist())) == len(draw.positions)
        assert sorted(draw.partner.tolist()) == [0, 1, 2]


@pytest.mark.parametrize("alpha", [1.0, 0.4, 3.0])
def test_kept_share_follows_its_beta_distribution(alpha: float) -> None:
    generator = _generator(11)
    site = Site("patches", ("batch", "patch"))
    batch = torch.zeros(2, 20_000)
    patch_mix = PatchMix(alpha)
    kept = np.array([float(patch_mix.draw(batch, site, generator).weight[0]) for _ in range(800)])
    assert stats.kstest(kept, stats.beta(alpha, alpha).cdf).pvalue > 0.01
    # The test must be able to tell another distribution apart.
    assert stats.kstest(kept, stats.beta(alpha * 2, alpha).cdf).pvalue < 1e-6


def test_number_of_swapped_patches_is_rounded_down() -> None:
    # With one patch, int(1 · (1 − λ)) is 0 for every λ above 0: nothing is ever swapped.
    batch = torch.arange(4.0).reshape(4, 1, 1)
    site = Site("patches", ("batch", "patch", "channel"), grid=(1, 1))
    for seed in range(20):
        draw = PatchMix().draw(batch, site, _generator(seed))
        assert torch.equal(PatchMix().apply(batch, draw), batch)
        assert draw.weight.tolist() == [1.0] * 4


def test_every_position_and_partner_is_equally_likely() -> None:
    generator = _generator(3)
    batch = torch.zeros(3, 15, 1)
    positions = np.zeros(15)
    partners = np.zeros(3)
    for _ in range(3000):
        draw = PatchMix().draw(batch, PATCHES, generator)
        positions[draw.positions.numpy()] += 1
        partners[int(draw.partner[0])] += 1
    assert stats.chisquare(positions).pvalue > 0.001
    assert stats.chisquare(partners).pvalue > 0.001


@pytest.mark.parametrize("seed", range(8))
def test_tpatch_swaps_whole_time_columns(seed: int) -> None:
    batch = _batch()
    tpatch = mix.create("tpatch")
    draw = tpatch.draw(batch, PATCHES, _generator(seed))
    swapped = torch.zeros(15, dtype=torch.bool)
    swapped[draw.positions] = True
    columns = swapped.reshape(3, 5)  # frequency × time
    assert bool((columns == columns[0]).all())
    assert float(draw.weight[0]) == pytest.approx(1 - int(columns[0].sum()) / 5)
    mixed = tpatch.apply(batch, draw).reshape(6, 3, 5, 4)
    theirs = batch[draw.partner].reshape(6, 3, 5, 4)
    own = batch.reshape(6, 3, 5, 4)
    for time in range(5):
        expected = theirs if columns[0, time] else own
        assert torch.equal(mixed[:, :, time], expected[:, :, time])


def test_tpatch_kept_share_is_uniform_over_columns() -> None:
    generator = _generator(5)
    batch = torch.zeros(2, 15, 1)
    kept = [round(float(PatchMix(columns=True).draw(batch, PATCHES, generator).weight[0]) * 5) for _ in range(2000)]
    # int(5 (1 − λ)) is 0 … 4, each with probability 1/5.
    assert stats.chisquare(np.bincount(kept, minlength=6)[1:]).pvalue > 0.001


def test_patches_may_lie_on_any_axis() -> None:
    batch = _batch().transpose(1, 2).contiguous()
    patch_mix = PatchMix()
    draw = patch_mix.draw(batch, IMAGE, _generator(1))
    assert 0 < len(draw.positions) < 15
    same = patch_mix.draw(_batch(), PATCHES, _generator(1))
    assert torch.equal(patch_mix.apply(batch, draw), patch_mix.apply(_batch(), same).transpose(1, 2))


def test_the_same_seed_gives_the_same_draw_and_leaves_global_state_alone() -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = PatchMix(0.5).draw(_batch(), PATCHES, _generator(9))
    second = PatchMix(0.5).draw(_batch(), PATCHES, _generator(9))
    other = PatchMix(0.5).draw(_batch(), PATCHES, _generator(10))
    assert torch.equal(first.positions, second.positions)
    assert torch.equal(first.partner, second.partner)
    assert not (torch.equal(first.positions, other.positions) and torch.equal(first.partner, other.partner))
    assert torch.equal(torch.get_rng_state(), state)


def test_gradient_flows_to_whoever_gave_the_patch() -> None:
    batch = torch.randn(4, 15, 2, dtype=torch.float64, generator=_generator(0), requires_grad=True)
    patch_mix = PatchMix()
    draw = patch_mix.draw(batch, PATCHES, _generator(1))
    assert torch.autograd.gradcheck(lambda value: patch_mix.apply(value, draw), (batch,))


def test_type_and_shape_are_kept() -> None:
    batch = _batch().to(torch.bfloat16)
    draw = PatchMix().draw(batch, PATCHES, _generator(0))
    mixed = PatchMix().apply(batch, draw)
    assert (mixed.dtype, mixed.shape) == (torch.bfloat16, batch.shape)


def test_labels_are_mixed_like_the_patches() -> None:
    draw = PatchMix().draw(_batch(), PATCHES, _generator(1))
    targets = torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 3, 0, 1]), 4).float()
    mixed = mixed_targets(targets, draw)
    for i in range(6):
        expected = draw.weight[i] * targets[i] + (1 - draw.weight[i]) * targets[draw.partner[i]]
        assert torch.allclose(mixed[i], expected)
    assert torch.allclose(mixed.sum(1), torch.ones(6))


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan"), float("inf")])
def test_alpha_must_be_positive(alpha: float) -> None:
    with pytest.raises(MixError, match="alpha"):
        PatchMix(alpha)


def test_sites_without_patches_are_refused() -> None:
    with pytest.raises(MixError, match="'patch' axis"):
        PatchMix().draw(torch.zeros(2, 10), Site("waveform", ("batch", "time")), _generator(0))
    with pytest.raises(MixError, match="shape"):
        PatchMix().draw(torch.zeros(2, 15), PATCHES, _generator(0))


@pytest.mark.parametrize("grid", [None, (3, 4)])
def test_tpatch_needs_the_true_grid(grid: tuple[int, int] | None) -> None:
    site = Site("patches", ("batch", "patch", "channel"), grid=grid)
    with pytest.raises(MixError, match="lie"):
        PatchMix(columns=True).draw(torch.zeros(2, 15, 1), site, _generator(0))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_batch_is_mixed_like_a_cpu_batch() -> None:
    batch = _batch()
    draw = PatchMix().draw(batch.cuda(), PATCHES, _generator(4))
    assert torch.equal(PatchMix().apply(batch.cuda(), draw).cpu(), PatchMix().apply(batch, draw))
    with pytest.raises(MixError, match="CPU"):
        PatchMix().draw(batch, PATCHES, torch.Generator("cuda"))


def test_a_generator_elsewhere_is_refused() -> None:
    class Elsewhere:
        device = torch.device("meta")

    with pytest.raises(MixError, match="CPU"):
        PatchMix().draw(_batch(), PATCHES, Elsewhere())  # type: ignore[arg-type]
