import numpy as np
import pytest
import torch
from scipy.signal import welch

from resp.audio.heart_sounds import synthesise_heart
from resp.augment import AugmentError, Bedside

RATE_HZ = 4000


def added(seeded, count=64, seconds=4, seed=0, **settings):
    """What is added to noise, [count, time], at 0 dB."""
    waveform = torch.randn(count, seconds * RATE_HZ, generator=seeded(1), dtype=torch.float64)
    return (Bedside(RATE_HZ, snr_db=(0, 0), **settings)(waveform, seeded(seed)) - waveform).numpy()


def share_below(sound, limit_hz):
    frequency, density = welch(sound, fs=RATE_HZ, nperseg=1024)
    return density[:, frequency < limit_hz].sum(1) / density.sum(1)


@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_ratio_is_what_was_asked_for(waveform, seeded, snr_db):
    samples = waveform.double()
    extra = Bedside(RATE_HZ, snr_db=(snr_db, snr_db))(samples, seeded()) - samples
    ratio_db = 10 * (samples.square().mean(1) / extra.square().mean(1)).log10()
    torch.testing.assert_close(ratio_db, torch.full_like(ratio_db, snr_db), atol=1e-3, rtol=0)


def test_a_heart_is_low_and_babble_is_not(seeded):
    assert share_below(added(seeded, kinds=("heart",)), 200).min() > 0.95
    assert np.median(share_below(added(seeded, kinds=("babble",)), 200)) < 0.8


def test_kinds_are_drawn_alike_and_none_is_left_out(seeded):
    hearts = share_below(added(seeded, count=400), 200) > 0.95
    assert 0.4 < hearts.mean() < 0.65


def test_hearts_beat_at_many_rates_and_none_is_one_that_is_measured_with(seeded):
    sounds = added(seeded, kinds=("heart",), seconds=8)
    beats = [peaks_a_minute(sound) for sound in sounds]
    assert min(beats) < 60
    assert max(beats) > 120
    measured = synthesise_heart(8, RATE_HZ, beats_per_min=72, seed=0)
    likeness = [np.abs(np.correlate(sound, measured)).max() / np.linalg.norm(sound) for sound in sounds]
    assert max(likeness) < 0.9 * np.linalg.norm(measured)


def peaks_a_minute(sound):
    """The heart's rate by the largest autocorrelation of its envelope, 40 to 160 beats a minute."""
    envelope = np.convolve(np.abs(sound), np.ones(200) / 200, "same")[::40]
    envelope = envelope - envelope.mean()
    whole = np.correlate(envelope, envelope, "full")[len(envelope) - 1 :]
    first, last = (round(60 / rate * RATE_HZ / 40) for rate in (160, 40))
    return 60 / ((first + np.argmax(whole[first:last])) * 40 / RATE_HZ)


def test_a_clip_longer_than_a_scene_hears_it_again(seeded):
    sound = added(seeded, count=1, seconds=40, kinds=("heart",))[0]
    np.testing.assert_allclose(sound[: 10 * RATE_HZ], sound[30 * RATE_HZ :], atol=1e-5)


def test_slower_sound_than_is_synthesised_is_refused():
    with pytest.raises(AugmentError, match="rate_hz 2000; expected a number of Hz from 4000 on"):
        Bedside(2000)


def test_silence_stays_silent(seeded):
    silence = torch.zeros(3, 400)
    assert torch.equal(Bedside(RATE_HZ)(silence, seeded()), silence)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"kinds": ()}, "kinds"),
        ({"kinds": "heart"}, "kinds"),
        ({"kinds": ("lung",)}, "heart, babble"),
        ({"snr_db": (30, 0)}, "snr_db"),
        ({"probability": 2}, "probability"),
    ],
)
def test_wrong_settings_are_refused(settings, problem):
    with pytest.raises(AugmentError, match=problem):
        Bedside(RATE_HZ, **settings)
