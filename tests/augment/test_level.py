import pytest
import torch

from resp.augment import AugmentError, PeakLevel


def test_each_clip_gets_the_peak_and_keeps_its_shape(seeded):
    clips = torch.tensor([[0.1, -0.4, 0.2], [3.0, 0.0, -1.5], [0.0, 0.0, 0.0]])
    expected = torch.tensor([[0.2, -0.8, 0.4], [0.8, 0.0, -0.4], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(PeakLevel(0.8)(clips, seeded()), expected)


@pytest.mark.parametrize("peak", [0, -1, float("nan"), "1"])
def test_a_peak_that_is_not_positive_is_refused(peak):
    with pytest.raises(AugmentError, match="expected a positive number, 1 for full scale"):
        PeakLevel(peak)
