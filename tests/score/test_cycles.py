import numpy as np
import pytest

from resp.audio import load_recording, resample, synthesise_breathing
from resp.score import ScoreError, find_cycles
from resp.score.envelope import PARTS, breathing_envelope_db

RATE_HZ = 4000


def breathing(breaths_per_min, seed=0, **settings):
    return synthesise_breathing(
        duration_s=30, rate_hz=RATE_HZ, breaths_per_min=breaths_per_min, noise_db=-60, seed=seed, **settings
    )


@pytest.mark.parametrize("breaths_per_min", [10, 15, 24, 36])
def test_finds_the_breaths_of_synthetic_breathing(breaths_per_min):
    made = breathing(breaths_per_min, crackles=None, wheeze=False)
    found = find_cycles(made.recording.mono(), RATE_HZ)
    assert found is not None
    assert found.breaths_per_min == pytest.approx(breaths_per_min, rel=0.06)
    low, high = found.breaths_per_min_interval
    assert low <= breaths_per_min <= high
    starts = np.array([start_s for start_s, _ in found.cycles[1:]])
    true = np.array([cycle.start_s for cycle in made.cycles[1:]])
    assert np.mean(np.abs(true[:, None] - starts[None]).min(axis=1) < 0.3) > 0.8


def test_crackles_do_not_hide_the_breaths():
    made = breathing(18, crackles="coarse", wheeze=False)
    found = find_cycles(made.recording.mono(), RATE_HZ)
    assert found is not None
    assert found.breaths_per_min == pytest.approx(18, rel=0.1)


def test_a_longer_recording_narrows_the_rate():
    def width(duration_s):
        made = synthesise_breathing(duration_s=duration_s, rate_hz=RATE_HZ, breaths_per_min=15, noise_db=-60, seed=1)
        found = find_cycles(made.recording.mono(), RATE_HZ)
        assert found is not None
        low, high = found.breaths_per_min_interval
        assert low <= 15 <= high
        return high - low

    assert width(120) < 0.7 * width(20) < 0.7 * 5


def test_cycles_tile_the_recording():
    found = find_cycles(breathing(18, crackles=None, wheeze=False).recording.mono(), RATE_HZ)
    assert found is not None
    edges = np.array(found.cycles)
    assert edges[0, 0] == 0
    assert edges[-1, 1] == pytest.approx(30)
    np.testing.assert_array_equal(edges[1:, 0], edges[:-1, 1])
    assert (edges[:, 1] - edges[:, 0] >= 0.5).all()
    assert (edges[1:-1, 1] - edges[1:-1, 0] <= 8.0 + 0.02).all()


def test_level_and_rate_do_not_matter():
    samples = breathing(18, crackles=None, wheeze=False).recording.mono()
    one = find_cycles(samples, RATE_HZ)
    quiet = find_cycles(samples * np.float32(0.01), RATE_HZ)
    # 11 025 Hz: a step is no whole number of samples, and may not make the times drift.
    other = find_cycles(resample(samples, RATE_HZ, 11_025), 11_025)
    assert one is not None
    assert quiet is not None
    assert other is not None
    np.testing.assert_allclose(quiet.cycles, one.cycles, atol=0.05)
    assert other.breaths_per_min == pytest.approx(one.breaths_per_min, rel=0.02)
    assert np.median(np.abs(np.array(other.cycles)[:, 0] - np.array(one.cycles)[:, 0])) < 0.05


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(20 * RATE_HZ),
        np.full(20 * RATE_HZ, 0.5),
        np.random.default_rng(0).standard_normal(20 * RATE_HZ),
        np.sin(2 * np.pi * 440 * np.arange(20 * RATE_HZ) / RATE_HZ),
        np.random.default_rng(0).standard_normal(2 * RATE_HZ),
        np.zeros(0),
    ],
    ids=["silence", "constant", "even noise", "tone", "too short", "empty"],
)
def test_no_breathing_is_none(samples):
    assert find_cycles(samples, RATE_HZ) is None


def test_wandering_noise_is_mostly_refused():
    generator = np.random.default_rng(1)
    loud = [np.repeat(np.exp(generator.standard_normal(100)), 800) for _ in range(10)]
    found = [find_cycles(generator.standard_normal(80_000) * gain, RATE_HZ) for gain in loud]
    assert sum(cycles is not None for cycles in found) <= 3


