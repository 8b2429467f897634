import os

import pytest

from resp.score import ScoreError, find_inputs


def names(paths, folder):
    return [path.relative_to(folder).as_posix() for path in paths]


def fill(folder, *files):
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_folders_are_searched_in_order_and_any_case(tmp_path):
    fill(tmp_path, "b/x.WAV", "b/a/y.Flac", "a.mp3", "b/notes.txt", ".hidden/z.wav", "b/.z.wav", "c.webm")
    assert names(find_inputs([tmp_path]), tmp_path) == ["a.mp3", "c.webm", "b/x.WAV", "b/a/y.Flac"]


def test_named_files_are_taken_whatever_they_are_called(tmp_path):
    fill(tmp_path, "notes.txt")
    assert names(find_inputs([tmp_path / "notes.txt"]), tmp_path) == ["notes.txt"]


def test_every_input_comes_once(tmp_path):
    fill(tmp_path, "a/x.wav", "a/y.wav")
    (tmp_path / "a" / "link.wav").symlink_to(tmp_path / "a" / "y.wav")
    given = [tmp_path / "a" / "y.wav", tmp_path / "a", tmp_path / "a" / ".." / "a" / "x.wav"]
    assert [path.name for path in find_inputs(given)] == ["y.wav", "x.wav"]


def test_what_is_missing_or_empty_stays_in_the_list(tmp_path):
    (tmp_path / "empty").mkdir()
    given = [tmp_path / "gone.wav", tmp_path / "empty"]
    assert list(find_inputs(given)) == given


def test_a_folder_that_cannot_be_read_stays_in_the_list(tmp_path, monkeypatch):
    fill(tmp_path, "a.wav", "locked/b.wav")
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert names(find_inputs([tmp_path]), tmp_path) == ["a.wav", "locked"]


def test_nothing_given():
    with pytest.raises(ScoreError, match="at least one"):
        find_inputs([])
