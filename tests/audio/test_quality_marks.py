"""Quality marks: faults are put at known places; they must be found there and nowhere else."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from resp.audio import Recording, load_recording, measure_quality, synthesise_breathing, synthesise_heart
from resp.audio.babble import synthesise_babble
from resp.audio.quality_marks import MarksInStretches, QualityMark, find_quality_marks, told_places

RATE = 8000
SECONDS = 15


def breath(seed: int = 0, rate_hz: int = RATE, seconds: float = SECONDS, **settings) -> np.ndarray:
    made = synthesise_breathing(duration_s=seconds, rate_hz=rate_hz, noise_db=-55, seed=seed, **settings)
    return made.recording.samples[0].astype(np.float64)


def marks(samples: np.ndarray, rate_hz: int = RATE) -> list[tuple[str, float, float]]:
    found = find_quality_marks(Recording(samples, rate_hz))
    return [(mark.kind, mark.start_s, mark.end_s) for mark in found]


def thump(rng: np.random.Generator, rate_hz: int = RATE) -> np.ndarray:
    """A knock on a chest piece: a low oscillation that dies away, and a short click as it begins."""
    time_s = np.arange(round(0.15 * rate_hz)) / rate_hz
    low = np.sin(2 * np.pi * rng.uniform(50, 110) * time_s) * np.exp(-time_s / rng.uniform(0.02, 0.04))
    return low + 0.2 * rng.standard_normal(time_s.size) * np.exp(-time_s / 0.002)


def rub(rng: np.random.Generator, rate_hz: int = RATE) -> np.ndarray:
    """Half a second of a chest piece that slides: brown noise that swells and fades."""
    noise = np.cumsum(rng.standard_normal(rate_hz // 2))
    noise -= np.convolve(noise, np.ones(rate_hz // 40) / (rate_hz // 40), "same")
    return np.hanning(noise.size) * noise / np.abs(noise).max()


def loudest_rms(samples: np.ndarray, share: float = 1.0, rate_hz: int = RATE) -> float:
    """Return the RMS of the loudest 25 ms, or of those that a share of all lies below."""
    length = rate_hz // 40
    frames = samples[: samples.size // length * length].reshape(-1, length)
    return float(np.quantile(np.sqrt(np.mean(frames**2, axis=1)), share))


def add_knock(sound: np.ndarray, start_s: float, part: np.ndarray, louder_db: float, rate_hz: int = RATE) -> None:
    """Add a part that is so much louder than nine tenths of the sound."""
    gain = loudest_rms(sound, 0.9, rate_hz) / loudest_rms(part, 1.0, rate_hz) * 10 ** (louder_db / 20)
    sound[round(start_s * rate_hz) :][: part.size] += gain * part


def shares(found: list[tuple[str, float, float]], kind: str, truth: list[tuple[float, float]]) -> tuple[int, int, int]:
    """Return how many 10 ms frames are marked, true, and both."""
    marked, real = np.zeros(SECONDS * 100, dtype=bool), np.zeros(SECONDS * 100, dtype=bool)
    for where, places in (
        (marked, [(start, end) for name, start, end in found if name == kind]),
        (real, truth),
    ):
        for start_s, end_s in places:
            where[round(start_s * 100) : round(end_s * 100)] = True
    return int(marked.sum()), int(real.sum()), int((marked & real).sum())


@pytest.mark.parametrize("settings", [{}, {"crackles": "coarse"}, {"crackles": "fine"}, {"wheeze": True}])
@pytest.mark.parametrize("breaths_per_min", [10, 28])
def test_a_clean_recording_has_no_marks(settings, breaths_per_min):
    for seed in range(2):
        assert marks(breath(seed, breaths_per_min=breaths_per_min, **settings)) == []


@pytest.mark.parametrize("beats_per_min", [48, 72, 130])
def test_a_heart_is_no_handling(beats_per_min):
    sound = breath(1) + 0.8 * synthesise_heart(SECONDS, RATE, beats_per_min=beats_per_min, seed=2)
    assert marks(0.5 * sound) == []


@pytest.mark.parametrize(("louder_db", "least_share"), [(24, 0.9), (30, 1.0)])
def test_knocks_and_rubs_are_found_where_they_are(louder_db, least_share):
    hits = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        sound = 0.1 * breath(seed, crackles="coarse" if seed % 2 else None, wheeze=seed % 3 == 0)
        places = [1.0 + seed / 10, 6.3, 12.0]
        for number, start_s in enumerate(places):
            add_knock(sound, start_s, rub(rng) if number == 1 else thump(rng), louder_db)
        here = [(start, end) for kind, start, end in marks(sound) if kind == "knock"]
        hits += [any(start < at + 0.5 and end > at for start, end in here) for at in places]
        assert all(any(at - 0.1 < start < at + 0.5 for at in places) for start, _ in here), "a mark beside the knocks"
    assert np.mean(hits) >= least_share


def test_a_crackle_that_is_as_loud_is_no_knock():
    time_s = np.arange(round(0.03 * RATE)) / RATE
    sound = 0.1 * breath(1)
    for start_s in (3.0, 7.0):
        add_knock(sound, start_s, np.sin(2 * np.pi * 350 * time_s) * np.exp(-time_s / 0.006), 28)
    assert marks(sound) == []


def test_handling_all_the_time_is_still_marked():
    rng = np.random.default_rng(0)
    sound = 0.02 * breath(0)
    for start_s in np.arange(0.5, 14.0, 0.9):
        sound[round(start_s * RATE) :][: RATE * 3 // 20] += rng.uniform(0.2, 0.9) * thump(rng)
    assert sum(kind == "knock" for kind, *_ in marks(0.8 * sound)) >= 10


@pytest.mark.parametrize("voices", [1, 2, 4])
@pytest.mark.parametrize("louder_db", [0, 10, 20])
def test_speech_is_found_where_it_is(voices, louder_db):
    marked = real = both = 0
    for seed in range(4):
        sound = breath(seed, crackles="coarse" if seed % 2 else None, wheeze=seed % 3 == 0)
        speech = synthesise_babble(4, RATE, voices=voices, seed=seed)
        sound[5 * RATE : 9 * RATE] += speech * (sound.std() * 10 ** (louder_db / 20) / speech.std())
        parts = shares(marks(sound / max(1.0, np.abs(sound).max())), "speech", [(5, 9)])
        marked, real, both = marked + parts[0], real + parts[1], both + parts[2]
    assert both / marked >= 0.95, "precision"
    assert both / real >= 0.7, "recall"


def test_speech_is_found_though_the_signal_is_shifted_off_zero():
    sound = breath(3)
    speech = synthesise_babble(4, RATE, voices=2, seed=3)
    sound[5 * RATE : 9 * RATE] += speech * (2 * sound.std() / speech.std())
    shifted = [mark for mark in marks(0.3 * sound + 0.4) if mark[0] == "speech"]
    assert shifted == [mark for mark in marks(0.3 * sound) if mark[0] == "speech"]
    assert shifted


def test_musical_lungs_and_hum_are_no_speech():
    time_s = np.arange(SECONDS * RATE) / RATE
    expiration = (time_s % 4 > 2) & (time_s % 4 < 3.2)
    rhonchus = sum(np.sin(2 * np.pi * 150 * number * time_s) / number for number in range(1, 9)) * expiration
    wheeze = (np.sin(2 * np.pi * 420 * time_s) + 0.5 * np.sin(2 * np.pi * 840 * time_s)) * expiration
    hum = sum(np.sin(2 * np.pi * 100 * number * time_s) / number for number in range(1, 9))
    for other in (rhonchus, wheeze, hum):
        assert not [mark for mark in marks(breath(2) + 0.05 * other) if mark[0] == "speech"]


def test_clipping_is_marked_where_it_is():
    sound = breath(3) / 4
    sound[4 * RATE : 5 * RATE] = np.clip(20 * sound[4 * RATE : 5 * RATE], -0.6, 0.6)
    found = [mark for mark in marks(sound) if mark[0] == "clipping"]
    assert found
    assert min(start for _, start, _ in found) >= 4
    assert max(end for _, _, end in found) <= 5


def test_silence_and_dropouts_are_marked_to_the_frame():
    sound = breath(4)
    sound[: 2 * RATE] = 0
    sound[7 * RATE : 7 * RATE + 400] = 0
    sound[9 * RATE : 10 * RATE] = 0
    sound[-RATE:] = 0
    found = marks(sound)
    assert [kind for kind, *_ in found] == ["silence", "dropout", "dropout", "silence"], "a long gap is told once"
    expected = [(0, 2), (7, 7.05), (9, 10), (14, 15)]
    np.testing.assert_allclose([[start, end] for _, start, end in found], expected, atol=0.05)


def test_a_fault_of_one_channel_is_marked():
    sound = breath(5)
    broken = sound.copy()
    broken[3 * RATE : 3 * RATE + 800] = 0
    assert [kind for kind, *_ in marks(np.stack([sound, broken]))] == ["dropout"]


@pytest.mark.parametrize(
    "samples", [np.zeros(RATE), np.full(RATE, 0.3), np.ones(1), np.zeros(3), np.full(40, 0.5), np.eye(1, 900)[0]]
)
def test_odd_recordings_are_no_trouble(samples):
    for _, start_s, end_s in marks(samples):
        assert 0 <= start_s <= end_s <= samples.size / RATE + 1e-3


@pytest.mark.parametrize("rate_hz", [4000, 11_025, 44_100])
def test_the_rate_does_not_matter(rate_hz):
    sound = 0.1 * breath(0, rate_hz, 6)
    add_knock(sound, 3, thump(np.random.default_rng(0), rate_hz), 30, rate_hz)
    ((kind, start_s, end_s),) = marks(sound, rate_hz)
    assert kind == "knock"
    assert start_s == pytest.approx(3, abs=0.03)
    assert end_s == pytest.approx(3.1, abs=0.08)


def test_marks_are_few():
    sound = breath(6, seconds=60)
    for start in range(RATE, sound.size - RATE, RATE // 4):
        sound[start : start + 120] = 0
    found = [mark for mark in marks(sound) if mark[0] == "dropout"]
    assert 0 < len(found) <= 50
    assert found[0][1] == pytest.approx(1, abs=0.01)
    assert found[-1][2] > 58


def test_marks_stand_in_the_quality_and_change_no_verdict():
    sound = 0.2 * breath(7)
    add_knock(sound, 6, thump(np.random.default_rng(1)), 30)
    quality = measure_quality(Recording(sound, RATE))
    ((kind, start_s),) = [(mark.kind, mark.start_s) for mark in quality.marks]
    assert (kind, quality.verdict) == ("knock", "good")
    assert quality.notes[-1] == f"Knocks or handling of the stethoscope at {told_places(quality.marks)['knock']}."
    assert "6.0–6.1 s" in quality.notes[-1]
    assert start_s == pytest.approx(6, abs=0.03)
    assert type(quality).model_validate_json(quality.model_dump_json()) == quality


def test_marks_are_found_minute_by_minute_where_they_are_found_at_once():
    rng = np.random.default_rng(5)
    sound = np.concatenate([breath(seed) for seed in range(9)])
    for start_s in (30.0, 59.96, 110.0):
        add_knock(sound, start_s, thump(rng), 32)
    sound[round(118 * RATE) : round(122 * RATE)] = 0
    looking = MarksInStretches(RATE)
    for block in np.array_split(sound[None], 23, axis=1):
        looking.add(block.astype(np.float32))
    in_minutes = [(mark.kind, mark.start_s, mark.end_s) for mark in looking.marks()]
    at_once = marks(sound)
    assert Counter(kind for kind, *_ in at_once)["knock"] == 3
    assert [kind for kind, *_ in in_minutes if kind == "knock"] == ["knock"] * 3
    for kind, start_s, end_s in at_once:
        if kind == "knock":
            assert any(same == kind and first < end_s and last > start_s for same, first, last in in_minutes)
    # A silence over the edge of a minute is one.
    (silent,) = [(start_s, end_s) for kind, start_s, end_s in in_minutes if kind in ("silence", "dropout")]
    assert silent == pytest.approx((118.0, 122.0), abs=0.1)


def test_places_in_words():
    made = [QualityMark(start_s=at, end_s=at + 0.02, kind="dropout", words="x") for at in (1, 2, 3, 4, 5)]
    assert told_places(made) == {"dropout": "1.0–1.1 s, 2.0–2.1 s, 3.0–3.1 s and 2 more"}


@pytest.mark.data
def test_real_recordings_have_few_marks(data_dir: Path):
    def counted(pattern: str) -> tuple[int, Counter[str]]:
        files = sorted(data_dir.glob(pattern))
        kinds = Counter(
            kind for path in files for kind in {mark.kind for mark in find_quality_marks(load_recording(path))}
        )
        return len(files), kinds

    files, kinds = counted("kauh/DP*.wav")
    assert kinds["speech"] == kinds["clipping"] == 0
    # Thumps as the chest piece is put on and taken off: mostly within the first or last second.
    assert 0 < kinds["knock"] <= 0.3 * files
    files, kinds = counted("icbhi/audio/*.wav")
    assert kinds["speech"] <= 0.2 * files
    assert kinds["knock"] <= 0.1 * files
