"""What the waveform cache cannot take is named: sounds, items, settings, folders."""

import numpy as np
import pytest

import resp.datasets.cache as cache_module
from made_items import RATE_HZ, dataset_of, item
from resp.datasets import DataError, WaveformCache


@pytest.mark.parametrize(("start", "samples"), [(-1, 10), (3991, 10), (9000, 1)])
def test_a_part_that_is_not_within_the_item(cache, make_sound, tmp_path, start, samples):
    path = make_sound(tmp_path / "a.wav", duration_s=2.0)
    waveforms = cache.open(dataset_of(item(path, 0.25, 0.75)), RATE_HZ)
    with pytest.raises(DataError, match="of an item of 4000; expected them within it"):
        waveforms.read(0, start, np.empty(samples, dtype=np.float32))


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