def test_a_single_event_is_no_breathing():
    samples = np.random.default_rng(0).standard_normal(20 * RATE_HZ) * 0.01
    samples[30_000:32_000] *= 50
    assert find_cycles(samples, RATE_HZ) is None


def test_refuses_what_is_not_one_channel():
    with pytest.raises(ScoreError, match="one channel"):
        find_cycles(np.zeros((2, 100)), RATE_HZ)
    with pytest.raises(ScoreError, match="rate of 0"):
        find_cycles(np.zeros(100), 0)


def test_envelope_is_the_level_of_the_band(monkeypatch):
    time_s = np.arange(10 * RATE_HZ) / RATE_HZ
    inside = breathing_envelope_db(0.1 * np.sin(2 * np.pi * 400 * time_s), RATE_HZ, 80)
    below = breathing_envelope_db(0.1 * np.sin(2 * np.pi * 40 * time_s), RATE_HZ, 80)
    # A sine of amplitude a has the power a² / 2.
    assert inside[50:].mean() == pytest.approx(10 * np.log10(0.1**2 / 2), abs=0.5)
    assert below[50:].mean() < inside[50:].mean() - 40


def test_envelope_of_another_band():
    sine = 0.1 * np.sin(2 * np.pi * 1500 * np.arange(10 * RATE_HZ) / RATE_HZ)
    usual = breathing_envelope_db(sine, RATE_HZ, 80)
    other = breathing_envelope_db(sine, RATE_HZ, 80, (1200.0, 1800.0))
    assert other[50:].mean() > usual[50:].mean() + 15


def test_envelope_does_not_depend_on_blocks(monkeypatch):
    samples = np.random.default_rng(0).standard_normal(10 * RATE_HZ)
    whole = breathing_envelope_db(samples, RATE_HZ, 80)
    monkeypatch.setattr("resp.score.envelope.BLOCK_S", 1)
    np.testing.assert_allclose(breathing_envelope_db(samples, RATE_HZ, 80), whole, rtol=1e-10)


def test_envelope_forgets_a_click():
    samples = np.random.default_rng(0).standard_normal(10 * RATE_HZ) * 0.01
    clicked = samples.copy()
    clicked[20_000:20_003] = 1.0
    difference = breathing_envelope_db(clicked, RATE_HZ, 80) - breathing_envelope_db(samples, RATE_HZ, 80)
    assert np.abs(difference[252:]).max() < 1.0
    assert PARTS > 2


@pytest.mark.data
def test_beats_fixed_cycles_on_annotated_recordings(data_dir):
    from resp.datasets.icbhi_tables import read_annotation

    hits = fixed_hits = total = 0
    names = [
        "107_3p2_Ar_mc_AKGC417L",
        "171_1b1_Al_sc_Meditron",
        "102_1b1_Ar_sc_Meditron",
        "202_1b1_Ar_sc_Meditron",
    ]
    for name in names:
        recording = load_recording(data_dir / "icbhi" / "audio" / f"{name}.wav")
        annotated = read_annotation(data_dir / "icbhi" / "annotations" / f"{name}.txt")
        truth = np.array([cycle.start_s for cycle in annotated[1:]])
        found = find_cycles(recording.mono(), recording.rate_hz)
        assert found is not None
        starts = np.array([start_s for start_s, _ in found.cycles[1:]])
        hits += (np.abs(truth[:, None] - starts[None]).min(axis=1) <= 0.2).sum()
        even = np.arange(2.7, recording.duration_s, 2.7)
        fixed_hits += (np.abs(truth[:, None] - even[None]).min(axis=1) <= 0.2).sum()
        total += len(truth)
        length_s = np.median([cycle.end_s - cycle.start_s for cycle in annotated])
        assert found.breaths_per_min == pytest.approx(60 / length_s, rel=0.1)
        assert found.breaths_per_min_interval[0] <= 60 / length_s <= found.breaths_per_min_interval[1]
    assert hits / total > 0.7
    assert hits > 2 * fixed_hits
