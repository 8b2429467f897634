"""Transforms of audiomentations: right, and told by a seed alone."""

import math
import random
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt, sosfreqz

from resp.augment import AugmentError, HighPass, LowPass, PitchShift, TimeMask, TimeStretch

RATE_HZ = 8000


def tone(frequency_hz: float, seconds: float = 2.0) -> torch.Tensor:
    time_s = torch.arange(int(seconds * RATE_HZ), dtype=torch.float64) / RATE_HZ
    return (0.5 * torch.sin(2 * math.pi * frequency_hz * time_s)).float()[None]


def pitch_hz(clip: torch.Tensor) -> float:
    middle = clip[0, len(clip[0]) // 4 : len(clip[0]) // 2].numpy()
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 16 * len(middle)))
    return float(spectrum.argmax() * RATE_HZ / (16 * len(middle)))


MAKERS = {
    "low_pass": lambda: LowPass(RATE_HZ),
    "high_pass": lambda: HighPass(RATE_HZ),
    "time_mask": lambda: TimeMask(RATE_HZ),
    "time_stretch": lambda: TimeStretch(RATE_HZ, (0.5, 2)),
    "pitch_shift": lambda: PitchShift(RATE_HZ, (-24, 24)),
}


@pytest.fixture(params=list(MAKERS))
def transform(request):
    return MAKERS[request.param]()


def test_a_seed_makes_the_same_clip_at_any_place_in_any_thread(transform, waveform):
    clip, seeds = waveform[3:4], torch.tensor([5, 6, 2**32 - 1, 5])
    rows = transform.apply(clip.expand(4, -1), seeds)
    assert torch.equal(rows[0], rows[3])
    assert not torch.equal(rows[0], rows[1])

    def alone(seed: int) -> torch.Tensor:
        random.seed(seed + 1)
        return transform.apply(clip, torch.tensor([seed]))[0]

    with ThreadPoolExecutor(4) as threads:
        for row, again in zip(rows, threads.map(alone, seeds.tolist()), strict=True):
            assert torch.equal(row, again)


