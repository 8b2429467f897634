import math

import numpy as np
import pytest
import torch

from resp.augment import AugmentError, Equaliser

RATE_HZ = 4000


def tone(frequency_hz: float) -> torch.Tensor:
    """One second of a tone with a whole number of periods, [1, 4000]."""
    return torch.sin(2 * math.pi * frequency_hz * torch.arange(RATE_HZ, dtype=torch.float64) / RATE_HZ)[None]


@pytest.mark.parametrize("frequency_hz", [10, 50, 100, 180, 440, 1000, 1900])
def test_the_gain_runs_in_straight_lines_over_the_logarithm_of_frequency(frequency_hz):
    equaliser = Equaliser(RATE_HZ, bands=4, band_hz=(50.0, 1350.0))
    drawn = torch.tensor([[3.0, -6.0, 0.0, 9.0]], dtype=torch.float64)
    nodes_hz = np.array([50.0, 150.0, 450.0, 1350.0])
    expected_db = np.interp(math.log(frequency_hz), np.log(nodes_hz), drawn[0].numpy())
    changed = equaliser.apply(tone(frequency_hz), drawn)
    torch.testing.assert_close(changed, 10 ** (expected_db / 20) * tone(frequency_hz), atol=1e-6, rtol=0)


def test_gains_have_the_deviation_asked_for_and_differ_from_clip_to_clip(seeded):
    drawn = Equaliser(RATE_HZ, 4.0, bands=5).draw(torch.zeros(4000, 8), seeded())
    assert drawn.shape == (4000, 5)
    assert float(drawn.std()) == pytest.approx(4.0, rel=0.03)
    assert float(drawn.mean()) == pytest.approx(0.0, abs=0.1)
    assert abs(np.corrcoef(drawn.T.numpy())[0, 1]) < 0.06


def test_no_deviation_changes_nothing(seeded):
    torch.testing.assert_close(Equaliser(RATE_HZ, 0.0)(tone(300), seeded()), tone(300))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"deviation_db": -1}, "deviation_db -1; expected a number of dB from 0 on"),
        ({"deviation_db": math.nan}, "deviation_db nan"),
        ({"bands": 1}, "bands"),
        ({"band_hz": (2000, 20)}, "band_hz"),
        ({"band_hz": (20, 20)}, "expected two frequencies, the lower first"),
    ],
)
def test_what_is_refused(settings, message):
    with pytest.raises(AugmentError, match=message):
        Equaliser(RATE_HZ, **settings)
