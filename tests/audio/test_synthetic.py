"""Synthetic breath sounds: what is said to be in them is in them."""

import numpy as np
import pytest

from resp.audio import AudioError, measure_quality, synthesise_breathing
from resp.audio.breath_sounds import crackle_waveform, wheeze_waveform
from resp.audio.synthetic import VESICULAR_DBFS


def test_it_is_labelled_synthetic():
    made = synthesise_breathing(seed=0)
    assert made.recording.synthetic
    assert made.recording.source == "synthetic"
    assert made.events == ()
    assert not any(cycle.crackles or cycle.wheezes for cycle in made.cycles)


def test_the_seed_decides():
    one, same, other = (synthesise_breathing(crackles="fine", wheeze=True, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.recording.samples, same.recording.samples)
    assert one.events == same.events
    assert one.events != other.events


@pytest.mark.parametrize("rate_hz", [4000, 16_000, 44_100])
@pytest.mark.parametrize("crackles", [None, "fine", "coarse"])
def test_every_setting_makes_a_good_recording(rate_hz, crackles):
    made = synthesise_breathing(rate_hz=rate_hz, crackles=crackles, wheeze=True, seed=5)
    assert made.recording.rate_hz == rate_hz
    assert made.recording.duration_s == 15
    measured = measure_quality(made.recording)
    assert measured.verdict == "good"
    assert measured.peak_dbfs < 0


def test_cycles_follow_the_breathing_rate():
    made = synthesise_breathing(duration_s=120, rate_hz=4000, breaths_per_min=20, seed=0)
    assert len(made.cycles) == pytest.approx(40, abs=2)
    for cycle, following in zip(made.cycles, made.cycles[1:], strict=False):
        assert cycle.end_s == following.start_s
        assert cycle.end_s - cycle.start_s == pytest.approx(3, rel=0.051)
    assert made.cycles[-1].end_s <= 120


def test_vesicular_sound_is_low_and_follows_the_breath():
    made = synthesise_breathing(duration_s=30, noise_db=-120, seed=2)
    samples = made.recording.samples[0]
    assert 20 * np.log10(samples.std()) == pytest.approx(VESICULAR_DBFS, abs=0.1)
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequency_hz = np.fft.rfftfreq(samples.size, 1 / 16_000)
    octave_200, octave_800 = (power[(frequency_hz >= low) & (frequency_hz < 2 * low)].mean() for low in (200, 800))
    assert 10 * np.log10(octave_200 / octave_800) > 24, "12 dB an octave over two octaves"
    for cycle in made.cycles:
        length_s = cycle.end_s - cycle.start_s

        def level(begin: float, end: float, start_s: float = cycle.start_s, length_s: float = length_s) -> float:
            first, last = (int((start_s + share * length_s) * 16_000) for share in (begin, end))
            return float(samples[first:last].std())

        assert level(0.1, 0.3) > 1.5 * level(0.45, 0.7) > 10 * level(0.85, 0.97)


@pytest.mark.parametrize(("frequency_hz", "two_cycle_s"), [(650, 0.005), (350, 0.015)])
def test_a_crackle_has_its_first_half_wave_and_two_cycles(frequency_hz, two_cycle_s):
    time_s = np.linspace(-0.001, two_cycle_s + 0.001, 200_001)
    crackle = crackle_waveform(time_s, frequency_hz, two_cycle_s)
    inside = (time_s > 1e-7) & (time_s < two_cycle_s - 1e-7)
    assert not crackle[time_s <= 0].any()
    np.testing.assert_allclose(crackle[time_s >= two_cycle_s], 0, atol=1e-12)
    within = crackle[inside]
    crossings = time_s[inside][1:][np.diff(np.sign(within)) != 0]
    assert len(crossings) == 3, "four half waves are two cycles"
    assert crossings[0] == pytest.approx(1 / (2 * frequency_hz), rel=1e-3)
    assert np.all(np.diff(np.concatenate([[0], crossings, [two_cycle_s]])) > 0)
    widths = np.diff(np.concatenate([[0], crossings, [two_cycle_s]]))
    assert np.all(np.diff(widths) > 0), "half waves grow longer"
    assert np.abs(crackle).max() <= 1
    last_half = np.abs(crackle[time_s > crossings[-1]]).max()
    assert last_half < 0.3 * np.abs(crackle).max()


@pytest.mark.parametrize(("kind", "duration_s"), [("fine", 0.005), ("coarse", 0.015)])
def test_crackles_stand_where_they_are_said_to_be(kind, duration_s):
    quiet = synthesise_breathing(duration_s=20, noise_db=-120, seed=4)
    made = synthesise_breathing(duration_s=20, noise_db=-120, crackles=kind, seed=4)
    assert {event.kind for event in made.events} == {f"{kind}_crackle"}
    rate_hz = made.recording.rate_hz
    added = made.recording.samples[0] - quiet.recording.samples[0]
    marked = np.zeros(added.size, dtype=bool)
    for event, following in zip(made.events, [*made.events[1:], None], strict=True):
        assert event.end_s - event.start_s == pytest.approx(duration_s, rel=0.11)
        assert following is None or event.end_s < following.start_s
        here = slice(int(event.start_s * rate_hz), int(np.ceil(event.end_s * rate_hz)) + 1)
        assert np.abs(added[here]).max() > 0.1
        marked[here] = True
    np.testing.assert_allclose(added[~marked], 0, atol=1e-6)


def test_fine_crackles_come_late_in_inspiration_and_coarse_ones_early():
    for kind, low, high in (("fine", 0.5, 1.0), ("coarse", 0.0, 0.5)):
        made = synthesise_breathing(duration_s=30, crackles=kind, seed=6)
        assert all(cycle.crackles and not cycle.wheezes for cycle in made.cycles)
        for cycle in made.cycles:
            inspiration_s = 0.4 * (cycle.end_s - cycle.start_s)
            inside = [event for event in made.events if cycle.start_s <= event.start_s < cycle.end_s]
            assert len(inside) >= 3
            shares = [(event.start_s - cycle.start_s) / inspiration_s for event in inside]
            inspiratory = [share for share in shares if share < 1]
            assert all(low <= share <= high for share in inspiratory)
            assert (len(inspiratory) < len(shares)) == (kind == "coarse")


def test_wheezes_are_tones_of_their_frequency():
    made = synthesise_breathing(duration_s=20, wheeze=True, seed=7)
    assert len(made.events) == len(made.cycles) >= 4
    rate_hz = made.recording.rate_hz
    for event in made.events:
        assert event.kind == "wheeze"
        assert event.end_s - event.start_s >= 0.1
        assert 400 <= event.frequency_hz <= 700
        sound = made.recording.samples[0][int(event.start_s * rate_hz) : int(event.end_s * rate_hz)]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size)))
        loudest_hz = np.fft.rfftfreq(sound.size, 1 / rate_hz)[np.argmax(spectrum)]
        assert loudest_hz == pytest.approx(event.frequency_hz, rel=0.12)
    assert all(cycle.wheezes and not cycle.crackles for cycle in made.cycles)


