"""Sounds without labels: what is found, whose it is, and what a test part keeps out."""

from pathlib import Path
from shutil import copy

import pytest
from pydantic import ValidationError

from made_datasets import write_sound, write_sounds
from resp.datasets import DataError, DataSettings, open_dataset, split_dataset
from resp.datasets.unlabelled import read_unlabelled, source_of

NAMES = (
    "BP1_N,N,P L L,70,M.wav",
    "DP1_N,N,P L L,70,M.wav",
    "101_1b1_Al_sc_Meditron.wav",
    "deep/5-9032-A.ogg",
    "own.wav",
)


def test_whose_a_sound_is_stands_in_its_name_or_follows_from_its_content(tmp_path: Path) -> None:
    write_sounds(tmp_path, NAMES, 0.01)
    (tmp_path / "notes.txt").write_text("no sound")
    copy(tmp_path / "own.wav", tmp_path / "copy of own.wav")
    dataset = read_unlabelled(tmp_path)
    keys = {item.recording: item.patient for item in dataset.items}
    assert keys[NAMES[0]] == keys[NAMES[1]] == "kauh-1"
    assert keys[NAMES[2]] == "icbhi-101"
    assert keys[NAMES[3]] == "esc-9032"
    assert keys["own.wav"] == keys["copy of own.wav"] == source_of(tmp_path / "own.wav")
    assert keys["own.wav"].startswith("file-")
    assert (dataset.task, dataset.classes) == ("unlabelled", ("sound",))
    assert {item.recording: item.device for item in dataset.items}[NAMES[2]] == "Meditron"
    assert (dataset.census["recordings"], dataset.census["sources"], dataset.census["recordings of kauh"]) == (6, 4, 2)


def test_a_long_recording_is_several_equal_stretches(tmp_path: Path) -> None:
    write_sound(tmp_path / "long.wav", duration_s=25.0, rate_hz=1000)
    write_sound(tmp_path / "short.wav", duration_s=10.0, rate_hz=1000)
    items = read_unlabelled(tmp_path).items
    marks = [mark for item in items if item.recording == "long.wav" for mark in (item.start_s, item.end_s)]
    assert marks == pytest.approx([0, 25 / 3, 25 / 3, 50 / 3, 50 / 3, 25])
    assert [(item.start_s, item.end_s) for item in items if item.recording == "short.wav"] == [(None, None)]
    assert len({item.patient for item in items}) == 2


def test_several_folders_are_one_data_set_and_a_file_counts_once(tmp_path: Path) -> None:
    write_sounds(tmp_path, ("a/one.wav", "b/two.wav"), 0.01)
    settings = DataSettings(
        dataset="unlabelled", root=tmp_path / "a", more_roots=(tmp_path / "b", tmp_path), split="all"
    )
    dataset = open_dataset(settings)
    assert sorted(item.recording for item in dataset.items) == ["one.wav", "two.wav"]
    assert any("2 files" in note for note in dataset.census.notes)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no sound file"):
        read_unlabelled(tmp_path / "empty")
    with pytest.raises(DataError, match="not a folder"):
        read_unlabelled(tmp_path / "nowhere")


def test_who_is_tested_on_is_left_out_with_all_that_is_there_of_them(tmp_path: Path) -> None:
    names = [f"BP{patient}_N,{'N' if patient % 2 else 'E W'},P L L,70,M.wav" for patient in range(1, 13)]
    # Of no class of the four, so that the tested data set does not have it.
    names += [name.replace("BP", "EP").replace(",E W,", ",Bronchial,").replace(",N,", ",Bronchial,") for name in names]
    write_sounds(tmp_path, [*names, "5-9032-A.ogg"], 0.01)
    whole = DataSettings(dataset="unlabelled", root=tmp_path, split="all", validation_share=0.25)
    heard = [set(open_dataset(whole).patients)]
    for fold in range(3):
        tested = DataSettings(dataset="kauh", root=tmp_path, folds=3, fold=fold, validation_share=0)
        known = open_dataset(tested)
        unheard = {f"kauh-{known.items[index].patient}" for index in split_dataset(known, tested).test}
        settings = DataSettings.model_validate(
            {**whole.model_dump(), "without_test_of": {"dataset": "kauh", "folds": 3, "fold": fold}}
        )
        assert settings.without_test_of is not None
        assert settings.without_test_of.root == tmp_path
        dataset = open_dataset(settings)
        assert set(dataset.patients) == heard[0] - unheard
        assert any(f"fold {fold} of 3" in note for note in dataset.census.notes)
        split = split_dataset(dataset, settings)
        assert not split.test
        assert {dataset.items[index].patient for index in split.train}.isdisjoint(
            dataset.items[index].patient for index in split.validation
        )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"split": "folds"}, "nothing to be tested on"),
        ({"without_test_of": {"dataset": "kauh", "split": "all"}}, "no test part"),
        ({"dataset": "kauh", "without_test_of": {"dataset": "kauh"}}, "only for unlabelled"),
        ({"dataset": "kauh", "more_roots": ["b"]}, "one folder"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(given: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        DataSettings.model_validate({"dataset": "unlabelled", "root": "a", "split": "all", **given})
