"""A short clip on disk and as a scene."""

from pathlib import Path

import numpy as np
import pytest

from resp.audio import Recording, synthesise_breathing, write_wav
from resp.gallery.scene import Scene, read_scene


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    made = synthesise_breathing(duration_s=1.2, rate_hz=8000, breaths_per_min=80, crackles="fine", seed=4)
    return write_wav(made.recording, tmp_path / "a <clip> & more.wav")


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """A stereo tone of 0.5 s whose channels differ, at another rate."""
    left = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16_000)
    samples = np.stack([left, -0.5 * left]).astype(np.float32)
    return write_wav(Recording(samples, 16_000), tmp_path / "tone.wav")


@pytest.fixture
def scene(clip: Path) -> Scene:
    return read_scene(clip)
