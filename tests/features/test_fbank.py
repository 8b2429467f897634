import copy

import numpy as np
import pytest
import torch

from resp.features import FeatureError, FilterBankSettings, LogMel, log_mel, mel_filters

SETTINGS = [
    FilterBankSettings(),
    FilterBankSettings(bins=64, low_hz=50, high_hz=2000),
    FilterBankSettings(rate_hz=4000, bins=64, frame_length_ms=64),
    FilterBankSettings(rate_hz=4000, bins=40, frame_length_ms=64, frame_shift_ms=16, low_hz=25, high_hz=1800),
    FilterBankSettings(rate_hz=22050, bins=80, frame_length_ms=32, low_hz=0, high_hz=8000),
    FilterBankSettings(rate_hz=11025, pre_emphasis=0, remove_dc=False, bins=32),
]


def reference(kaldi, waveform, settings):
    return kaldi.fbank(
        torch.as_tensor(waveform)[None],
        htk_compat=True,
        window_type="hanning",
        dither=0.0,
        use_energy=False,
        sample_frequency=settings.rate_hz,
        num_mel_bins=settings.bins,
        frame_length=settings.frame_length_ms,
        frame_shift=settings.frame_shift_ms,
        low_freq=settings.low_hz,
        high_freq=settings.high_hz or 0.0,
        preemphasis_coefficient=settings.pre_emphasis,
        remove_dc_offset=settings.remove_dc,
    )


@pytest.mark.data
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: f"{s.rate_hz}-{s.bins}-{s.frame_length_ms:g}")
def test_equals_kaldi_on_real_clips(kaldi, resampled, settings):
    for samples in resampled(settings.rate_hz):
        ours = log_mel(samples, settings.rate_hz, settings=settings)
        torch.testing.assert_close(ours, reference(kaldi, samples, settings), atol=1e-4, rtol=0)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: f"{s.rate_hz}-{s.bins}-{s.frame_length_ms:g}")
def test_equals_kaldi_on_noise(kaldi, noise, settings):
    ours = LogMel(settings)(noise)
    for row, spectrogram in zip(noise, ours, strict=True):
        torch.testing.assert_close(spectrogram, reference(kaldi, row, settings), atol=1e-4, rtol=0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["highest", "high"])
def test_gpu_equals_cpu(noise, matmul_precision, precision):
    expected = LogMel()(noise)
    matmul_precision(precision)
    torch.testing.assert_close(LogMel().cuda()(noise.cuda()).cpu(), expected, atol=1e-4, rtol=0)


def test_published_input_is_798_by_128():
    assert log_mel(torch.zeros(128000), 16000).shape == (798, 128)
    assert FilterBankSettings().frames(128000) == 798
    assert FilterBankSettings().n_fft == 512


def test_any_leading_axes(noise):
    nested = noise.reshape(2, 3, 16000)
    together = LogMel()(nested)
    assert together.shape == (2, 3, 98, 128)
    torch.testing.assert_close(together[1, 2], LogMel()(nested[1, 2]))


@pytest.mark.parametrize("samples", [400, 401, 559, 560, 561, 48000])
def test_frames_counts_what_comes_out(noise, samples):
    settings = FilterBankSettings()
    assert LogMel(settings)(noise[:, :samples]).shape[1] == settings.frames(samples)


def test_frames_of_too_short_a_clip_are_none():
    assert FilterBankSettings().frames(399) == 0


def test_silence_is_the_floor():
    settings = FilterBankSettings(log_floor=1e-5)
    spectrogram = LogMel(settings)(torch.zeros(1, 16000))
    torch.testing.assert_close(spectrogram, torch.full((1, 98, 128), float(np.log(1e-5))))


def test_gradient_is_finite_also_at_silence(noise):
    for waveform in (noise.clone(), torch.zeros(1, 16000), torch.full((1, 16000), 0.3)):
        waveform.requires_grad_()
        LogMel()(waveform).sum().backward()
        assert waveform.grad.isfinite().all()
    assert noise.grad is None


