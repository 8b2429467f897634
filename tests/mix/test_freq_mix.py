import math

import numpy as np
import pytest
import torch
from scipy import signal, stats

from resp import mix
from resp.features.stft import stft
from resp.mix import MixError
from resp.mix.freq_mix import FreqDraw, FreqMix
from resp.models.network import Site

WAVEFORM = Site("waveform", ("batch", "time"))
ONE_CHANNEL = Site("waveform", ("batch", "channel", "time"))


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=_generator(seed))


def _tones(bins: tuple[int, ...], window: int, length: int) -> torch.Tensor:
    time = torch.arange(length, dtype=torch.float64)
    return torch.stack([torch.sin(2 * math.pi * k / window * time) for k in bins]).sum(0)


@pytest.mark.parametrize("seed", range(12))
def test_tones_come_from_whoever_gave_their_bins(seed: int) -> None:
    window, length = 128, 4096
    tones = ((5, 40, 55), (9, 45, 60))
    batch = torch.stack([_tones(own, window, length) for own in tones])
    freq_mix = FreqMix([window])
    draw = freq_mix.draw(batch, WAVEFORM, _generator(seed))
    power = stft(freq_mix.apply(batch, draw), window).abs().square()[..., 4:-4].mean(-1)
    whole = float(stft(batch, window).abs().square()[0, 5, 4:-4].mean())
    for i in range(2):
        swapped = range(int(draw.first[i]), int(draw.last[i]))
        partner = int(draw.partner[i])
        for k in (5, 9, 40, 45, 55, 60):
            if any(abs(k - cut) < 3 for cut in (swapped.start, swapped.stop)):
                continue  # A Hann window is four bins wide: a tone there lies on both sides of the cut.
            heard = k in tones[partner if k in swapped else i]
            assert float(power[i, k]) == pytest.approx(whole if heard else 0.0, abs=1e-3 * whole), (i, k, swapped)


@pytest.mark.parametrize("low", [True, False])
def test_noise_beside_silence_is_left_only_in_the_bins_that_were_kept(low: bool) -> None:
    window, bins = 256, 129
    batch = torch.stack([_noise(8192).double(), torch.zeros(8192, dtype=torch.float64)])
    first, last = (0, 50) if low else (79, bins)
    draw = FreqDraw(torch.tensor([1, 0]), torch.ones(2), window, torch.tensor([first] * 2), torch.tensor([last] * 2))
    power = stft(FreqMix().apply(batch, draw), window).abs().square().mean(-1)
    before = stft(batch, window).abs().square().mean(-1)[0]
    swapped = torch.zeros(bins, dtype=torch.bool)
    swapped[first:last] = True
    near = (torch.arange(bins) - (last if low else first)).abs() < 6
    theirs, own = swapped & ~near, ~swapped & ~near
    assert float(power[0, theirs].max()) < 1e-3 * float(before.mean())
    assert torch.allclose(power[0, own], before[own], rtol=0.02)
    # The silent sound gets the other part.
    assert float(power[1, own].max()) < 1e-3 * float(before.mean())
    assert torch.allclose(power[1, theirs], before[theirs], rtol=0.02)


