"""The sound as it is sent to the browser: its rate, its level, the most gain, and the filters."""

from io import BytesIO

import numpy as np
import pytest

pytest.importorskip("streamlit")
import soundfile

import resp
from resp.audio.stethoscope_filters import STETHOSCOPE_FILTERS
from resp_page.listen import sound


@pytest.mark.parametrize(
    ("rate_hz", "seconds", "played_hz"),
    [
        (4000, 10, 8000),
        (8000, 10, 8000),
        (44_100, 20, 44_100),
        (96_000, 10, 48_000),
        (16_000, 600, 16_000),
        (44_100, 600, 16_000),
        (44_100, 3600, 8000),
    ],
)
def test_it_is_played_at_its_own_rate_where_browsers_and_bytes_allow(rate_hz, seconds, played_hz):
    class Long:
        duration_s = seconds

    Long.rate_hz = rate_hz
    assert sound.play_rate_hz(Long) == played_hz


def test_what_is_played_is_the_recording_at_full_scale(noise):
    recording = resp.Recording(np.stack([0.02 * noise(2, 44_100), 0.01 * noise(2, 44_100)]), 44_100)
    played = sound.prepare(recording)
    samples, rate_hz = soundfile.read(BytesIO(played.wav), dtype="int16")
    assert rate_hz == played.rate_hz == 44_100
    assert samples.ndim == 1
    assert np.abs(samples.astype(int)).max() >= 32_767
    np.testing.assert_allclose(samples / 32_768 * played.peak, recording.mono(), atol=played.peak / 30_000)


def test_the_most_gain_brings_the_loudest_sample_to_the_peak_through_each_filter(noise):
    recording = resp.Recording(0.05 * noise(4), 8000)
    played = sound.prepare(recording)
    assert set(played.most_db) == {"off", *(mode.name for mode in STETHOSCOPE_FILTERS)}
    for mode in STETHOSCOPE_FILTERS:
        filtered = mode.apply(recording.mono(), 8000) * 10 ** (played.most_db[mode.name] / 20)
        assert 0.988 * sound.PEAK < np.abs(filtered).max() <= sound.PEAK
    assert 0.988 * sound.PEAK < np.abs(recording.mono()).max() * 10 ** (played.most_db["off"] / 20) <= sound.PEAK


def test_silence_can_be_played():
    played = sound.prepare(resp.Recording(np.zeros(400), 4000))
    assert set(played.most_db.values()) == {0.0}


def test_the_browser_gets_the_coefficients_of_its_rate_and_of_the_usual_devices():
    sent = sound.sections_by_rate(8000)
    for mode in STETHOSCOPE_FILTERS:
        assert set(sent[mode.name]) == {"8000", "44100", "48000"}
        for rate, sections in sent[mode.name].items():
            np.testing.assert_array_equal(sections, mode.sections(int(rate)))
