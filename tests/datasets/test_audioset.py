"""AudioSet: the published tables, the names that clips go by, and clips that are gone."""

import numpy as np
import pytest

from made_datasets import AUDIOSET_CLASSES, write_audioset
from resp.datasets import DataError, DataSettings, open_dataset, split_dataset
from resp.datasets.audioset import read_audioset

BALANCED = [
    '--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd5"',
    'Y_aaaaaaaaa, 0.000, 10.000, "/m/05zppz"',
    'bbbbbbbbbbb, 5.500, 15.500, "/t/dd5"',
    'ccccccccccc, 0.000, 10.000, "/t/dd5,/m/09x0r,/t/dd5"',
]
EVAL = ['ddddddddddd, 20.000, 30.000, "/m/09x0r"']
SOUNDS = ("--PJHxphWEs", "Y_aaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc", "ddddddddddd")


@pytest.fixture
def make_audioset(tmp_path):
    def make(*, balanced=BALANCED, evaluation=EVAL, classes=AUDIOSET_CLASSES, sounds=SOUNDS, **tables):
        named = {"balanced_train": balanced, "eval": evaluation, **tables}
        return write_audioset(tmp_path, named, sounds, classes=classes)

    return make


def settings(root=".", **values):
    return DataSettings(dataset="audioset", root=root, split="official", **values)


def test_rows_become_items_of_several_classes(make_audioset):
    dataset = open_dataset(settings(make_audioset()))
    assert dataset.task == "multi_label"
    assert dataset.classes == ("Speech", "Male speech, man speaking", "Rain")
    assert dataset.targets().tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 0, 0]]
    assert dataset.targets().dtype == np.float32
    assert dataset.class_counts() == {"Speech": 3, "Male speech, man speaking": 1, "Rain": 3}
    assert [item.recording for item in dataset.items] == list(SOUNDS)
    assert dataset.patients == SOUNDS
    assert dataset.items[0].attributes == {"segments": "balanced_train"}
    assert dataset.census["balanced_train with sound"] == 4
    assert dataset.census.notes == ("no unbalanced_train_segments.csv: nothing of it is used",)


def test_official_split(make_audioset):
    dataset = open_dataset(settings(make_audioset()))
    split = split_dataset(dataset, settings(validation_share=0.5))
    assert split.test == (4,)
    assert len(split.validation) == len(split.train) == 2
    assert sorted((*split.train, *split.validation)) == [0, 1, 2, 3]
    assert split == split_dataset(dataset, settings(validation_share=0.5))


@pytest.mark.parametrize(
    "name",
    [
        "bbbbbbbbbbb",
        "Ybbbbbbbbbbb",
        "bbbbbbbbbbb_5500",
        "bbbbbbbbbbb_5500_15500",
        "Ybbbbbbbbbbb_5500",
        "balanced_train/bbbbbbbbbbb.flac",
        "balanced_train_segments/part03/Ybbbbbbbbbbb.WAV",
    ],
)
def test_names_that_a_clip_goes_by(make_audioset, name):
    dataset = read_audioset(make_audioset(sounds=[name, "bbbbbbbbbbb_1000", "bbbbbbbbbbb.txt", "bbbbbbbbbb"]))
    assert dataset.patients == ("bbbbbbbbbbb",)
    assert dataset.items[0].path.stem == name.rpartition("/")[2].partition(".")[0]


def test_missing_clips_and_copies_are_counted(make_audioset):
    dataset = read_audioset(make_audioset(sounds=["bbbbbbbbbbb", "b/bbbbbbbbbbb.wav"]))
    text = dataset.census.text()
    assert "balanced_train: sound missing: 3 of 4 listed clips (--PJHxphWEs, Y_aaaaaaaaa, ccccccccccc)" in text
    assert "eval: sound missing: 1 of 1 listed clips (ddddddddddd)" in text
    assert "passed over: 1 further copies" in text
    assert dataset.census["balanced_train listed"] == 4
    assert dataset.census["eval with sound"] == 0


def test_the_unbalanced_table_is_for_training_too(make_audioset):
    rows = ['eeeeeeeeeee, 0.000, 10.000, "/m/09x0r"']
    dataset = read_audioset(make_audioset(unbalanced_train=rows, sounds=(*SOUNDS, "eeeeeeeeeee")))
    assert [item.part for item in dataset.items] == ["train"] * 5 + ["test"]
    assert dataset.items[4].attributes == {"segments": "unbalanced_train"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ('fffffffffff, 0.000, 10.000, "/m/nothing"', "line 8: label '/m/nothing' is none of the 3 classes"),
        ('fffffffffff, 0.000, 10.000, ""', "line 8: label '' is none"),
        ('fffffffffff, zero, 10.000, "/t/dd5"', "line 8: fffffffffff, zero, 10.000, /t/dd5; expected YTID, start"),
        ("fffffffffff, 0.000, 10.000", "line 8: fffffffffff, 0.000, 10.000; expected YTID, start"),
        ("fffffffffff, 0.000, 10.000, /m/09x0r, /t/dd5", "line 8: .*; expected YTID, start"),
        (BALANCED[0], "line 8: video --PJHxphWEs again; list every video once"),
    ],
)
def test_wrong_rows_are_named_by_their_line(make_audioset, wrong, message):
    with pytest.raises(DataError, match=message):
        read_audioset(make_audioset(balanced=[*BALANCED, wrong]))


def test_a_video_for_training_and_test_is_refused(make_audioset):
    with pytest.raises(DataError, match=r"eval_segments\.csv, line 5: video bbbbbbbbbbb again"):
        read_audioset(make_audioset(evaluation=[*EVAL, BALANCED[2]]))


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([*AUDIOSET_CLASSES, "4,/m/x,Wind"], "line 5: 4, /m/x, Wind; expected index 3"),
        ([*AUDIOSET_CLASSES, "3,/t/dd5,Wind"], "line 5: 3, /t/dd5, Wind; expected index 3, an identifier"),
        (["index,name", "0,Speech"], "no column mid, display_name among index, name"),
    ],
)
def test_wrong_classes_are_refused(make_audioset, classes, message):
    with pytest.raises(DataError, match=message):
        read_audioset(make_audioset(classes=classes))


def test_missing_files_are_refused(make_audioset, tmp_path):
    with pytest.raises(DataError, match=r"no class_labels_indices\.csv found"):
        read_audioset(tmp_path)
    with pytest.raises(DataError, match="5 segments listed and none of their sounds"):
        read_audioset(make_audioset(sounds=()))
    for table in tmp_path.glob("*_segments.csv"):
        table.unlink()
    with pytest.raises(DataError, match=r"no table of segments; expected balanced_train_segments\.csv"):
        read_audioset(tmp_path)
