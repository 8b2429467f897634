"""Properties that every waveform augmentation has."""

import pytest
import torch

from resp.augment import (
    AugmentError,
    BandFilter,
    ColouredNoise,
    PolarityFlip,
    RandomGain,
    SpectralTilt,
    TimeShift,
    WaveformAugment,
    WaveformAugmentSettings,
)

MAKERS = {
    "gain": lambda p: RandomGain(probability=p),
    "noise": lambda p: ColouredNoise(probability=p),
    "shift": lambda p: TimeShift(probability=p),
    "polarity": lambda p: PolarityFlip(probability=p),
    "tilt": lambda p: SpectralTilt(4000, probability=p),
    "band": lambda p: BandFilter(4000, (20, 100), (500, 1500), probability=p),
}


@pytest.fixture(params=list(MAKERS))
def make(request):
    return MAKERS[request.param]


def test_probability_one_changes_every_sample_and_zero_none(make, waveform, seeded):
    assert (make(1.0)(waveform, seeded()) != waveform).any(1).all()
    assert torch.equal(make(0.0)(waveform, seeded()), waveform)


def test_probability_between_changes_its_share(make, seeded):
    waveform = torch.randn(1000, 64, generator=seeded(1))
    changed = (make(0.3)(waveform, seeded()) != waveform).any(1).float().mean()
    assert 0.25 < changed < 0.35


def test_same_seed_same_result_and_no_global_state(make, waveform, seeded):
    before, kept = torch.get_rng_state(), waveform.clone()
    first, second = (make(0.8)(waveform, seeded(5)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, make(0.8)(waveform, seeded(6)))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(waveform, kept)


def test_silence_stays_silent(make, seeded):
    assert torch.equal(make(1.0)(torch.zeros(2, 100), seeded()), torch.zeros(2, 100))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_type_stays(make, waveform, seeded, dtype):
    changed = make(1.0)(waveform.to(dtype), seeded())
    assert changed.dtype == dtype
    torch.testing.assert_close(changed.float(), make(1.0)(waveform, seeded()), atol=0.05, rtol=0.05)


def test_odd_and_tiny_lengths(make, seeded):
    for time in (1, 2, 3, 101):
        changed = make(1.0)(torch.randn(3, time, generator=seeded(1)), seeded())
        assert changed.shape == (3, time)
        assert changed.isfinite().all()


def test_gradient_is_finite(make, waveform, seeded):
    value = waveform.clone().requires_grad_()
    make(1.0)(value, seeded()).square().sum().backward()
    assert value.grad.isfinite().all()


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_probability_is_checked(make, probability):
    with pytest.raises(AugmentError, match="probability"):
        make(probability)


@pytest.mark.parametrize(
    "wrong", [torch.zeros(100), torch.zeros(2, 1, 100), torch.zeros(2, 0), torch.zeros(2, 9).int()]
)
def test_batch_is_checked(make, wrong, seeded):
    with pytest.raises(AugmentError, match=r"expected \[batch, time\] of floating point"):
        make(1.0)(wrong, seeded())


def test_all_in_a_row(waveform, seeded):
    augment = WaveformAugment.of(WaveformAugmentSettings(high_cut_hz=(1800, 2000)), rate_hz=4000)
    assert [type(each).__name__ for each in augment.transforms] == [
        "TimeShift",
        "BandFilter",
        "SpectralTilt",
        "ColouredNoise",
        "RandomGain",
        "PolarityFlip",
    ]
    kept = waveform.clone()
    changed = augment(waveform, seeded(2))
    assert changed.shape == waveform.shape
    assert (changed != waveform).any(1).all()
    assert torch.equal(waveform, kept)
    generator, expected = seeded(2), waveform
    for transform in augment.transforms:
        expected = transform(expected, generator)
    assert torch.equal(changed, expected)


def test_a_probability_of_zero_leaves_one_out(waveform, seeded):
    settings = WaveformAugmentSettings(shift=0, band=0, tilt=0, noise=0, gain=0, polarity=1)
    augment = WaveformAugment.of(settings, rate_hz=4000)
    assert torch.equal(augment(waveform, seeded()), -waveform)
    nothing = WaveformAugment.of(settings.model_copy(update={"polarity": 0.0}), rate_hz=4000)
    unchanged = nothing(waveform, seeded())
    assert torch.equal(unchanged, waveform)
    assert unchanged.data_ptr() != waveform.data_ptr()


def test_settings_of_a_recipe_are_checked():
    with pytest.raises(AugmentError, match="low_cut_hz up to 500"):
        WaveformAugment.of(WaveformAugmentSettings(low_cut_hz=(20, 500), high_cut_hz=(400, 900)), rate_hz=4000)
    with pytest.raises(ValueError, match="Extra inputs"):
        WaveformAugmentSettings.model_validate({"pitch": 1.0})
    with pytest.raises(ValueError, match="less than or equal to 1"):
        WaveformAugmentSettings(gain=2)
