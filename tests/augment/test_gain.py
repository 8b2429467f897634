import pytest
import torch

from resp.augment import AugmentError, RandomGain


def test_gain_is_uniform_in_decibels(seeded):
    waveform = torch.full((4000, 2), 0.5)
    gain_db = 20 * (RandomGain((-20, 6))(waveform, seeded())[:, 0] / 0.5).log10()
    assert -20 <= gain_db.min() < -19.8
    assert 5.8 < gain_db.max() <= 6.001
    counts = torch.histc(gain_db, bins=4, min=-20, max=6) / 4000
    torch.testing.assert_close(counts, torch.full((4,), 0.25), atol=0.03, rtol=0)


def test_fixed_gain_keeps_the_shape(waveform, seeded):
    torch.testing.assert_close(RandomGain((20, 20))(waveform, seeded()), 10 * waveform)


@pytest.mark.parametrize("span", [(3, -3), (0, float("inf")), (float("nan"), 1)])
def test_span_is_checked(span):
    with pytest.raises(AugmentError, match=r"gain_db .* expected \(lowest, highest\)"):
        RandomGain(span)
