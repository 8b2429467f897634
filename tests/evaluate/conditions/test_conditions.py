"""Conditions do to a recording what their names say, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
import torch

from resp.audio import Recording, resample, write_wav
from resp.evaluate import EvaluationError
from resp.evaluate.conditions import CONDITIONS, choose, is_attack
from resp.evaluate.conditions.added import AddedSound
from resp.evaluate.conditions.attack import Attack
from resp.evaluate.conditions.coding import Mp3, OtherRate
from resp.evaluate.conditions.colour import RESPONSES, BandLimit, DeviceFilter
from resp.evaluate.conditions.contract import Condition
from resp.evaluate.conditions.level import Clipping, Gain

RATE_HZ = 4000
SOUNDS = [record.name for record in CONDITIONS if not is_attack(record.name)]


@pytest.fixture
def recording() -> Recording:
    samples = 0.2 * np.random.default_rng(0).standard_normal((2, 2 * RATE_HZ)).clip(-4, 4)
    return Recording(samples.astype(np.float32), RATE_HZ, source="noise", device="Meditron")


def tone(frequency_hz: float, rate_hz: int = RATE_HZ, seconds: float = 2.0) -> Recording:
    time_s = np.arange(int(rate_hz * seconds)) / rate_hz
    return Recording((0.5 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32), rate_hz)


def level_db(samples: np.ndarray) -> float:
    return 10 * float(np.log10(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize("name", SOUNDS)
def test_every_condition_is_pure_seeded_and_keeps_the_length(name, recording):
    (condition,) = choose(name).values()
    assert isinstance(condition, Condition)
    before = recording.samples.copy()
    one, same = condition.change(recording, 3), condition.change(recording, 3)
    np.testing.assert_array_equal(recording.samples, before)
    np.testing.assert_array_equal(one.samples, same.samples)
    assert one.sha256 == same.sha256
    assert one.sha256 != recording.sha256
    assert one.duration_s == pytest.approx(recording.duration_s, abs=1e-3)
    assert one.channels == 1
    assert one.device == "Meditron"
    changed = resample(one.mono(), one.rate_hz, RATE_HZ)
    assert not np.allclose(changed, recording.mono(), atol=1e-6)


@pytest.mark.parametrize("kind", ["white", "babble", "heart"])
@pytest.mark.parametrize("snr_db", [20.0, 0.0])
def test_sound_is_added_at_the_ratio_asked_for(kind, snr_db, recording):
    added = AddedSound(kind, snr_db).change(recording, 0).mono() - recording.mono()
    assert level_db(recording.mono()) - level_db(added) == pytest.approx(snr_db, abs=0.05)


@pytest.mark.parametrize("kind", ["white", "babble", "heart"])
def test_seed_and_recording_decide_what_is_added_and_the_ratio_does_not(kind, recording):
    def added(recording: Recording, snr_db: float, seed: int) -> np.ndarray:
        noise = AddedSound(kind, snr_db).change(recording, seed).mono() - recording.mono()
        return noise / np.sqrt(np.mean(noise**2))

    one = added(recording, 10, 0)
    np.testing.assert_allclose(added(recording, 0, 0), one, atol=1e-3)
    assert abs(np.mean(added(recording, 10, 1) * one)) < 0.9
    assert abs(np.mean(added(tone(100), 10, 0) * one)) < 0.9


def test_babble_can_be_made_of_recorded_speech(tmp_path, recording):
    write_wav(tone(300, 8000, 1.0), tmp_path / "a.wav")
    added = AddedSound("babble", 0, speech=tmp_path).change(recording, 0).mono() - recording.mono()
    spectrum = np.abs(np.fft.rfft(added))
    assert np.fft.rfftfreq(added.size, 1 / RATE_HZ)[spectrum.argmax()] == pytest.approx(300, abs=1)
    (tmp_path / "none").mkdir()
    with pytest.raises(EvaluationError, match="no sound file found"):
        choose("babble_0db", speech=tmp_path / "none")


@pytest.mark.parametrize("share", [0.01, 0.2])
def test_that_share_of_samples_reaches_the_limit(share, recording):
    clipped = Clipping(share).change(recording, 0).mono()
    limit = np.abs(clipped).max()
    assert np.mean(np.abs(clipped) == limit) == pytest.approx(share, abs=2e-3)
    below = np.abs(recording.mono()) < limit
    np.testing.assert_array_equal(clipped[below], recording.mono()[below])


def test_gain_is_that_of_a_file_of_16_bits():
    sound = tone(100)
    softer = Gain(-40).change(sound, 0).mono()
    assert level_db(sound.mono()) - level_db(softer) == pytest.approx(40, abs=0.1)
    np.testing.assert_array_equal(softer * 2**15, np.rint(softer * 2**15))
    louder = Gain(12).change(sound, 0).mono()
    assert louder.max() <= 1
    assert np.mean(louder > 0.99) > 0.2


@pytest.mark.parametrize(
    ("condition", "frequency_hz", "gain_db"),
    [
        (BandLimit(high_hz=500), 500, -3.01),
        (BandLimit(high_hz=500), 1000, -24.1),
        (BandLimit(high_hz=500), 100, 0.0),
        (BandLimit(low_hz=200), 200, -3.01),
        (BandLimit(low_hz=200), 100, -24.1),
        (DeviceFilter("bell"), 500, RESPONSES["bell"][500]),
        (DeviceFilter("bell"), 1500, RESPONSES["bell"][710]),
        (DeviceFilter("diaphragm"), 250, RESPONSES["diaphragm"][250]),
        (DeviceFilter({100.0: 0.0, 400.0: -20.0}), 200, -10.0),
    ],
)
def test_tones_are_weakened_as_far_as_said(condition, frequency_hz, gain_db):
    sound = tone(frequency_hz)
    assert level_db(condition.change(sound, 0).mono()) - level_db(sound.mono()) == pytest.approx(gain_db, abs=0.1)


def test_resampling_keeps_what_the_lower_rate_holds():
    assert OtherRate(2000).change(tone(300), 0).rate_hz == 2000
    kept, gone = (
        level_db(OtherRate(2000).change(tone(frequency_hz), 0).mono()) - level_db(tone(frequency_hz).mono())
        for frequency_hz in (300, 1500)
    )
    assert kept == pytest.approx(0, abs=0.1)
    assert gone < -40


def test_an_mp3_adds_noise_and_little_of_it(recording):
    back = Mp3(32).change(recording, 0)
    lost = resample(back.mono(), back.rate_hz, RATE_HZ)[: 2 * RATE_HZ] - recording.mono()
    assert -60 < level_db(lost) - level_db(recording.mono()) < -5


def test_names_are_chosen_in_the_order_of_the_list_and_attacks_bring_what_they_are_compared_with():
    assert list(choose("mp3_32, white_0db")) == ["white_0db", "mp3_32"]
    assert list(choose(["pgd_0.001"])) == ["middle_window", "pgd_0.001"]
    assert list(choose("all")) == [record.name for record in CONDITIONS]
    with pytest.raises(EvaluationError, match="did you mean 'white_0db'"):
        choose("white_0")
    with pytest.raises(EvaluationError, match="no condition named"):
        choose("")


def test_the_list_has_what_was_promised():
    for kind in ("white", "babble", "heart"):
        for level in (20, 10, 5, 0):
            assert f"{kind}_{level}db" in SOUNDS


@pytest.mark.parametrize(
    "make",
    [
        lambda: AddedSound("pink", 3),  # type: ignore[arg-type]
        lambda: AddedSound("white", float("nan")),
        lambda: Gain(500),
        lambda: Clipping(1.0),
        lambda: BandLimit(),
        lambda: BandLimit(500, 100),
        lambda: DeviceFilter("trumpet"),
        lambda: Mp3(31),
        lambda: OtherRate(10),
        lambda: Attack("fgsm", 0.0),
        lambda: Attack("cw", 0.1),  # type: ignore[arg-type]
        lambda: AddedSound("babble", 0, speech=Path(__file__).parent),
    ],
)
def test_settings_out_of_range_are_refused(make):
    with pytest.raises(EvaluationError):
        make()


def test_an_attack_of_none_returns_the_windows():
    windows = torch.zeros(2, 8)
    assert Attack("none").change(None, windows, torch.zeros(2), 0) is windows  # type: ignore[arg-type]