@pytest.mark.parametrize("length", [2048, 1999, 300])
@pytest.mark.parametrize("site", [WAVEFORM, ONE_CHANNEL])
def test_it_is_algorithm_1_by_scipy(length: int, site: Site) -> None:
    batch = _noise(5, length).double()
    shaped = batch if site is WAVEFORM else batch[:, None]
    freq_mix = FreqMix([64, 256])
    for seed in range(4):
        draw = freq_mix.draw(shaped, site, _generator(seed))
        mixed = freq_mix.apply(shaped, draw)
        assert mixed.shape == shaped.shape
        window = {"window": "hann", "nperseg": draw.window, "noverlap": draw.window * 3 // 4}
        spectra = [signal.stft(row, boundary="zeros", **window)[2] for row in batch.numpy()]
        for i, own in enumerate(spectra):
            theirs = spectra[int(draw.partner[i])]
            kept = int(float(draw.weight[i]) * len(own))
            low = int(draw.first[i]) == 0
            joined = (
                np.concatenate([theirs[: len(own) - kept], own[len(own) - kept :]])
                if low
                else np.concatenate([own[:kept], theirs[kept:]])
            )
            expected = signal.istft(joined, **window)[1][:length]
            # scipy adds a last window where the length is no multiple of the step; it reaches back over the end.
            inner = length if length % (draw.window // 4) == 0 else max(0, length - draw.window)
            assert np.allclose(mixed.reshape(5, length)[i, :inner], expected[:inner], atol=1e-9)


@pytest.mark.parametrize("length", [1, 3, 500, 2501])
def test_the_whole_of_the_bins_gives_the_sounds_back(length: int) -> None:
    batch = _noise(3, length)
    for window in FreqMix().windows:
        nothing = torch.tensor([0, window // 2 + 1, window // 2 + 1])
        draw = FreqDraw(torch.tensor([1, 2, 0]), torch.ones(3), window, nothing, nothing)
        assert torch.allclose(FreqMix().apply(batch, draw), batch, atol=2e-6)


def test_an_identical_partner_changes_nothing() -> None:
    batch = _noise(1, 3001).expand(4, -1)
    draw = FreqMix().draw(batch, WAVEFORM, _generator(0))
    assert torch.allclose(FreqMix().apply(batch, draw), batch, atol=2e-6)
    alone = _noise(1, 77)
    assert torch.allclose(FreqMix().apply(alone, FreqMix().draw(alone, WAVEFORM, _generator(1))), alone, atol=2e-6)


def test_shares_are_uniform_from_a_half_to_one_and_both_ends_as_likely() -> None:
    batch = torch.zeros(4000, 8)
    draw = FreqMix([512]).draw(batch, WAVEFORM, _generator(2))
    assert stats.kstest(draw.weight.numpy(), stats.uniform(0.5, 0.5).cdf).pvalue > 0.01
    assert 0.5 <= float(draw.weight.min()) < 0.505 < 0.995 < float(draw.weight.max()) <= 1
    swapped = draw.last - draw.first
    assert (int(swapped.min()), int(swapped.max())) == (1, 129)
    assert stats.binomtest(int((draw.first == 0).sum()), 4000).pvalue > 0.001
    assert sorted(draw.partner.tolist()) == list(range(4000))


def test_one_window_is_drawn_for_each_batch() -> None:
    generator = _generator(3)
    drawn = [FreqMix([8, 16]).draw(torch.zeros(2, 9), WAVEFORM, generator).window for _ in range(400)]
    assert stats.binomtest(drawn.count(8), 400).pvalue > 0.001


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_and_the_batch_is_left_as_it_was(dtype: torch.dtype) -> None:
    batch = _noise(4, 700).to(dtype)
    before = batch.clone()
    draw = FreqMix().draw(batch, WAVEFORM, _generator(4))
    mixed = FreqMix().apply(batch, draw)
    assert torch.equal(batch, before)
    assert torch.equal(mixed, FreqMix().apply(batch.float(), draw).to(dtype))


def test_gradient_flows_to_both_sounds() -> None:
    batch = _noise(2, 40).double().requires_grad_()
    draw = FreqMix([16]).draw(batch, WAVEFORM, _generator(1))
    assert draw.partner.tolist() == [1, 0]
    assert torch.autograd.gradcheck(lambda value: FreqMix().apply(value, draw), (batch,))


def test_only_floating_point_waveforms_are_taken() -> None:
    generator = _generator(0)
    with pytest.raises(MixError, match="choose the site 'waveform'"):
        FreqMix().draw(torch.zeros(2, 4, 9), Site("block", ("batch", "channel", "time")), generator)
    with pytest.raises(MixError, match="its 'time' axis last"):
        FreqMix().draw(torch.zeros(2, 4, 9), Site("waveform", ("batch", "time", "channel")), generator)
    for batch in (torch.zeros(2, 4, 9), torch.zeros(2, 9, dtype=torch.int64), torch.zeros(2, 0)):
        with pytest.raises(MixError, match="floating-point samples"):
            FreqMix().draw(batch, WAVEFORM, generator)
    with pytest.raises(MixError, match="windows"):
        mix.create("freqmix", windows=[100, 30])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_batch_is_mixed_like_a_cpu_batch() -> None:
    batch = _noise(4, 3000)
    draw = FreqMix().draw(batch.cuda(), WAVEFORM, _generator(1))
    assert torch.allclose(FreqMix().apply(batch.cuda(), draw).cpu(), FreqMix().apply(batch, draw), atol=1e-5)
