"""The waveform cache: right samples, decoded once, whole after a kill, shared by writers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import resp.datasets.cache as cache_module
from resp.audio.clip import fade_ends
from resp.audio.resampling import resample
from resp.datasets import Census, DataError, DataSet, Item, WaveformCache, default_cache_folder

RATE_HZ = 8000


def item(path: Path, start_s: float | None = None, end_s: float | None = None) -> Item:
    return Item(path.stem, path, start_s, end_s, 0, "p")


def dataset_of(*items: Item) -> DataSet:
    return DataSet("made", ("normal",), items, Census(()))


@pytest.fixture
def cache(tmp_path):
    return WaveformCache(tmp_path / "cache")


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


@pytest.mark.parametrize(("start", "samples"), [(-1, 10), (3991, 10), (9000, 1)])
def test_a_part_that_is_not_within_the_item(cache, make_sound, tmp_path, start, samples):
    path = make_sound(tmp_path / "a.wav", duration_s=2.0)
    waveforms = cache.open(dataset_of(item(path, 0.25, 0.75)), RATE_HZ)
    with pytest.raises(DataError, match="of an item of 4000; expected them within it"):
        waveforms.read(0, start, np.empty(samples, dtype=np.float32))


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


def test_trimming_refuses_marks_in_time(cache, make_sound, tmp_path):
    path = make_sound(tmp_path / "a.wav")
    with pytest.raises(DataError, match=r"displace the marks in time of 1 items(.|\n)*a@0\.100-0\.500"):
        cache.open(dataset_of(item(path), item(path, 0.1, 0.5)), RATE_HZ, trim_db=60)


def test_unreadable_sounds_are_all_named_and_the_others_kept(cache, make_sound, tmp_path):
    good = make_sound(tmp_path / "good.wav")
    bad = [tmp_path / f"bad{number}.wav" for number in range(12)]
    for number, path in enumerate(bad):
        path.write_bytes(f"this is no sound {number}".encode())
    with pytest.raises(DataError, match="12 sounds cannot be read") as caught:
        cache.open(dataset_of(item(good), *(item(path) for path in bad)), RATE_HZ)
    assert str(caught.value).count("bad") >= 10
    assert "and 2 more" in str(caught.value)
    assert len(list(cache.folder.rglob("*.npy"))) == 1


def test_missing_sounds_are_named(cache, tmp_path):
    with pytest.raises(DataError, match=r"1 sound files cannot be read(.|\n)*gone\.wav"):
        cache.open(dataset_of(item(tmp_path / "gone.wav")), RATE_HZ)


def test_items_without_a_sample_are_named(cache, make_sound, tmp_path):
    path = make_sound(tmp_path / "a.wav", duration_s=1.0)
    with pytest.raises(DataError, match=r"2 items have no sample at 8000 Hz(.|\n)*a@1\.000-2\.000"):
        cache.open(dataset_of(item(path), item(path, 1.0, 2.0), item(path, 0.5, 0.50001)), RATE_HZ)


@pytest.mark.parametrize(
    ("rate_hz", "fade", "level", "trim_db"),
    [(0, 0, "none", None), (8000, -1, "none", None), (8000, 0, "rms", None), (8000, 0, "none", 0.0)],
)
def test_parameters_out_of_range(cache, rate_hz, fade, level, trim_db):
    with pytest.raises(DataError, match="expected a positive rate"):
        cache.open(dataset_of(), rate_hz, fade, level, trim_db=trim_db)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="the cache folder cannot be made"):
        WaveformCache(tmp_path / "file").open(dataset_of(), RATE_HZ)


def test_a_full_disk_is_one_clear_error(cache, make_sound, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache_module, "write_atomically", fail)
    with pytest.raises(DataError, match=r"a\.wav cannot be cached: .*No space left"):
        cache.open(dataset_of(item(make_sound(tmp_path / "a.wav"))), RATE_HZ)


def test_abandoned_files_go_and_fresh_ones_stay(cache, make_sound, tmp_path):
    dataset = dataset_of(item(make_sound(tmp_path / "a.wav")))
    cache.open(dataset, RATE_HZ)
    (folder,) = (path.parent for path in cache.folder.rglob("*.npy"))
    old, fresh = folder / ".writing-old", folder / ".writing-fresh"
    old.touch()
    fresh.touch()
    os.utime(old, (time.time() - 200_000,) * 2)
    cache.open(dataset, RATE_HZ)
    assert not old.exists()
    assert fresh.exists()


WRITER = """
import os, sys, time
from pathlib import Path
import resp.datasets.contents as contents
from resp.datasets import Census, DataSet, Item, WaveformCache

root, mode = Path(sys.argv[1]), sys.argv[2]
paths = sorted(root.glob("*.wav"))
items = tuple(Item(path.stem, path, None, None, 0, "p") for path in paths)
if mode == "stop":
    # However long the start took, the first things written are waveforms, not checksums to remember.
    contents.SETTLED_S = float("inf")
    written, sync = [], os.fsync
    def stop(file):
        written.append(file)
        if len(written) == 3:
            os.ftruncate(file, 1000)
            print("half written", flush=True)
            time.sleep(60)
        sync(file)
    os.fsync = stop
else:
    while not (root / "go").exists():
        time.sleep(0.005)
dataset = DataSet("made", ("normal",), items, Census(()))
waveforms = WaveformCache(root / "cache").open(dataset, 8000, workers=1)
print(sum(float(abs(waveforms.clip(index)).sum()) for index in range(len(waveforms))))
"""


@pytest.fixture
def sounds(make_sound, tmp_path):
    return [make_sound(tmp_path / f"{number}.wav", number, 1.0) for number in range(6)]


def start_writer(tmp_path: Path, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), mode],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_build_leaves_only_whole_files_and_is_continued(cache, sounds, tmp_path, monkeypatch):
    dataset = dataset_of(*(item(path) for path in sounds))
    writer = start_writer(tmp_path, "stop")
    assert writer.stdout is not None
    assert writer.stdout.readline() == "half written\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    finished = list(cache.folder.rglob("*.npy"))
    assert len(finished) == 2
    assert len(list(cache.folder.rglob(".writing-*"))) == 1
    decoded = []
    load = cache_module.load_recording
    monkeypatch.setattr(cache_module, "load_recording", lambda path: decoded.append(path) or load(path))
    continued = cache.open(dataset, RATE_HZ)
    assert len(decoded) == 4
    fresh = WaveformCache(tmp_path / "fresh").open(dataset, RATE_HZ)
    for index in range(len(dataset)):
        np.testing.assert_array_equal(continued.clip(index), fresh.clip(index))


def test_concurrent_writers_agree(cache, sounds, tmp_path):
    writers = [start_writer(tmp_path, "go") for _ in range(3)]
    (tmp_path / "go").touch()
    answers = [writer.communicate(timeout=60) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0], answers
    assert len({out for out, _ in answers}) == 1
    assert len(list(cache.folder.rglob("*.npy"))) == len(sounds)
    assert not list(cache.folder.rglob(".writing-*"))


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