def test_a_wheeze_has_no_harmonic_beyond_half_the_rate():
    time_s = np.arange(2000) / 2000
    pure = wheeze_waveform(time_s, 2000, 600, 0, 1.0)
    spectrum = np.abs(np.fft.rfft(pure * np.hanning(2000)))
    assert np.argmax(spectrum) == 600
    assert spectrum[790:810].max() < 1e-3 * spectrum[600], "1200 Hz would fold to 800 Hz"


def test_annotation_is_that_of_icbhi():
    made = synthesise_breathing(crackles="coarse", wheeze=True, seed=8)
    rows = [line.split("\t") for line in made.annotation().splitlines()]
    assert len(rows) == len(made.cycles)
    for row, cycle in zip(rows, made.cycles, strict=True):
        assert float(row[0]) == pytest.approx(cycle.start_s, abs=5e-4)
        assert float(row[1]) == pytest.approx(cycle.end_s, abs=5e-4)
        assert row[2:] == ["1", "1"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"duration_s": 0}, "duration_s is 0"),
        ({"duration_s": 1e6}, "duration_s"),
        ({"rate_hz": 100}, "rate_hz is 100"),
        ({"breaths_per_min": 0}, "breaths_per_min is 0"),
        ({"crackles": "medium"}, "expected 'fine', 'coarse' or None"),
        ({"noise_db": 3}, "noise_db is 3"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(AudioError, match=message):
        synthesise_breathing(**settings)
