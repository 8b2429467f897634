"""Signal quality: each fault is put into a clean sound and must be found, in size, verdict and words."""

from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from resp.audio import Recording, SignalQuality, load_recording, measure_quality, synthesise_breathing

RATE = 16_000


@pytest.fixture
def breath() -> np.ndarray:
    """Six seconds of synthetic breathing with a loud background, peak 0.5."""
    samples = synthesise_breathing(duration_s=6, rate_hz=RATE, noise_db=-55, seed=3).recording.samples[0]
    return samples / np.abs(samples).max() / 2


def quality(samples: np.ndarray, rate_hz: int = RATE) -> SignalQuality:
    return measure_quality(Recording(samples, rate_hz))


def test_a_clean_recording_is_good(breath):
    measured = quality(breath)
    assert measured.verdict == "good"
    assert measured.reasons == ()
    assert (measured.duration_s, measured.rate_hz, measured.channels) == (6, RATE, 1)
    assert measured.clipping_share == measured.silence_share == 0
    assert measured.dropouts == measured.dropout_s == 0
    assert measured.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert abs(measured.dc_offset) < 1e-3


def test_the_model_is_frozen_and_plain(breath):
    measured = quality(breath)
    with pytest.raises(ValueError, match="frozen"):
        measured.level_dbfs = 0
    assert SignalQuality.model_validate_json(measured.model_dump_json()) == measured


@pytest.mark.parametrize("gain", [1.0, 0.1, 0.001])
def test_level_of_a_sine_is_its_rms(gain):
    sine = gain * np.sin(2 * np.pi * 200 * np.arange(4 * RATE) / RATE)
    measured = quality(sine)
    assert measured.level_dbfs == pytest.approx(20 * np.log10(gain) - 3.0103, abs=0.01)
    assert measured.peak_dbfs == pytest.approx(20 * np.log10(gain), abs=0.01)


@pytest.mark.parametrize("later_gain", [1.0, 0.3])
@pytest.mark.parametrize("ceiling", [0.9, 0.5, 0.2])
def test_clipping_share_is_the_share_that_was_cut_off(breath, ceiling, later_gain):
    loud = breath * 2
    expected = float(np.mean(np.abs(loud) >= ceiling))
    measured = quality(later_gain * np.clip(loud, -ceiling, ceiling))
    assert measured.clipping_share == pytest.approx(expected, rel=0.1, abs=2e-4)


def test_clipping_verdicts(breath):
    mild, grave = (np.clip(breath * gain, -0.5, 0.5) for gain in (2, 20))
    assert 0.005 < quality(mild).clipping_share < 0.1
    assert quality(mild).verdict == "limited"
    assert "too loud" in quality(mild).reasons[0]
    assert quality(grave).verdict == "unusable"
    assert "Lower the gain" in quality(grave).reasons[0]


def test_one_sided_and_one_channel_clipping_counts(breath):
    one_sided = np.minimum(breath, 0.1)
    assert quality(one_sided).clipping_share == pytest.approx(np.mean(breath >= 0.1), rel=0.1)
    stereo = np.stack([breath, np.clip(breath * 4, -0.5, 0.5)])
    assert quality(stereo).clipping_share == quality(stereo[1]).clipping_share > 0


def test_a_side_without_a_ceiling_is_not_clipped(breath):
    rectified = np.maximum(breath, 0)
    assert quality(rectified).clipping_share == 0


def test_steps_of_the_converter_are_no_clipping(breath):
    assert quality(np.round(breath * 20) / 32768).clipping_share == 0


def test_all_zeros():
    measured = quality(np.zeros(2 * RATE))
    assert measured.verdict == "unusable"
    assert measured.reasons == (
        "There is no sound at all: every sample is zero. Check the microphone and record again.",
    )
    assert measured.level_dbfs == measured.peak_dbfs == measured.noise_dbfs == -120
    assert measured.silence_share == 1
    assert measured.band_limit_hz == 0


