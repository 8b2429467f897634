import math

import numpy as np
import pytest
import torch

from resp.audio import rescale_time
from resp.augment import AugmentError, TimeScale


def apply(waveform: torch.Tensor, factor: float, place: float) -> torch.Tensor:
    return TimeScale().apply(waveform, torch.tensor([[factor, place]], dtype=torch.float64))[0]


@pytest.mark.parametrize("place", [0.0, 0.4, 1.0])
def test_of_a_longer_clip_a_part_is_kept(waveform, place):
    scaled = rescale_time(waveform[3].numpy(), 1.25)
    start = round(place * 2000)
    np.testing.assert_array_equal(apply(waveform[3:4], 1.25, place).numpy(), scaled[start : start + 8000])


@pytest.mark.parametrize("place", [0.0, 0.4, 1.0])
def test_a_shorter_clip_lies_between_zeros(waveform, place):
    scaled = rescale_time(waveform[3].numpy(), 0.8)
    changed = apply(waveform[3:4], 0.8, place).numpy()
    before = round(place * 1600)
    np.testing.assert_array_equal(changed[before : before + 6400], scaled)
    assert not changed[:before].any()
    assert not changed[before + 6400 :].any()


def test_factors_are_uniform_on_a_logarithmic_axis_and_places_uniform(seeded):
    drawn = TimeScale((0.5, 2)).draw(torch.zeros(4000, 2), seeded())
    for numbers, low, high in ((drawn[:, 0].log2(), -1, 1), (drawn[:, 1], 0, 1)):
        counts = torch.histc(numbers, bins=4, min=low - 1e-6, max=high + 1e-6) / 4000
        torch.testing.assert_close(counts, torch.full((4,), 0.25), atol=0.03, rtol=0)
    assert drawn[:, 0].max() <= math.nextafter(2, 3)


@pytest.mark.parametrize("factor", [(0, 1), (1.2, 0.8), (1, 11)])
def test_factors_are_checked(factor):
    with pytest.raises(AugmentError, match="factor"):
        TimeScale(factor)
