import numpy as np
import pytest
import torch

from resp.augment import AugmentError, MuLaw, Quantise


@pytest.mark.parametrize("bits", [2, 5, 8])
def test_linear_steps_are_those_of_so_many_bits(seeded, bits):
    waveform = torch.linspace(-0.3, 0.3, 20001, dtype=torch.float64)[None]
    result = Quantise((bits, bits))(waveform, seeded())
    levels = np.arange(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1)) / (2 ** (bits - 1) - 1) * 0.3
    np.testing.assert_allclose(np.unique(result.numpy().round(12)), levels, atol=1e-9)
    nearest = levels[np.abs(levels[:, None] - waveform[0].numpy()).argmin(0)]
    assert np.abs(result[0].numpy() - waveform[0].numpy()).max() <= np.abs(nearest - waveform[0].numpy()).max() + 1e-9


def test_the_noise_of_quantisation_is_a_twelfth_of_a_step_squared(seeded):
    waveform = 2 * torch.rand(1, 200000, generator=seeded(), dtype=torch.float64) - 1
    error = Quantise((8, 8))(waveform, seeded()) - waveform
    assert float(error.square().mean()) == pytest.approx((1 / 127) ** 2 / 12, rel=0.02)


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_mu_law_is_the_one_of_torchaudio(seeded, levels):
    functional = pytest.importorskip("torchaudio.functional", exc_type=OSError)
    waveform = torch.randn(1, 4000, generator=seeded(), dtype=torch.float64)
    peak = waveform.abs().max()
    codes = functional.mu_law_encoding(waveform / peak, levels)
    expected = peak * functional.mu_law_decoding(codes, levels)
    result = MuLaw((levels, levels))(waveform, seeded())
    torch.testing.assert_close(result, expected.double(), rtol=1e-5, atol=1e-6)


def test_mu_law_is_finer_for_quiet_samples(seeded):
    waveform = torch.linspace(-1, 1, 100001, dtype=torch.float64)[None]
    error = (MuLaw((256, 256))(waveform, seeded()) - waveform).abs()[0]
    assert error[waveform[0].abs() < 0.01].max() < error[waveform[0].abs() > 0.5].max() / 10


@pytest.mark.parametrize("transform", [Quantise(), MuLaw()])
def test_a_quiet_clip_is_as_coarse_as_a_loud_one(waveform, transform):
    drawn = torch.full((6, 1), 6)
    quiet = transform.apply(waveform / 1024, drawn)
    torch.testing.assert_close(1024 * quiet, transform.apply(waveform, drawn))


def test_bits_and_levels_are_drawn_from_their_spans(seeded):
    bits = Quantise((3, 6)).draw(torch.zeros(4000, 2), seeded())
    torch.testing.assert_close(bits.flatten().bincount()[3:] / 4000, torch.full((4,), 0.25), atol=0.03, rtol=0)
    levels = MuLaw((10, 12)).draw(torch.zeros(3000, 2), seeded())
    assert set(levels.flatten().tolist()) == {10, 11, 12}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Quantise((1, 8)), "bits"),
        (lambda: Quantise((8, 4)), "bits"),
        (lambda: Quantise((4.5, 8)), "bits .* expected whole numbers"),
        (lambda: MuLaw((1, 8)), "levels"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(AugmentError, match=message):
        make()
