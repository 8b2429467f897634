"""The fingerprint, and the checksums it is made of."""

import hashlib
import json
import os
import shutil
import time
from dataclasses import replace

import pytest

from resp.datasets import DataError, data_fingerprint
from resp.datasets.contents import content_of, write_atomically


@pytest.fixture
def dataset(make_dataset):
    return make_dataset(["a", "a", "b"], [0, 1, 2], sound=True)


def with_items(dataset, items):
    return replace(dataset, items=tuple(items))


def test_order_and_folder_do_not_matter(dataset, tmp_path):
    before = data_fingerprint(dataset)
    assert before.to_dict() == {
        "sha256": before.sha256,
        "items": 3,
        "files": 3,
        "size_bytes": sum(item.path.stat().st_size for item in dataset.items),
    }
    assert data_fingerprint(with_items(dataset, reversed(dataset.items))) == before
    (tmp_path / "moved").mkdir()
    moved = [replace(item, path=shutil.copy(item.path, tmp_path / "moved" / item.path.name)) for item in dataset.items]
    assert data_fingerprint(with_items(dataset, moved)) == before


@pytest.mark.parametrize("change", [{"label": 3}, {"patient": "z"}, {"start_s": 0.1, "end_s": 0.5}])
def test_labels_patients_and_stretches_matter(dataset, change):
    changed = with_items(dataset, [replace(dataset.items[0], **change), *dataset.items[1:]])
    assert data_fingerprint(changed).sha256 != data_fingerprint(dataset).sha256


def test_further_classes_matter(dataset):
    several = replace(dataset, task="multi_label")
    assert data_fingerprint(several) == data_fingerprint(dataset)
    changed = with_items(several, [replace(dataset.items[0], more_labels=(3,)), *dataset.items[1:]])
    assert data_fingerprint(changed).sha256 != data_fingerprint(dataset).sha256


def test_content_matters_and_one_bit_is_enough(dataset):
    before = data_fingerprint(dataset)
    path = dataset.items[1].path
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert data_fingerprint(dataset).sha256 != before.sha256


def test_checksums_are_remembered_until_the_file_changes(tmp_path):
    path, memory = tmp_path / "a.wav", tmp_path / "memory" / "contents.json"
    path.write_bytes(b"one")
    old = time.time() - 100
    os.utime(path, (old, old))
    content = content_of([path, path], memory)[path]
    assert (content.size, content.sha256) == (3, hashlib.sha256(b"one").hexdigest())
    # The remembered checksum is what is answered while size and time stamp are the same.
    entries = json.loads(memory.read_text())
    entries[str(path)][2] = "remembered"
    memory.write_text(json.dumps(entries))
    assert content_of([path], memory)[path].sha256 == "remembered"
    path.write_bytes(b"two")
    assert content_of([path], memory)[path].sha256 == hashlib.sha256(b"two").hexdigest()


def test_a_file_just_written_is_not_remembered(tmp_path):
    path, memory = tmp_path / "a.wav", tmp_path / "contents.json"
    path.write_bytes(b"one")
    content_of([path], memory)
    assert not memory.exists()


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"x": 1}', '{"x": [1, 2]}'])
def test_a_broken_memory_is_no_memory(tmp_path, text):
    path, memory = tmp_path / "a.wav", tmp_path / "contents.json"
    path.write_bytes(b"one")
    memory.write_text(text)
    assert content_of([path], memory)[path].sha256 == hashlib.sha256(b"one").hexdigest()


def test_missing_files_are_named(dataset):
    dataset.items[0].path.unlink()
    with pytest.raises(DataError, match=r"1 sound files cannot be read(.|\n)*sound0\.wav"):
        data_fingerprint(dataset)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "kept.bin"
    write_atomically(target, b"old")

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.bin"]
