import numpy as np
import pytest
import torch
from scipy.signal import welch

from resp.augment import AugmentError, ColouredNoise


@pytest.mark.parametrize("snr_db", [0.0, 20.0, 40.0])
def test_ratio_is_what_was_asked_for(waveform, seeded, snr_db):
    samples = waveform.double()
    added = ColouredNoise((snr_db, snr_db))(samples, seeded()) - samples
    ratio_db = 10 * (samples.square().mean(1) / added.square().mean(1)).log10()
    torch.testing.assert_close(ratio_db, torch.full_like(ratio_db, snr_db), atol=1e-4, rtol=0)


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 1.0, 2.0])
def test_colour_is_what_was_asked_for(seeded, exponent):
    waveform = 0.01 * torch.ones(8, 40000, dtype=torch.float64)
    noise = (ColouredNoise((0, 0), (exponent, exponent))(waveform, seeded()) - waveform).numpy()
    frequency, density = welch(noise, fs=4000, nperseg=2048)
    band = (frequency > 40) & (frequency < 1500)
    slope = np.polyfit(np.log(frequency[band]), np.log(density.mean(0)[band]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.08)


def test_spans_are_drawn_from(waveform, seeded):
    drawn = ColouredNoise((10, 30), (0, 2)).draw(torch.zeros(500, 4), seeded())
    assert 10 <= drawn.snr_db.min() < 11
    assert 29 < drawn.snr_db.max() <= 30
    assert 0 <= drawn.exponent.min() < 0.1
    assert 1.9 < drawn.exponent.max() <= 2


def test_no_constant_offset_is_added(waveform, seeded):
    added = ColouredNoise((0, 0), (2, 2))(waveform, seeded()) - waveform
    assert added.mean(1).abs().max() < 1e-5


@pytest.mark.parametrize(("settings", "name"), [({"snr_db": (40, 10)}, "snr_db"), ({"exponent": (2, 0)}, "exponent")])
def test_spans_are_checked(settings, name):
    with pytest.raises(AugmentError, match=name):
        ColouredNoise(**settings)


@pytest.mark.parametrize(
    ("colour", "slope_db"), [("white", 0.0), ("pink", -3.01), ("red", -6.02), ("blue", 3.01), ("violet", 6.02)]
)
def test_named_colours_have_their_slope_in_decibels_per_octave(seeded, colour, slope_db):
    waveform = 0.01 * torch.ones(8, 60000, dtype=torch.float64)
    noise = (ColouredNoise((0, 0), colours=(colour,))(waveform, seeded()) - waveform).numpy()
    frequency, density = welch(noise, fs=16000, nperseg=4096)
    band = (frequency > 60) & (frequency < 7000)
    slope = np.polyfit(np.log2(frequency[band]), 10 * np.log10(density.mean(0)[band]), 1)[0]
    assert slope == pytest.approx(slope_db, abs=0.3)


def test_each_sample_gets_one_of_the_named_colours(seeded):
    exponents = ColouredNoise(colours=("pink", "violet")).draw(torch.zeros(2000, 4), seeded()).exponent
    assert set(exponents.flatten().tolist()) == {1.0, -2.0}
    assert 0.46 < (exponents == 1).float().mean() < 0.54


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"colours": ()}, "expected a list of some of white, pink, red, blue, violet"),
        ({"colours": ("brown",)}, "expected a list of some of"),
        ({"colours": "pink"}, "colours 'pink'; expected a list"),
        ({"colours": ("pink",), "exponent": (0, 1)}, "expected only one of them"),
    ],
)
def test_colours_are_checked(settings, message):
    with pytest.raises(AugmentError, match=message):
        ColouredNoise(**settings)
