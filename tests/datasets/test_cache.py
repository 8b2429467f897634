"""The waveform cache: right samples, decoded once."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import resp.datasets.cache as cache_module
from made_items import RATE_HZ, dataset_of, item
from resp.audio.clip import fade_ends
from resp.audio.resampling import resample
from resp.datasets import DataError, DataSet, WaveformCache, default_cache_folder


def test_clips_are_cut_after_resampling_and_fading(cache, make_sound, tmp_path):
    path = make_sound(tmp_path / "a.wav", rate_hz=4000)
    waveforms = cache.open(dataset_of(item(path, 0.0, 0.50013), item(path, 0.7, 1.9), item(path)), RATE_HZ, 100)
    samples, rate_hz = soundfile.read(path, dtype="float32")
    whole = fade_ends(resample(samples, rate_hz, RATE_HZ), 100)
    assert len(waveforms) == 3
    np.testing.assert_array_equal(waveforms.clip(0), whole[: int(0.50013 * RATE_HZ)])
    np.testing.assert_array_equal(waveforms.clip(1), whole[int(0.7 * RATE_HZ) : int(1.9 * RATE_HZ)])
    np.testing.assert_array_equal(waveforms.clip(2), whole)
    np.testing.assert_array_equal(waveforms.recording(0), whole)
    assert waveforms.clip(0).dtype == np.float32
    assert (whole[0], whole[-1]) == (0, 0)
    assert waveforms.bounds(1) == (5600, 15200)
    assert waveforms.samples(1) == 9600


def test_channels_are_averaged_and_the_peak_levelled(cache, tmp_path):
    path = tmp_path / "two.wav"
    left, right = np.full(RATE_HZ, 0.25), np.full(RATE_HZ, -0.5)
    soundfile.write(path, np.stack([left, right], axis=1), RATE_HZ, subtype="FLOAT")
    plain = cache.open(dataset_of(item(path)), RATE_HZ)
    np.testing.assert_allclose(plain.clip(0), -0.125)
    levelled = cache.open(dataset_of(item(path)), RATE_HZ, level="peak")
    np.testing.assert_allclose(levelled.clip(0), -1.0)


def test_silence_cannot_be_levelled(cache, tmp_path):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(RATE_HZ), RATE_HZ)
    assert not cache.open(dataset_of(item(path)), RATE_HZ, level="peak").clip(0).any()


def test_a_clip_is_a_copy(cache, make_sound, tmp_path):
    waveforms = cache.open(dataset_of(item(make_sound(tmp_path / "a.wav"))), RATE_HZ)
    before = waveforms.clip(0)
    waveforms.clip(0)[:] = 7
    np.testing.assert_array_equal(waveforms.clip(0), before)


def test_end_beyond_the_sound_is_cut(cache, make_sound, tmp_path):
    path = make_sound(tmp_path / "a.wav", duration_s=1.0)
    assert cache.open(dataset_of(item(path, 0.5, 3.0)), RATE_HZ).samples(0) == RATE_HZ // 2


def test_every_sound_is_decoded_once(cache, make_sound, tmp_path, monkeypatch):
    paths = [make_sound(tmp_path / f"{name}.wav", seed) for seed, name in enumerate("abc")]
    decoded = []
    load = cache_module.load_recording
    monkeypatch.setattr(cache_module, "load_recording", lambda path: decoded.append(path) or load(path))
    dataset = dataset_of(*(item(path, start_s, start_s + 0.5) for path in paths for start_s in (0.0, 0.5)))
    cache.open(dataset, RATE_HZ)
    assert sorted(decoded) == paths
    # Neither a second opening, nor a renamed copy of a known sound, decodes again; other parameters do.
    cache.open(dataset, RATE_HZ)
    copy = tmp_path / "copy.wav"
    copy.write_bytes(paths[0].read_bytes())
    cache.open(dataset_of(item(copy)), RATE_HZ)
    assert len(decoded) == 3
    cache.open(dataset_of(item(paths[0])), RATE_HZ, 10)
    cache.open(dataset_of(item(paths[0])), RATE_HZ // 2)
    cache.open(dataset_of(item(paths[0])), RATE_HZ, level="peak")
    assert len(decoded) == 6


def test_changed_sound_is_decoded_again(cache, make_sound, tmp_path):
    path = make_sound(tmp_path / "a.wav", seed=1)
    before = cache.open(dataset_of(item(path)), RATE_HZ).clip(0)
    make_sound(path, seed=2)
    assert not np.array_equal(cache.open(dataset_of(item(path)), RATE_HZ).clip(0), before)


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"no array at all"])
def test_a_damaged_cached_file_is_made_again(cache, make_sound, tmp_path, damage):
    dataset = dataset_of(item(make_sound(tmp_path / "a.wav")))
    before = cache.open(dataset, RATE_HZ).clip(0)
    (cached,) = cache.folder.rglob("*.npy")
    cached.write_bytes(damage)
    np.testing.assert_array_equal(cache.open(dataset, RATE_HZ).clip(0), before)


def test_a_cached_file_cut_short_is_made_again(cache, make_sound, tmp_path):
    dataset = dataset_of(item(make_sound(tmp_path / "a.wav")))
    before = cache.open(dataset, RATE_HZ).clip(0)
    (cached,) = cache.folder.rglob("*.npy")
    cached.write_bytes(cached.read_bytes()[:-4000])
    np.testing.assert_array_equal(cache.open(dataset, RATE_HZ).clip(0), before)


def test_progress_counts_recordings(cache, make_sound, tmp_path):
    paths = [make_sound(tmp_path / f"{number}.wav", number) for number in range(5)]
    dataset = dataset_of(*(item(path) for path in paths))
    seen = []
    cache.open(dataset_of(item(paths[0])), RATE_HZ)
    cache.open(dataset, RATE_HZ, progress=lambda done, total: seen.append((done, total)), workers=2)
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's list of open files")
def test_no_file_stays_open(cache, make_sound, tmp_path):
    paths = [make_sound(tmp_path / f"{number}.wav", number, 0.25) for number in range(5)]
    before = len(list(Path("/proc/self/fd").iterdir()))
    waveforms = cache.open(dataset_of(*(item(path) for path in paths)), 4000)
    for index, path in enumerate(paths):
        np.testing.assert_array_equal(waveforms.clip(index), soundfile.read(path, dtype="float32")[0])
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


@pytest.mark.parametrize(("start", "samples"), [(0, 4000), (0, 7), (100, 800), (3990, 10), (4000, 0)])
def test_a_part_of_a_clip_is_the_part_of_the_whole(cache, make_sound, tmp_path, start, samples):
    path = make_sound(tmp_path / "a.wav", duration_s=2.0)
    waveforms = cache.open(dataset_of(item(path), item(path, 0.25, 0.75)), RATE_HZ)
    assert (waveforms.is_whole(0), waveforms.is_whole(1)) == (True, False)
    for index in (0, 1):
        out = np.full((3, samples), np.nan, dtype=np.float32)
        waveforms.read(index, start, out[1])
        np.testing.assert_array_equal(out[1], waveforms.clip(index)[start : start + samples])
        assert np.isnan(out[::2]).all()


def test_a_cached_file_that_goes_while_it_is_used(cache, make_sound, tmp_path):
    waveforms = cache.open(dataset_of(item(make_sound(tmp_path / "a.wav"))), RATE_HZ)
    (cached,) = cache.folder.rglob("*.npy")
    cached.write_bytes(cached.read_bytes()[:-4])
    waveforms.read(0, 0, np.empty(100, dtype=np.float32))
    with pytest.raises(DataError, match="was cut short; start again"):
        waveforms.clip(0)
    cached.unlink()
    with pytest.raises(DataError, match=r"cannot be read .*start again"):
        waveforms.clip(0)


def test_trimmed_before_anything_else(cache, tmp_path):
    path = tmp_path / "padded.wav"
    loud = np.random.default_rng(0).uniform(-0.25, 0.25, 4000).astype(np.float32)
    soundfile.write(path, np.concatenate([np.zeros(1600), loud, np.zeros(8000)]), 4000, subtype="FLOAT")
    trimmed = cache.open(dataset_of(item(path)), RATE_HZ, 100, "peak", trim_db=60)
    expected = resample(loud, 4000, RATE_HZ)
    np.testing.assert_array_equal(trimmed.clip(0), fade_ends(expected / np.abs(expected).max(), 100))
    untrimmed = cache.open(dataset_of(item(path)), RATE_HZ, 100, "peak")
    assert untrimmed.samples(0) == 2 * 13_600
    cache.open(dataset_of(item(path)), RATE_HZ, 100, "peak", trim_db=40.5)
    # What was cached before there was any trimming is still found.
    folders = {folder.name for folder in (cache.folder / "waveforms-v1").iterdir()}
    assert folders == {f"8000hz-fade100-peak{name}" for name in ("", "-trim60.0", "-trim40.5")}


def test_a_silent_recording_is_left_whole(cache, tmp_path):
    path = tmp_path / "silent.wav"
    soundfile.write(path, np.zeros(1000), RATE_HZ)
    assert cache.open(dataset_of(item(path)), RATE_HZ, trim_db=60).samples(0) == 1000


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"RESP_CACHE": "/data/cache"}, "/data/cache"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/resp"),
        ("linux", {}, "HOME/.cache/resp"),
        ("darwin", {}, "HOME/Library/Caches/resp"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/resp/cache"),
    ],
)
def test_default_folder(monkeypatch, platform, variables, expected):
    for name in ("RESP_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert default_cache_folder() == Path(expected.replace("HOME", str(Path.home())))
    assert WaveformCache().folder == default_cache_folder()


@pytest.mark.data
def test_real_cycles(cache, data_dir):
    from resp.datasets.icbhi import read_icbhi

    dataset = read_icbhi(data_dir / "icbhi")
    chosen = DataSet(dataset.name, dataset.classes, dataset.items[:30], dataset.census)
    waveforms = cache.open(chosen, 16000, 1000)
    for index, cycle in enumerate(chosen.items):
        assert waveforms.samples(index) == int(cycle.end_s * 16000) - int(cycle.start_s * 16000)
        assert np.isfinite(waveforms.clip(index)).all()