def test_gradient_equals_finite_differences():
    settings = FilterBankSettings(rate_hz=4000, bins=8, frame_length_ms=16, frame_shift_ms=8)
    waveform = torch.randn(2, 160, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.autograd.gradcheck(LogMel(settings), waveform.requires_grad_())


def test_autocast_changes_nothing(noise):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        spectrogram = LogMel()(noise)
    assert spectrogram.dtype == torch.float32
    torch.testing.assert_close(spectrogram, LogMel()(noise), atol=0, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_casting_the_network_changes_nothing(noise, dtype):
    cast = torch.nn.Sequential(LogMel()).to(dtype)
    torch.testing.assert_close(cast(noise), LogMel()(noise), atol=0, rtol=0)


@pytest.fixture
def matmul_precision():
    before = torch.get_float32_matmul_precision()
    yield torch.set_float32_matmul_precision
    torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("precision", ["high", "medium"])
def test_fast_multiplications_change_nothing(noise, matmul_precision, precision):
    expected = LogMel()(noise)
    matmul_precision(precision)
    torch.testing.assert_close(LogMel()(noise), expected, atol=1e-5, rtol=0)


def test_half_precision_samples_give_float32(noise):
    spectrogram = LogMel()(noise.half())
    torch.testing.assert_close(spectrogram, LogMel()(noise.half().float()))


def test_float64_samples_stay_float64(noise):
    spectrogram = LogMel()(noise.double())
    assert spectrogram.dtype == torch.float64
    torch.testing.assert_close(spectrogram.float(), LogMel()(noise), atol=1e-3, rtol=0)


def test_arrays_also_read_only_ones(noise):
    samples = noise.numpy().copy()
    samples.setflags(write=False)
    torch.testing.assert_close(log_mel(samples, 16000), log_mel(noise, 16000))
    assert log_mel(samples.astype(np.float64), 16000).dtype == torch.float32


def test_input_is_left_as_it_was(noise):
    before = noise.clone()
    LogMel()(noise)
    assert torch.equal(noise, before)


def test_shapes_without_data():
    assert LogMel().to("meta")(torch.zeros(2, 16000, device="meta")).shape == (2, 98, 128)


def test_module_saves_nothing_and_can_be_copied(noise):
    module = LogMel()
    assert module.state_dict() == {}
    torch.testing.assert_close(copy.deepcopy(module)(noise), module(noise))
    assert "128 bins, 16000 Hz" in repr(module)


def test_filters_against_a_slow_version():
    settings = FilterBankSettings(rate_hz=8000, bins=20, frame_length_ms=32, low_hz=60, high_hz=3500)

    def mel(hz):
        return 1127 * np.log(1 + hz / 700)

    points = np.linspace(mel(60), mel(3500), 22)
    expected = np.zeros((20, 129))
    for row in range(20):
        for column in range(128):
            at = mel(column * 8000 / 256)
            if points[row] < at <= points[row + 1]:
                expected[row, column] = (at - points[row]) / (points[row + 1] - points[row])
            elif points[row + 1] < at < points[row + 2]:
                expected[row, column] = (points[row + 2] - at) / (points[row + 2] - points[row + 1])
    np.testing.assert_allclose(mel_filters(settings).numpy(), expected, atol=1e-4)


def test_clip_shorter_than_a_frame():
    with pytest.raises(FeatureError, match=r"399 samples; expected at least one frame of 400.*longer clip or pad"):
        log_mel(torch.zeros(399), 16000)


def test_wrong_rate():
    with pytest.raises(FeatureError, match=r"waveform of 4000 Hz and .* settings for 16000 Hz; resample"):
        log_mel(torch.zeros(4000), 4000, settings=FilterBankSettings())


def test_bins_beside_settings(noise):
    settings = FilterBankSettings(bins=64)
    assert log_mel(noise, 16000, 64, settings=settings).shape[-1] == 64
    assert log_mel(noise, 16000, settings=settings).shape[-1] == 64
    with pytest.raises(FeatureError, match=r"bins=32 beside settings\.bins=64"):
        log_mel(noise, 16000, 32, settings=settings)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (torch.zeros(16000, dtype=torch.int16), "type torch.int16; expected floating point"),
        (np.zeros(16000, dtype=np.int16), "type int16; expected floating point"),
        ([0.0] * 16000, "type list; expected a torch tensor or a numpy array"),
        (torch.tensor(0.0), "a single number"),
    ],
)
def test_what_is_no_waveform(waveform, message):
    with pytest.raises(FeatureError, match=message):
        log_mel(waveform, 16000)


@pytest.mark.parametrize("rate_hz", [0, -16000])
def test_rate_that_is_none(rate_hz):
    with pytest.raises(FeatureError, match="rate_hz"):
        log_mel(torch.zeros(16000), rate_hz)