def test_threads_wait_for_each_other(waveform, monkeypatch):
    transform = LowPass(RATE_HZ)

    def draw_and_dawdle(clip, sample_rate):
        drawn = []
        for _ in range(3):
            drawn.append(random.random())
            time.sleep(0.002)
        return np.full_like(clip, sum(drawn))

    monkeypatch.setattr(transform, "_transform", draw_and_dawdle)

    def alone(seed: int) -> torch.Tensor:
        return transform.apply(waveform[:1], torch.tensor([seed]))[0, 0]

    expected = [alone(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(alone, range(8))) == expected


def test_global_generators_go_on_as_if_nothing_had_been(transform, waveform, seeded):
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.standard_normal(3).tolist()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    transform(waveform, seeded())
    assert (random.random(), np.random.standard_normal(3).tolist()) == expected  # noqa: NPY002


def test_global_generators_are_put_back_after_an_error(waveform, monkeypatch):
    transform = LowPass(RATE_HZ)

    def fail(clip, sample_rate):
        random.random()
        raise ValueError("no")

    monkeypatch.setattr(transform, "_transform", fail)
    before = random.getstate()
    with pytest.raises(ValueError, match="no"):
        transform.apply(waveform[:1], torch.tensor([1]))
    assert random.getstate() == before
    monkeypatch.undo()
    assert transform.apply(waveform[:1], torch.tensor([1])).shape == (1, 8000)


@pytest.mark.parametrize("result", [np.zeros(5, dtype=np.float32), np.zeros(8000)])
def test_another_length_or_type_is_refused(waveform, monkeypatch, result):
    transform = LowPass(RATE_HZ)
    monkeypatch.setattr(transform, "_transform", lambda clip, sample_rate: result)
    with pytest.raises(AugmentError, match=r"expected float32 \(8000,\)"):
        transform.apply(waveform[:1], torch.tensor([1]))


def test_only_chosen_clips_are_worked_on(waveform, seeded, monkeypatch):
    transform = LowPass(RATE_HZ, probability=0.5)
    lengths = []
    monkeypatch.setattr(transform, "_transform", lambda clip, sample_rate: lengths.append(len(clip)) or 2 * clip)
    changed = (transform(waveform, seeded()) != waveform).any(1)
    assert 0 < len(lengths) == int(changed.sum()) < len(waveform)


@pytest.mark.parametrize("slope", [6, 12, 24])
@pytest.mark.parametrize(("make", "kind"), [(LowPass, "lowpass"), (HighPass, "highpass")])
def test_filters_are_butterworths_of_their_slope(make, kind, slope, waveform):
    transform = make(RATE_HZ, (300, 300), (slope, slope))
    impulse = torch.zeros(1, 8000)
    impulse[0, 4000] = 1
    measured = 20 * np.log10(np.abs(np.fft.rfft(transform.apply(impulse, torch.tensor([0]))[0].numpy())) + 1e-12)
    sections = butter(slope // 6, 300, kind, fs=RATE_HZ, output="sos")
    _, response = sosfreqz(sections, worN=[75, 150, 300, 600, 1200], fs=RATE_HZ)
    at = measured[[75, 150, 300, 600, 1200]]
    np.testing.assert_allclose(at, 20 * np.log10(np.abs(response)), atol=0.05)
    assert at[2] == pytest.approx(-3.01, abs=0.05)
    octave = at[3] - at[4] if kind == "lowpass" else at[1] - at[0]
    assert octave == pytest.approx(slope, rel=0.25)
    # The filter starts as if the first sample had always been there.
    clip = waveform[4].double().numpy()
    quiet = np.concatenate([np.full(8000, clip[0]), clip])
    expected = sosfilt(sections, quiet)[8000:]
    np.testing.assert_allclose(transform.apply(waveform[4:5], torch.tensor([0]))[0].numpy(), expected, atol=1e-4)


def test_cut_offs_and_slopes_are_drawn(waveform):
    low = LowPass(RATE_HZ, (300, 3000), (12, 24))
    drawn = []
    for seed in range(60):
        low.apply(waveform[:1], torch.tensor([seed]))
        drawn.append((low._transform.parameters["cutoff_freq"], low._transform.parameters["rolloff"]))
    assert 300 <= min(drawn)[0] < 500
    assert 2500 < max(drawn)[0] <= 3000.001
    assert {slope for _, slope in drawn} == {12, 18, 24}


@pytest.mark.parametrize("rate_hz", [4000, 16000, 44100])
def test_default_cut_offs_fit_every_rate(rate_hz):
    assert LowPass(rate_hz).cutoff_hz == (rate_hz / 4, rate_hz * 3 / 8)
    assert HighPass(rate_hz).cutoff_hz == (20, rate_hz / 8)


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_a_stretch_changes_speed_and_not_pitch(speed):
    clicks = torch.zeros(1, 5 * RATE_HZ)
    clicks[0, [RATE_HZ, 2 * RATE_HZ]] = 1
    stretch = TimeStretch(RATE_HZ, (speed, speed))
    moved = stretch.apply(clicks, torch.tensor([0]))[0]
    for at_s in (1, 2):
        there = round(at_s / speed * RATE_HZ)
        window = moved[there - 800 : there + 800].double().square()
        centre = float((window * torch.arange(1600)).sum() / window.sum()) - 800
        assert abs(centre) < 0.005 * RATE_HZ
    sound = stretch.apply(tone(440), torch.tensor([0]))
    assert sound.shape == (1, 2 * RATE_HZ)
    assert pitch_hz(sound) == pytest.approx(440, rel=0.002)
    loud = sound[0].abs() > 0.05
    ends_s = float(loud.nonzero().max()) / RATE_HZ
    assert ends_s == pytest.approx(min(2 / speed, 2), abs=0.01)


@pytest.mark.parametrize("semitones", [-12, -3, 4, 12])
def test_a_pitch_shift_changes_pitch_and_not_speed(semitones):
    shift = PitchShift(RATE_HZ, (semitones, semitones))
    shifted = shift.apply(tone(440), torch.tensor([0]))
    assert pitch_hz(shifted) == pytest.approx(440 * 2 ** (semitones / 12), abs=2)
    assert float((shifted[0].abs() > 0.05).nonzero().max()) / RATE_HZ == pytest.approx(2, abs=0.01)
    clicks = torch.zeros(1, 2 * RATE_HZ)
    clicks[0, RATE_HZ] = 1
    power = shift.apply(clicks, torch.tensor([0]))[0].double().square()
    assert float((power * torch.arange(len(power))).sum() / power.sum()) / RATE_HZ == pytest.approx(1, abs=0.01)


def test_a_mask_is_one_silent_stretch_of_its_share(waveform):
    masked = TimeMask(RATE_HZ, (0.1, 0.3)).apply(waveform[3:4].expand(40, -1), torch.arange(40))
    lengths, starts = [], []
    for row in masked:
        silent = (row == 0).nonzero().flatten()
        assert int(silent[-1] - silent[0]) + 1 == len(silent)
        kept = row != 0
        assert torch.equal(row[kept], waveform[3][kept])
        lengths.append(len(silent))
        starts.append(int(silent[0]))
    assert 800 <= min(lengths) < 1200 < 2000 < max(lengths) <= 2400
    assert min(starts) < 1600
    assert max(starts) > 4000


def test_a_mask_may_fade(waveform):
    masked = TimeMask(RATE_HZ, (0.2, 0.2), fade_s=0.01).apply(torch.ones(1, 8000), torch.tensor([3]))[0]
    assert masked.diff().abs().max() < 0.03
    assert int((masked < 1).sum()) in range(1590, 1601)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LowPass(4000, (500, 2000)), r"cutoff_hz \(500, 2000\); expected .* within 1 to 1998"),
        (lambda: HighPass(4000, (0, 100)), "cutoff_hz"),
        (lambda: LowPass(4000, slope_db_per_octave=(12, 20)), "multiples of 6"),
        (lambda: HighPass(4000, slope_db_per_octave=(24, 12)), "slope_db_per_octave"),
        (lambda: LowPass(0), "rate_hz 0"),
        (lambda: HighPass("4 kHz"), "rate_hz '4 kHz'; expected a number of Hz"),
        # Below it the library would end the process.
        (lambda: TimeStretch(1), "rate_hz 1; expected a number of Hz from 100 on"),
        (lambda: PitchShift(33), "rate_hz 33; expected a number of Hz from 100 on"),
        (lambda: TimeStretch(4000, speed=1.2), "speed 1.2; expected two numbers"),
        (lambda: TimeStretch(4000, speed="slow"), "speed 'slow'; expected two numbers"),
        (lambda: TimeStretch(4000, speed=(0.8, 1, 1.2)), "expected two numbers"),
        (lambda: TimeMask(4000, fade_s="short"), "fade_s 'short'"),
        (lambda: TimeStretch(4000, (0.4, 1)), "speed"),
        (lambda: PitchShift(4000, (-25, 0)), "semitones"),
        (lambda: TimeMask(4000, (0.1, 1.1)), "share"),
        (lambda: TimeMask(4000, fade_s=0.0001), "fade_s 0.0001; expected 0, or at least"),
        (lambda: TimeMask(4000, fade_s=float("nan")), "fade_s nan"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(AugmentError, match=message):
        make()


@pytest.mark.parametrize("transform", [TimeStretch, PitchShift])
def test_the_lowest_rate_is_one_that_the_library_takes(transform, seeded):
    assert transform(100)(torch.ones(1, 50), seeded()).isfinite().all()
