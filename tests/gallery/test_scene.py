from pathlib import Path

import numpy as np
import pytest
import torch

from resp.audio import AudioError, Recording, load_recording, write_wav
from resp.gallery.errors import GalleryError
from resp.gallery.scene import LONGEST_S, read_scene


def test_the_partner_is_brought_to_the_clips_rate_and_length(clip: Path, tone: Path) -> None:
    scene = read_scene(clip, tone)
    assert (scene.rate_hz, len(scene.clip)) == (8000, 9600)
    assert np.array_equal(scene.clip, load_recording(clip).samples[0])
    # The tone of 0.5 s is repeated; its channels' mean is a quarter of the left one.
    assert scene.other.shape == scene.clip.shape
    expected = 0.125 * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)
    assert np.allclose(scene.other[100:3900], expected[100:3900], atol=2e-3)
    assert np.array_equal(scene.other[4000:8000], scene.other[:4000])
    assert scene.other_name == "tone.wav"


def test_both_are_resampled_to_the_wanted_rate(clip: Path) -> None:
    scene = read_scene(clip, rate_hz=16_000)
    assert (scene.rate_hz, len(scene.clip), len(scene.other)) == (16_000, 19_200, 19_200)
    assert scene.duration_s == pytest.approx(1.2)


def test_a_missing_partner_is_synthesised_from_the_seed(clip: Path) -> None:
    first, same, other = (read_scene(clip, seed=seed) for seed in (1, 1, 2))
    assert "synthetic" in first.other_name
    assert np.array_equal(first.other, same.other)
    assert not np.array_equal(first.other, other.other)
    # Its wheeze is there: the loudest bin between 300 and 800 Hz stands far above the others.
    level = np.abs(np.fft.rfft(first.other))[360:960]
    assert level.max() > 10 * np.median(level)


def test_the_shortest_clip_has_a_synthetic_partner_too(tmp_path: Path) -> None:
    path = write_wav(Recording(np.full(800, 0.1, dtype=np.float32), 8000), tmp_path / "short.wav")
    scene = read_scene(path)
    assert len(scene.other) == 800
    assert np.abs(scene.other).max() > 0


def test_of_a_long_clip_the_beginning_is_taken(tmp_path: Path) -> None:
    samples = np.linspace(-0.5, 0.5, 4000 * 31, dtype=np.float32)
    scene = read_scene(write_wav(Recording(samples, 4000), tmp_path / "long.wav"))
    assert scene.duration_s == LONGEST_S
    assert np.allclose(scene.clip, samples[: 4000 * 30], atol=1e-4)
    assert scene.cut_from_s == pytest.approx(31)


def test_each_exhibit_has_randomness_of_its_own(clip: Path) -> None:
    scene, other = read_scene(clip), read_scene(clip, seed=1)
    draws = [torch.rand(4, generator=one) for one in (scene.generator("a"), scene.generator("a"))]
    assert torch.equal(*draws)
    assert not torch.equal(draws[0], torch.rand(4, generator=scene.generator("b")))
    assert not torch.equal(draws[0], torch.rand(4, generator=other.generator("a")))


def test_what_is_no_sound_is_refused(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="absent"):
        read_scene(tmp_path / "absent.wav")
    with pytest.raises(AudioError, match="absent"):
        read_scene(clip, tmp_path / "absent.wav")
    for rate_hz in (0, 1, 3999, 200_000, "8000"):
        with pytest.raises(GalleryError, match="4000 to 192000 Hz"):
            read_scene(clip, rate_hz=rate_hz)
