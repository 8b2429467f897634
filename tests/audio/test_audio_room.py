"""The room as a whole: its names, its imports, and the Recording."""

import subprocess
import sys

import numpy as np
import pytest

import resp.audio
from resp.audio import AudioError, Recording, load_recording


def test_every_public_name_is_there():
    for name in resp.audio.__all__:
        assert getattr(resp.audio, name).__name__ == name
    assert set(resp.audio.__all__) <= set(dir(resp.audio))
    assert resp.load_recording is load_recording
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = resp.audio.nothing


def test_sound_comes_in_without_torch_and_without_what_is_not_used_yet():
    code = (
        "import sys, resp.audio as audio\n"
        "assert 'numpy' not in sys.modules\n"
        "[getattr(audio, name) for name in audio.__all__]\n"
        "print([name for name in ('torch', 'av', 'soundfile', 'soxr', 'scipy') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_recording_keeps_its_own_read_only_samples():
    samples = np.ones(10)
    recording = Recording(samples, 8000)
    samples[0] = 5
    assert recording.samples.shape == (1, 10)
    assert recording.samples[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        recording.samples[0, 0] = 2
    assert len(recording.sha256) == 64
    assert recording.sha256 != Recording(samples, 8000).sha256
    assert recording.with_known(body_site="trachea").body_site == "trachea"
    np.testing.assert_array_equal(recording.mono(), np.ones(10))


@pytest.mark.parametrize(
    ("samples", "rate_hz", "message"),
    [
        (np.zeros((2, 2, 2)), 8000, r"shape \(2, 2, 2\)"),
        (np.zeros(0), 8000, "empty"),
        (np.zeros(4), 0, "a rate of 0 Hz"),
        (np.array([0, np.nan]), 8000, "1 samples are not finite"),
    ],
)
def test_what_is_no_recording(samples, rate_hz, message):
    with pytest.raises(AudioError, match=message):
        Recording(samples, rate_hz, source="test")
