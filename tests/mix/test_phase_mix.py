import numpy as np
import pytest
import torch
from scipy import signal, stats

from resp.features.stft import stft
from resp.mix import MixError, mixed_targets
from resp.mix.phase_mix import PhaseDraw, PhaseMix
from resp.models.network import Site

WAVEFORM = Site("waveform", ("batch", "time"))
ONE_CHANNEL = Site("waveform", ("batch", "channel", "time"))


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=_generator(seed))


def _draw(share: float, window: int = 512, size: int = 2) -> PhaseDraw:
    shares = torch.full((size,), share)
    return PhaseDraw(torch.arange(size).roll(1), 0.5 * shares + 0.5, window, shares)


@pytest.mark.parametrize("site", [WAVEFORM, ONE_CHANNEL])
def test_it_is_algorithm_2_by_scipy(site: Site) -> None:
    batch = _noise(5, 2048).double()
    shaped = batch if site is WAVEFORM else batch[:, None]
    phase_mix = PhaseMix([64, 256])
    for seed in range(4):
        draw = phase_mix.draw(shaped, site, _generator(seed))
        mixed = phase_mix.apply(shaped, draw)
        assert mixed.shape == shaped.shape
        window = {"window": "hann", "nperseg": draw.window, "noverlap": draw.window * 3 // 4}
        spectra = [signal.stft(row, boundary="zeros", **window)[2] for row in batch.numpy()]
        for i, own in enumerate(spectra):
            share = float(draw.share[i])
            phase = share * np.angle(own) + (1 - share) * np.angle(spectra[int(draw.partner[i])])
            expected = signal.istft(np.abs(own) * np.exp(1j * phase), **window)[1]
            assert np.allclose(mixed.reshape(5, 2048)[i], expected, atol=1e-9)


@pytest.mark.parametrize("length", [1, 3, 500, 2501])
def test_ones_own_phase_gives_the_sounds_back(length: int) -> None:
    batch = _noise(3, length)
    for window in PhaseMix().windows:
        assert torch.allclose(PhaseMix().apply(batch, _draw(1.0, window, size=3)), batch, atol=2e-6)


def test_an_identical_partner_changes_nothing() -> None:
    batch = _noise(1, 3001).expand(4, -1)
    draw = PhaseMix().draw(batch, WAVEFORM, _generator(0))
    assert torch.allclose(PhaseMix().apply(batch, draw), batch, atol=2e-6)
    alone = _noise(1, 77)
    assert torch.allclose(PhaseMix().apply(alone, PhaseMix().draw(alone, WAVEFORM, _generator(1))), alone, atol=2e-6)


@pytest.mark.parametrize("window", [512, 2048])
@pytest.mark.parametrize(
    ("share", "convergence", "level_db"),
    [(0.9, 0.06, -0.2), (0.75, 0.23, -1.4), (0.5, 0.55, -3.9), (0.25, 0.46, -2.3), (0.0, 0.42, -1.1)],
)
def test_magnitudes_are_kept_as_well_as_is_documented(
    share: float, convergence: float, level_db: float, window: int
) -> None:
    batch = _noise(2, 48_000)
    mixed = PhaseMix().apply(batch, _draw(share, window))
    wanted, got = stft(batch, window).abs(), stft(mixed, window).abs()
    assert float((got - wanted).norm() / wanted.norm()) == pytest.approx(convergence, abs=0.015)
    assert float(10 * (mixed.square().sum() / batch.square().sum()).log10()) == pytest.approx(level_db, abs=0.15)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.8, 0.97])
def test_what_the_magnitudes_lose_is_bounded_by_the_energy_that_is_lost(share: float) -> None:
    time = torch.arange(16_000, dtype=torch.float64)
    tones = torch.stack([torch.sin(0.17 * time), torch.sin(0.4 * time + 1)])
    for batch in (tones, _noise(2, 16_000).double(), tones + 0.1 * _noise(2, 16_000, seed=1).double()):
        mixed = PhaseMix().apply(batch, _draw(share))
        wanted, got = stft(batch, 512).abs(), stft(mixed, 512).abs()
        energy = got.square().sum((1, 2)) / wanted.square().sum((1, 2))
        convergence = (got - wanted).flatten(1).norm(dim=1) / wanted.flatten(1).norm(dim=1)
        assert bool((energy < 1.001).all())
        assert bool((convergence <= (1 - energy).clamp(min=0).sqrt() + 0.01).all())


def test_label_weights_are_uniform_from_a_half_to_one() -> None:
    draw = PhaseMix().draw(torch.zeros(4000, 8), WAVEFORM, _generator(2))
    assert stats.kstest(draw.share.numpy(), stats.uniform(0, 1).cdf).pvalue > 0.01
    assert torch.equal(draw.weight, 0.5 * draw.share + 0.5)
    assert 0.5 <= float(draw.weight.min()) < float(draw.weight.max()) <= 1
    targets = torch.eye(4000)
    mixed = mixed_targets(targets, draw)
    assert torch.allclose(mixed.sum(1), torch.ones(4000))
    assert bool((mixed.diagonal() >= 0.5).all())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_and_the_batch_is_left_as_it_was(dtype: torch.dtype) -> None:
    batch = _noise(4, 700).to(dtype)
    before = batch.clone()
    draw = PhaseMix().draw(batch, WAVEFORM, _generator(4))
    mixed = PhaseMix().apply(batch, draw)
    assert torch.equal(batch, before)
    assert torch.equal(mixed, PhaseMix().apply(batch.float(), draw).to(dtype))


def test_the_same_seed_gives_the_same_mix() -> None:
    batch = _noise(5, 900)
    same, again, other = (
        PhaseMix().apply(batch, PhaseMix().draw(batch, WAVEFORM, _generator(seed))) for seed in (5, 5, 6)
    )
    assert torch.equal(same, again)
    assert not torch.equal(same, other)


def test_silence_gives_finite_numbers_and_gradients() -> None:
    batch = torch.zeros(2, 300)
    batch[1] = _noise(300)
    batch.requires_grad_()
    mixed = PhaseMix().apply(batch, _draw(0.5))
    assert not mixed[0].any()
    mixed.square().sum().backward()
    assert batch.grad is not None
    assert bool(batch.grad.isfinite().all())


def test_only_waveforms_are_taken() -> None:
    with pytest.raises(MixError, match="choose the site 'waveform'"):
        PhaseMix().draw(torch.zeros(2, 4, 9), Site("spectrogram", ("batch", "frame", "bin")), _generator(0))
    with pytest.raises(MixError, match="windows"):
        PhaseMix([])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_batch_is_mixed_like_a_cpu_batch() -> None:
    batch = _noise(4, 3000)
    draw = PhaseMix().draw(batch.cuda(), WAVEFORM, _generator(1))
    assert torch.allclose(PhaseMix().apply(batch.cuda(), draw).cpu(), PhaseMix().apply(batch, draw), atol=1e-4)
