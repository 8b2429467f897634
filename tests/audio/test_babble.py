"""Synthetic babble: speech's band and rhythm, nobody's words."""

import numpy as np
import pytest

from resp.audio import AudioError
from resp.audio.babble import synthesise_babble


def test_the_seed_decides_and_the_level_is_fixed():
    one, same, other = (synthesise_babble(2.0, 4000, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.dtype == np.float32
    assert one.shape == (8000,)
    assert np.sqrt(np.mean(one.astype(np.float64) ** 2)) == pytest.approx(0.1, rel=1e-5)


def test_most_of_it_lies_where_speech_lies():
    sound = synthesise_babble(8.0, 8000, seed=0)
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequency_hz = np.fft.rfftfreq(sound.size, 1 / 8000)
    assert power[(frequency_hz > 80) & (frequency_hz < 3500)].sum() / power.sum() > 0.9
    assert power[(frequency_hz > 200) & (frequency_hz < 1000)].sum() / power.sum() > 0.4


def test_more_voices_leave_fewer_pauses():
    def pauses(voices: int) -> float:
        sound = synthesise_babble(10.0, 4000, voices=voices, seed=1).astype(np.float64)
        level = np.sqrt((sound.reshape(-1, 200) ** 2).mean(axis=1))
        return float((level < 0.5 * np.median(level)).mean())

    assert pauses(12) < pauses(1)


@pytest.mark.parametrize(
    ("duration_s", "rate_hz", "voices", "message"),
    [(0.0, 4000, 6, "duration_s"), (1.0, 10, 6, "rate_hz"), (1.0, 4000, 0, "voices")],
)
def test_settings_out_of_range_are_refused(duration_s, rate_hz, voices, message):
    with pytest.raises(AudioError, match=message):
        synthesise_babble(duration_s, rate_hz, voices=voices)
