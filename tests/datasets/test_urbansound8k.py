"""UrbanSound8K: ten published folds, one of which divides a recording, and tables that are wrong."""

from functools import partial

import pytest

from made_datasets import URBANSOUND8K_HEADER, urbansound8k_row, write_urbansound8k
from resp.datasets import DataError, DataSettings, open_dataset, split_dataset
from resp.datasets.urbansound8k import CLASS_CLIPS, CLASSES, FOLD_CLIPS, read_urbansound8k

ROWS = [urbansound8k_row(100 + fold, fold % 2, fold, number) for fold in range(1, 11) for number in range(2)]


@pytest.fixture
def make_urbansound8k(tmp_path):
    return partial(write_urbansound8k, tmp_path)


def settings(root, **values):
    return DataSettings(dataset="urbansound8k", root=root, split="published_folds", **values)


def test_published_totals_agree():
    assert sum(FOLD_CLIPS) == sum(CLASS_CLIPS.values()) == 8732
    assert len(FOLD_CLIPS) == len(CLASSES) == 10


def test_rows_become_items(make_urbansound8k):
    dataset = open_dataset(settings(make_urbansound8k([*ROWS, urbansound8k_row(7, 9, 10, salience=2)])))
    assert dataset.task == "single_label"
    last = dataset.items[-1]
    assert (last.recording, last.patient, dataset.classes[last.label]) == ("7-9-0-0", "7", "street_music")
    assert last.attributes == {"fold": "9", "salience": "background"}
    assert last.path.parent.name == "fold10"
    assert dataset.census["clips"] == 21
    assert dataset.census["fold 10"] == 3
    assert not dataset.census.notes
    # Expected totals are those of the whole data set.
    assert {count.name: count.expected for count in dataset.census.counts}["car_horn"] == 429


def test_folds_cover_every_clip_once(make_urbansound8k):
    dataset = open_dataset(settings(make_urbansound8k(ROWS)))
    tested = []
    for fold in range(10):
        split = split_dataset(dataset, settings(".", fold=fold))
        parts = [
            {dataset.items[index].patient for index in part} for part in (split.train, split.validation, split.test)
        ]
        assert parts[2] == {str(101 + fold)}
        assert parts[0].isdisjoint(parts[1] | parts[2])
        assert parts[1].isdisjoint(parts[2])
        tested += split.test
    assert sorted(tested) == list(range(20))


def test_a_recording_that_the_folds_divide_is_not_learned_from_when_tested(make_urbansound8k):
    rows = [*ROWS, urbansound8k_row(77751, 4, 2), urbansound8k_row(77751, 7, 7)]
    dataset = open_dataset(settings(make_urbansound8k(rows)))
    assert "sources that the published split divides: 1 (77751 in fold 2 and fold 7)" in dataset.census.text()
    withheld = {fold: split_dataset(dataset, settings(".", fold=fold)).withheld for fold in (0, 1, 6)}
    assert withheld == {0: (), 1: (21,), 6: (20,)}
    split = split_dataset(dataset, settings(".", fold=1))
    assert 20 in split.test
    assert 21 not in (*split.train, *split.validation)


def test_missing_sounds_and_other_folds_are_counted(make_urbansound8k, make_sound):
    root = make_urbansound8k(ROWS, silent=ROWS[:1])
    # The right name under another fold is another clip.
    make_sound(root / "audio" / "fold2" / ROWS[0].partition(",")[0], duration_s=0.01)
    dataset = read_urbansound8k(root)
    assert len(dataset) == 19
    assert "sound missing: 1 of 20 listed clips (101-1-0-0.wav)" in dataset.census.text()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("1-0-0-0.wav,1,0,4,1,1,0,thunder", "line 22: class 'thunder'; expected one of air_conditioner"),
        ("1-0-0-0.wav,1,0,4,1,1,3,siren", "line 22: classID '3' of siren; expected 8"),
        ("1-0-0-0.wav,1,0,4,1,11,8,siren", "line 22: fold '11'; expected 1 to 10"),
        ("1-0-0-0.wav,1,0,4,3,1,8,siren", "line 22: salience '3', fsID '1'"),
        ("1-0-0-0.wav,one,0,4,1,1,8,siren", "line 22: salience '1', fsID 'one'"),
        (ROWS[0], "line 22: 101-1-0-0.wav again; list every excerpt once"),
        ("1-0-0-0.wav,1", "line 22: 2 cells; expected 8"),
    ],
)
def test_wrong_rows_are_named_by_their_line(make_urbansound8k, wrong, message):
    with pytest.raises(DataError, match=message):
        read_urbansound8k(make_urbansound8k([*ROWS, wrong]))


def test_wrong_files_are_refused(make_urbansound8k, tmp_path):
    with pytest.raises(DataError, match=r"no UrbanSound8K\.csv found"):
        read_urbansound8k(tmp_path)
    with pytest.raises(DataError, match="20 excerpts listed and none of their sounds"):
        read_urbansound8k(make_urbansound8k(ROWS, silent=ROWS))
    with pytest.raises(DataError, match="no column fsid among slice_file_name, id"):
        read_urbansound8k(make_urbansound8k(ROWS, header=URBANSOUND8K_HEADER.replace("fsID", "id")))
