"""The model that ships keeps lung sounds and refuses what is none, on real recordings where they are at hand."""

import numpy as np
import pytest

from resp.audio import Recording, load_recording, synthesise_heart
from resp.audio.noises import coloured_noise
from resp.evaluate.conditions.added import AddedSound
from resp.score import Scorer

RATE_HZ = 4000


@pytest.fixture(scope="module")
def shipped() -> Scorer:
    return Scorer.load()


@pytest.mark.parametrize("kind", ["Dog bark", "Rain", "Rooster", "Chainsaw", "Person sneeze"])
def test_the_surroundings_and_animals_are_refused_with_a_reason(shipped, data_dir, kind):
    folder = next(path for path in (data_dir / "esc10").iterdir() if path.name.lower().endswith(kind.lower()))
    # Fold 5 was not learned from.
    clips = sorted(folder.glob("5-*"))[:3]
    reports = [shipped.score_file(path) for path in clips]
    assert len(reports) == 3
    for report in reports:
        assert (report.status, report.summary.label if report.summary else None) == ("abstained", None)
        assert report.reason is not None
        assert report.reason.startswith(("does not sound like a lung sound", "unusable sound"))


@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_noise_is_refused(shipped, exponent):
    noise = coloured_noise(8.0, RATE_HZ, exponent=exponent, seed=7)
    report = shipped.score(Recording(0.3 * noise / np.abs(noise).max(), RATE_HZ))
    assert report.status == "abstained"
    assert "does not sound like a lung sound this model knows" in str(report.reason)


def test_silence_is_refused(shipped):
    report = shipped.score(Recording(np.zeros(8 * RATE_HZ, dtype=np.float32), RATE_HZ))
    assert report.status == "abstained"
    assert str(report.reason).startswith("unusable sound")


def test_a_heart_without_a_lung_is_refused(shipped):
    report = shipped.score(Recording(synthesise_heart(8.0, RATE_HZ, seed=5), RATE_HZ))
    assert report.status == "abstained"


def test_lung_sounds_of_the_data_set_are_kept(shipped, data_dir):
    paths = sorted((data_dir / "kauh").rglob("*.wav"))[::30]
    reports = [shipped.score_file(path) for path in paths]
    refused = [report.recording.file for report in reports if report.reason and "lung sound" in report.reason]
    assert len(reports) >= 9
    assert not refused


@pytest.mark.parametrize(("kind", "expected"), [("babble", "not_lung"), ("heart", "familiar")])
def test_a_lung_beside_voices_is_refused_and_beside_a_heart_it_is_not(shipped, data_dir, kind, expected):
    paths = sorted((data_dir / "kauh").rglob("*.wav"))[::40]
    beside = AddedSound(kind, 20.0)
    reports = [shipped.score(beside.change(load_recording(path), seed=0)) for path in paths]
    verdicts = [report.familiarity.verdict for report in reports if report.familiarity]
    assert len(verdicts) >= 5
    assert verdicts.count(expected) == len(verdicts)
    if kind == "babble":
        assert all("sounds like speech" in str(report.reason) for report in reports)
