import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from resp.mix import MixError
from resp.mix.loudness import (
    FLOOR_DB,
    a_weighted_level_db,
    a_weighting,
    level_frame_samples,
    mean_power_level_db,
)

# IEC 61672-1, table of design goals for frequency weightings: nominal frequency in Hz → A-weighting in dB. They
# are given at the exact frequencies, powers of 10^0.1.
STANDARD_DB = {
    10: -70.4, 16: -56.7, 20: -50.5, 31.5: -39.4, 50: -30.2, 63: -26.2, 100: -19.1, 125: -16.1, 250: -8.6, 500: -3.2,
    800: -0.8, 1000: 0.0, 2000: 1.2, 2500: 1.3, 4000: 1.0, 6300: -0.1, 8000: -1.1, 12500: -4.3, 16000: -6.6,
    20000: -9.3,
}  # fmt: skip


@pytest.mark.parametrize("nominal_hz", STANDARD_DB)
def test_weighting_is_the_standards(nominal_hz: float) -> None:
    exact_hz = 10 ** (round(10 * math.log10(nominal_hz)) / 10)
    weighting_db = 20 * a_weighting(torch.tensor([exact_hz])).log10()
    assert float(weighting_db) == pytest.approx(STANDARD_DB[nominal_hz], abs=0.06)


def test_weighting_is_one_at_1_khz_and_nothing_at_0_hz() -> None:
    assert a_weighting(torch.tensor([0.0, 1000.0], dtype=torch.float64)).tolist() == pytest.approx([0, 1], abs=1e-12)


