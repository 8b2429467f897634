import numpy as np
import pytest
import torch
from scipy.signal import istft, stft

from resp.augment import AugmentError, PhaseNoise


def test_it_is_the_short_time_spectrum_turned_by_the_angles(waveform, seeded):
    transform = PhaseNoise((0.2, 0.4), window=256)
    samples = waveform.double()
    angles = transform.draw(samples, seeded()).double()
    options = {"window": "hann", "nperseg": 256, "noverlap": 192}
    _, _, spectrum = stft(samples.numpy(), **options, boundary="zeros", padded=False)
    _, expected = istft(spectrum * np.exp(1j * angles.numpy()), **options)
    torch.testing.assert_close(
        transform.apply(samples, angles)[:, :7900], torch.from_numpy(expected)[:, :7900], atol=1e-6, rtol=1e-5
    )


def test_no_deviation_changes_nothing(waveform, seeded):
    torch.testing.assert_close(PhaseNoise((0, 0))(waveform, seeded()), waveform, atol=1e-5, rtol=1e-5)


def test_angles_have_the_deviation_of_their_clip(seeded):
    angles = PhaseNoise((0.1, 0.5)).draw(torch.zeros(200, 8000), seeded())
    deviations = angles.flatten(1).std(1)
    assert 0.09 < deviations.min() < 0.12
    assert 0.48 < deviations.max() < 0.51
    assert angles.mean().abs() < 1e-3


def test_the_error_lies_where_the_signal_does(seeded):
    waveform = torch.zeros(4, 8000)
    waveform[:, 3000:5000] = torch.randn(4, 2000, generator=seeded(1))
    error = PhaseNoise((0.1, 0.1), window=256)(waveform, seeded()) - waveform
    ratio_db = 10 * (error.square().sum() / waveform.square().sum()).log10()
    # 20 dB for an angle of 0.1, and 6 dB because four windows lie over each sample.
    assert abs(ratio_db + 26) < 0.5
    assert error[:, :2700].abs().max() < 1e-6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"deviation_rad": (-1, 1)}, "deviation_rad"),
        ({"window": 255}, "window of 255 samples; expected a whole multiple of 4"),
        ({"window": "512"}, "window of '512' samples"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(AugmentError, match=message):
        PhaseNoise(**settings)
