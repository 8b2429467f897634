import numpy as np
import pytest
import torch

from resp.features import FeatureError, log_mel, sample_frames, spectrogram_patches


@pytest.mark.parametrize(("size", "length", "hop"), [(10, 4, 2), (11, 4, 2), (10, 10, 3), (10, 3, 5), (9, 1, 1)])
def test_frames_equal_a_slow_version(size, length, hop):
    waveform = torch.randn(2, 3, size, generator=torch.Generator().manual_seed(0))
    frames = sample_frames(waveform, length, hop)
    count = (size - length) // hop + 1
    assert frames.shape == (2, 3, count, length)
    for i in range(count):
        assert torch.equal(frames[..., i, :], waveform[..., i * hop : i * hop + length])


def test_frames_are_no_view():
    waveform = torch.zeros(8)
    frames = sample_frames(waveform, 4, 2)
    frames[0] = 1.0
    assert waveform.sum() == 0
    assert frames[1].sum() == 0


def test_frames_of_an_array():
    assert sample_frames(np.arange(6, dtype=np.float32), 2, 2).tolist() == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(("frames", "width", "hop"), [(10, 4, 2), (11, 4, 3), (4, 4, 1)])
def test_patches_equal_a_slow_version(frames, width, hop):
    spectrogram = torch.randn(2, 5, frames, generator=torch.Generator().manual_seed(0))
    patches = spectrogram_patches(spectrogram, width, hop)
    count = (frames - width) // hop + 1
    assert patches.shape == (2, count, 5, width)
    for i in range(count):
        assert torch.equal(patches[:, i], spectrogram[:, :, i * hop : i * hop + width])
    patches[:, 0] = 0
    assert (spectrogram != 0).all()


def test_patches_of_a_log_mel_spectrogram(noise):
    assert spectrogram_patches(log_mel(noise, 16000).mT, 100, 50).shape == (2, 4, 128, 100)


@pytest.mark.parametrize(("length", "hop"), [(0, 1), (3, 0), (-2, 1)])
def test_windows_that_are_none(length, hop):
    with pytest.raises(FeatureError, match="expected positive numbers"):
        sample_frames(torch.zeros(10), length, hop)
    with pytest.raises(FeatureError, match="expected positive numbers"):
        spectrogram_patches(torch.zeros(4, 10), length, hop)


def test_too_short():
    with pytest.raises(FeatureError, match="9 samples; expected at least one window of 10"):
        sample_frames(torch.zeros(9), 10, 1)
    with pytest.raises(FeatureError, match="9 frames; expected at least one window of 10"):
        spectrogram_patches(torch.zeros(4, 9), 10, 1)
    with pytest.raises(FeatureError, match=r"shape \(9,\); expected \[..., bins, frames\]"):
        spectrogram_patches(torch.zeros(9), 3, 1)