def test_a_constant_is_silence():
    measured = quality(np.full(2 * RATE, 0.2))
    assert (measured.verdict, measured.silence_share) == ("unusable", 1)
    assert measured.dc_offset == pytest.approx(0.2)
    assert "only silence" in measured.reasons[0]


@pytest.mark.parametrize(("share", "verdict"), [(0.2, "good"), (0.5, "limited"), (0.95, "unusable")])
def test_silence_share(breath, share, verdict):
    long = np.tile(breath, 10)[: 60 * RATE]
    long[: int(share * long.size)] = 0
    measured = quality(long)
    assert measured.silence_share == pytest.approx(share, abs=0.01)
    assert measured.dropouts == 0, "a silent beginning is no dropout"
    assert measured.verdict == verdict
    if verdict != "good":
        assert f"{measured.silence_share:.0%} of the recording is silent" in measured.reasons[0]


@pytest.mark.parametrize("hold", [False, True])
def test_dropouts(breath, hold):
    broken = breath.copy()
    for start_s in (1, 2.5, 4):
        start = int(start_s * RATE)
        broken[start : start + RATE // 20] = broken[start] if hold else 0
    measured = quality(broken)
    assert measured.dropouts == 3
    assert measured.dropout_s == pytest.approx(0.15, abs=0.001)
    assert measured.verdict == "limited"
    assert "breaks off 3 times (150 ms in all)" in measured.reasons[0]


def test_one_dropout_and_gaps_too_short_to_count(breath):
    broken = breath.copy()
    broken[RATE : RATE + 100] = 0
    assert quality(broken).dropouts == 0
    broken[2 * RATE : 2 * RATE + 400] = 0
    assert "breaks off once" in quality(broken).reasons[0]


def test_a_long_flat_top_is_clipping_not_a_dropout():
    slow = np.clip(3 * np.sin(2 * np.pi * 5 * np.arange(4 * RATE) / RATE), -1, 1)
    assert quality(slow).dropouts == 0
    assert quality(slow).clipping_share > 0.5


@pytest.mark.parametrize(("gain_db", "verdict"), [(-30, "good"), (-50, "limited"), (-60, "unusable")])
def test_quiet_recordings(breath, gain_db, verdict):
    measured = quality(breath * 10 ** (gain_db / 20))
    assert measured.verdict == verdict
    if verdict != "good":
        assert "quiet" in " ".join(measured.reasons)


@pytest.mark.parametrize(("duration_s", "verdict"), [(0.02, "unusable"), (0.5, "unusable"), (2, "limited")])
def test_short_recordings(breath, duration_s, verdict):
    measured = quality(breath[: int(duration_s * RATE)])
    assert measured.verdict == verdict
    assert any("lasts only" in reason for reason in measured.reasons)


def test_dc(breath):
    measured = quality(breath / 4 + 0.5)
    assert measured.dc_offset == pytest.approx(0.5, abs=0.01)
    assert measured.level_dbfs == pytest.approx(quality(breath / 4).level_dbfs, abs=0.01)
    assert "shifted off zero by 50%" in measured.reasons[0]
    stereo = np.stack([breath / 4, breath / 4 - 0.5])
    assert quality(stereo).dc_offset == pytest.approx(-0.5, abs=0.01)


def test_samples_in_a_wrong_scale(breath):
    measured = quality(breath * 32768)
    assert measured.verdict == "unusable"
    assert "far beyond full scale" in measured.reasons[0]


def test_energy_above_2_khz_against_a_closed_form():
    time_s = np.arange(4 * RATE) / RATE
    measured = quality(0.4 * np.sin(2 * np.pi * 500 * time_s) + 0.1 * np.sin(2 * np.pi * 3000 * time_s))
    assert measured.energy_above_2khz_share == pytest.approx(0.01 / 0.17, rel=0.01)
    assert measured.energy_above_2khz_db == pytest.approx(10 * np.log10(0.01 / 0.17), abs=0.05)


def test_spectrum_against_scipy(breath):
    from resp.audio.measures import spectrum

    ours = spectrum(breath.astype(np.float32), RATE)
    length = RATE // 20
    nuttall = signal.windows.general_cosine(length, [0.355768, 0.487396, 0.144232, 0.012604], sym=False)
    frequency_hz, density = signal.welch(breath, RATE, nuttall, length, length // 2, detrend="constant")
    np.testing.assert_allclose(ours.frequency_hz, frequency_hz)
    np.testing.assert_allclose(ours.density, density, rtol=1e-3)


@pytest.mark.parametrize("limit_hz", [700, 2000, 4000])
def test_band_limit_of_a_filtered_sound(limit_hz):
    noise = np.random.default_rng(0).standard_normal(10 * 44_100)
    filtered = signal.fftconvolve(noise, signal.firwin(4001, limit_hz, fs=44_100, window="blackman"), "same")
    whole = np.round(filtered / np.abs(filtered).max() * 16_000) / 32768
    measured = quality(whole, 44_100)
    assert limit_hz <= measured.band_limit_hz < limit_hz + 150
    assert measured.verdict == ("limited" if limit_hz < 1000 else "good")
    if limit_hz == 700:
        assert "a bell filter?" in measured.reasons[0]


def test_band_limit_of_white_noise_is_half_the_rate():
    noise = 0.1 * np.random.default_rng(0).standard_normal(4 * RATE)
    assert quality(noise).band_limit_hz == RATE / 2
    assert quality(noise).notes == ()


def test_a_stethoscope_that_stops_below_2_khz_is_noted():
    noise = np.random.default_rng(0).standard_normal(6 * RATE)
    filtered = 0.1 * signal.fftconvolve(noise, signal.firwin(2001, 1500, fs=RATE, window="blackman"), "same")
    measured = quality(filtered + 1e-5 * noise)
    assert measured.verdict == "good"
    assert 1500 <= measured.band_limit_hz <= 1700
    assert measured.band_floor_db == pytest.approx(-80, abs=2)
    [note] = measured.notes
    assert f"above {measured.band_limit_hz:.0f} Hz: the stethoscope or its filter stops there" in note


def test_breath_that_sinks_into_noise_is_not_called_filtered():
    made = synthesise_breathing(duration_s=10, noise_db=-50, seed=0)
    measured = measure_quality(made.recording)
    assert measured.band_limit_hz < 1000
    assert measured.band_floor_db > -60
    assert (measured.verdict, measured.notes) == ("good", ())


@pytest.mark.parametrize("noise_db", [-70.0, -50.0])
def test_noise_is_that_of_the_pauses(noise_db):
    recording = synthesise_breathing(duration_s=20, noise_db=noise_db, seed=1).recording
    in_band_db = noise_db + 10 * np.log10(1900 / 8000)
    measured = measure_quality(recording)
    assert measured.noise_dbfs == pytest.approx(in_band_db, abs=1.5)
    assert measured.loudness_range_db > 10


def test_digital_silence_is_no_background(breath):
    padded = np.concatenate([np.zeros(2 * RATE, dtype=np.float32), breath])
    assert quality(padded).noise_dbfs == pytest.approx(quality(breath).noise_dbfs, abs=2)


@pytest.mark.data
def test_verdicts_of_real_recordings(data_dir: Path):
    def verdicts(pattern: str) -> list[str]:
        return [measure_quality(load_recording(path)).verdict for path in sorted(data_dir.glob(pattern))]

    diaphragm = verdicts("kauh/DP*.wav")
    assert diaphragm.count("good") >= 0.95 * len(diaphragm)
    bell = verdicts("kauh/BP*.wav")
    assert set(bell) == {"limited"}, "the bell filter stops below 1 kHz"
    assert "unusable" not in verdicts("icbhi/audio/*.wav")
