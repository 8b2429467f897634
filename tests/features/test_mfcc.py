import numpy as np
import pytest
import torch
from scipy.fft import dct

from resp.features import FeatureError, FilterBankSettings, log_mel, mfcc


def reference(kaldi, samples, rate_hz, **options):
    return kaldi.mfcc(
        torch.as_tensor(samples)[None],
        sample_frequency=rate_hz,
        window_type="hanning",
        dither=0.0,
        use_energy=False,
        **options,
    )


@pytest.mark.data
def test_equals_kaldi_on_real_clips(kaldi, resampled):
    for rate_hz in (4000, 16000):
        for samples in resampled(rate_hz):
            expected = reference(kaldi, samples, rate_hz)
            torch.testing.assert_close(mfcc(samples, rate_hz), expected, atol=1e-3, rtol=0)


def test_equals_kaldi_on_noise_at_other_settings(kaldi, noise):
    settings = FilterBankSettings(bins=40, low_hz=50, high_hz=4000)
    ours = mfcc(noise, 16000, 20, settings=settings, lifter=30.0)
    expected = reference(
        kaldi,
        noise[1],
        16000,
        num_ceps=20,
        num_mel_bins=40,
        low_freq=50,
        high_freq=4000,
        cepstral_lifter=30.0,
    )
    assert ours.shape == (2, 298, 20)
    torch.testing.assert_close(ours[1], expected, atol=1e-3, rtol=0)


def test_without_lifter_it_is_the_cosine_transform(noise):
    expected = dct(log_mel(noise, 16000, 23).numpy(), norm="ortho")[..., :13]
    np.testing.assert_allclose(mfcc(noise, 16000, lifter=0).numpy(), expected, atol=1e-4)


def test_gradient_is_finite_at_silence():
    waveform = torch.zeros(1, 16000, requires_grad=True)
    mfcc(waveform, 16000).sum().backward()
    assert waveform.grad.isfinite().all()


@pytest.mark.parametrize("coefficients", [0, 24])
def test_number_of_coefficients(noise, coefficients):
    with pytest.raises(FeatureError, match=f"{coefficients} coefficients of 23 mel bins"):
        mfcc(noise, 16000, coefficients)


def test_negative_lifter(noise):
    with pytest.raises(FeatureError, match="a lifter of -1"):
        mfcc(noise, 16000, lifter=-1)
