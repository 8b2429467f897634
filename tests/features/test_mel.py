import numpy as np
import torch

from resp.features.mel import mel_centres_hz, mel_weights


def test_centres_are_where_the_filters_peak():
    centres = mel_centres_hz(40, 20.0, 8000.0)
    # A transform so fine that every filter has a bin near its peak.
    weights = mel_weights(16_000, 1 << 16, 40, 20.0, 8000.0)
    peaks = weights.argmax(dim=1).double() * 16_000 / (1 << 16)
    torch.testing.assert_close(centres, peaks, atol=0.3, rtol=0.001)
    assert np.all(np.diff(centres.numpy()) > 0)