def _slow_level_db(sound: NDArray[np.float64], rate_hz: int, length: int) -> float:
    """Frame by frame and frequency by frequency, with the weighting in dB."""
    window = np.hanning(length + 1)[:-1]
    powers = []
    for start in range(0, len(sound) - length + 1, length // 2):
        spectrum = np.fft.fft(window * sound[start : start + length])
        total = 0.0
        for place, value in enumerate(spectrum):
            if place == 0:
                continue  # no A-weighted sound at 0 Hz
            f2 = (min(place, length - place) * rate_hz / length) ** 2
            weight_db = 2.0 + 20 * (
                2 * math.log10(12194)
                + 2 * math.log10(f2)
                - math.log10(f2 + 12194**2)
                - math.log10(f2 + 20.6**2)
                - 0.5 * math.log10(f2 + 107.7**2)
                - 0.5 * math.log10(f2 + 737.9**2)
            )
            total += abs(value) ** 2 * 10 ** (weight_db / 10)
        powers.append(total / (length * (window**2).sum()))
    return max(-80.0, 10 * math.log10(max(powers)))


@pytest.mark.parametrize(("rate_hz", "length", "time"), [(16_000, 2048, 5200), (4000, 512, 1800), (8000, 1024, 1024)])
def test_level_is_that_of_a_slow_loop(rate_hz: int, length: int, time: int) -> None:
    rng = np.random.default_rng(0)
    sounds = rng.normal(size=(3, time)) * np.array([[0.3], [0.01], [2.0]])
    sounds[0] *= np.linspace(0, 1, time)
    sounds[1] = np.cumsum(sounds[1])
    expected = [_slow_level_db(sound, rate_hz, length) for sound in sounds]
    found = a_weighted_level_db(torch.from_numpy(sounds), rate_hz)
    assert found.tolist() == pytest.approx(expected, abs=1e-3)
    assert a_weighted_level_db(torch.from_numpy(sounds).float(), rate_hz).tolist() == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_level_of_a_full_scale_sine_at_1_khz_is_its_mean_power(rate_hz: int) -> None:
    time = torch.arange(rate_hz // 2, dtype=torch.float64) / rate_hz
    sine = torch.sin(2 * math.pi * 1000 * time)[None]
    assert float(a_weighted_level_db(sine, rate_hz)) == pytest.approx(-3.01, abs=0.01)
    assert float(mean_power_level_db(sine)) == pytest.approx(-3.01, abs=0.01)


def test_levels_follow_the_gain() -> None:
    sound = torch.randn(1, 4000, generator=torch.Generator().manual_seed(0))
    gain_db = torch.tensor([0.0, -6, -20, 12])
    sounds = sound * 10 ** (gain_db[:, None] / 20)
    for levels in (a_weighted_level_db(sounds, 16_000), mean_power_level_db(sounds)):
        assert (levels - levels[0]).tolist() == pytest.approx(gain_db.tolist(), abs=1e-3)


def test_the_loudest_frame_counts() -> None:
    burst = torch.zeros(2, 16_000)
    noise = torch.randn(2048, generator=torch.Generator().manual_seed(0))
    burst[0, 4096 : 4096 + 2048] = noise
    burst[1, :2048] = noise
    levels = a_weighted_level_db(burst, 16_000)
    assert float(levels[0]) == pytest.approx(float(levels[1]), abs=1e-3)
    assert float(levels[0]) == pytest.approx(float(a_weighted_level_db(noise[None], 16_000)), abs=1e-3)


def test_mean_power_is_that_of_the_whole_sound() -> None:
    sound = torch.tensor([[0.0, 0.0, 1.0, -1.0], [0.1, 0.1, -0.1, 0.1]])
    assert mean_power_level_db(sound).tolist() == pytest.approx([-3.0103, -20], abs=1e-3)


@pytest.mark.parametrize("time", [1, 7, 2047])
def test_short_sounds_are_padded_on_both_sides(time: int) -> None:
    sound = torch.randn(2, time, generator=torch.Generator().manual_seed(3))
    padded = torch.zeros(2, 2048)
    before = (2048 - time) // 2
    padded[:, before : before + time] = sound
    assert torch.equal(a_weighted_level_db(sound, 16_000), a_weighted_level_db(padded, 16_000))


def test_no_sound_stands_below_the_floor() -> None:
    sounds = torch.stack([torch.zeros(3000), 1e-7 * torch.randn(3000, generator=torch.Generator().manual_seed(0))])
    assert a_weighted_level_db(sounds, 16_000).tolist() == pytest.approx([FLOOR_DB] * 2)
    assert mean_power_level_db(sounds).tolist() == pytest.approx([FLOOR_DB] * 2)


@pytest.mark.parametrize(
    ("rate_hz", "length"),
    [(16_000, 2048), (44_100, 4096), (48_000, 4096), (32_000, 4096), (22_050, 2048), (8000, 1024), (4000, 512), (1, 2)],
)
def test_frames_are_the_papers_and_about_a_tenth_of_a_second_elsewhere(rate_hz: int, length: int) -> None:
    assert level_frame_samples(rate_hz) == length


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_sounds_have_float32_levels(dtype: torch.dtype) -> None:
    sound = torch.randn(2, 3000, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert torch.equal(a_weighted_level_db(sound, 16_000), a_weighted_level_db(sound.float(), 16_000))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(a_weighted_level_db(sound, 16_000), a_weighted_level_db(sound.float(), 16_000))
    assert mean_power_level_db(sound).dtype == torch.float32


def test_levels_have_no_gradient_and_leave_the_sounds_as_they_are() -> None:
    sound = torch.randn(2, 3000, generator=torch.Generator().manual_seed(0)).requires_grad_()
    before = sound.detach().clone()
    assert not a_weighted_level_db(sound, 16_000).requires_grad
    assert not mean_power_level_db(sound).requires_grad
    assert torch.equal(sound.detach(), before)


@pytest.mark.parametrize("shape", [(3,), (2, 0), (2, 1, 5)])
def test_what_is_no_batch_of_sounds_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(MixError, match="batch, time"):
        a_weighted_level_db(torch.zeros(shape), 16_000)
    with pytest.raises(MixError, match="batch, time"):
        mean_power_level_db(torch.zeros(shape))


def test_a_rate_that_is_not_positive_is_refused() -> None:
    with pytest.raises(MixError, match="rate"):
        a_weighted_level_db(torch.zeros(2, 100), 0)
