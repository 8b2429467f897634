"""ESC-10 and ESC-50: both layouts, published folds, and tables that are wrong."""

from functools import partial

import pytest

from made_datasets import esc_row, write_esc, write_sounds
from resp.datasets import DataError, DataSettings, open_dataset, split_dataset
from resp.datasets.esc import ESC10_CLASSES, ESC50_CLASSES, read_esc

# A source of two clips in every fold, and one clip each of a class that is, and one that is not in ESC-10.
ROWS = [
    *(esc_row("dog", fold, 100 + fold, take) for fold in range(1, 6) for take in "AB"),
    *(esc_row("rooster", fold, 200 + fold) for fold in range(1, 6)),
    *(esc_row("hand_saw", fold, 300 + fold) for fold in range(1, 6)),
]


@pytest.fixture
def make_esc(tmp_path):
    return partial(write_esc, tmp_path)


@pytest.fixture
def make_folders(tmp_path):
    return lambda *names: write_sounds(tmp_path, names, 0.01)


def settings(name, root, **values):
    return DataSettings(dataset=name, root=root, split="published_folds", **values)


@pytest.mark.data
def test_real_esc10(data_dir):
    dataset = open_dataset(settings("esc10", data_dir / "esc10"))
    assert dataset.census.complete, dataset.census.text()
    assert not dataset.census.notes
    assert dataset.classes[:2] == ("dog", "rain")
    assert set(dataset.class_counts().values()) == {40}
    assert dataset.task == "single_label"
    item = dataset.items[0]
    assert (item.path.name, item.patient, dataset.classes[item.label]) == ("1-4211-A.ogg", "4211", "crackling_fire")
    assert item.path.parent.name == "010 - Fire crackling"


@pytest.mark.data
def test_real_esc10_folds_cover_every_clip_once_and_divide_no_source(data_dir):
    dataset = open_dataset(settings("esc10", data_dir / "esc10"))
    tested = []
    for fold in range(5):
        split = split_dataset(dataset, settings("esc10", data_dir, fold=fold))
        train, validation, test = (
            {dataset.items[index].patient for index in part} for part in (split.train, split.validation, split.test)
        )
        assert train.isdisjoint(validation | test)
        assert validation.isdisjoint(test)
        assert len(split.test) == 80
        assert set(dataset.class_counts(split.test).values()) == {8}
        assert len(split.train) + len(split.validation) == 320
        assert {dataset.items[index].path.name[0] for index in split.test} == {str(fold + 1)}
        tested += split.test
    assert sorted(tested) == list(range(400))


def test_table_layout(make_esc):
    dataset = open_dataset(settings("esc50", make_esc(ROWS)))
    assert dataset.classes == ESC50_CLASSES
    assert len(dataset.classes) == len(set(dataset.classes)) == 50
    assert len(dataset) == 20
    assert dataset.census["hand_saw"] == 5
    assert dataset.census["fold 1"] == 4
    assert {difference.expected for difference in dataset.census.differences()} == {2000, 400, 40}
    first = dataset.items[0]
    assert (first.recording, first.patient, first.label) == ("1-101-A-0", "101", 0)
    assert first.attributes == {"fold": "0", "take": "A"}
    split = split_dataset(dataset, settings("esc50", ".", fold=4, validation_share=0.25))
    assert {dataset.items[index].attributes["fold"] for index in split.test} == {"4"}
    assert split.validation


def test_esc10_is_the_marked_rows_of_the_table(make_esc):
    dataset = read_esc(make_esc(ROWS), "esc10")
    assert dataset.classes == ESC10_CLASSES
    assert {dataset.classes[item.label] for item in dataset.items} == {"dog", "rooster"}
    assert set(ESC10_CLASSES) < set(ESC50_CLASSES)


def test_labels_change_nothing_where_classes_are_the_data_set_s_own(make_esc):
    root = make_esc(ROWS)
    assert open_dataset(settings("esc10", root, labels="two_class")) == open_dataset(settings("esc10", root))


def test_both_layouts_give_the_same_items(make_esc, make_folders, tmp_path):
    table = read_esc(make_esc(ROWS[:15]), "esc10")
    (tmp_path / "meta" / "esc50.csv").unlink()
    folders = read_esc(
        make_folders(
            *(f"001 - Dog bark/{fold}-{100 + fold}-{take}.ogg" for fold in range(1, 6) for take in "AB"),
            *(f"009 - Rooster/{fold}-{200 + fold}-A.ogg" for fold in range(1, 6)),
        ),
        "esc10",
    )
    told = [[(item.label, item.patient, item.attributes) for item in dataset.items] for dataset in (table, folders)]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("folder", "category"),
    [
        ("001 - Dog bark", "dog"),
        ("006 - Person sneeze", "sneezing"),
        ("310 - Drinking - sipping", "drinking_sipping"),
        ("401 - Door knock", "door_wood_knock"),
        ("404 - Door - wood creaks", "door_wood_creaks"),
        ("203 - Crackling fire", "crackling_fire"),
        ("108 - Insects (flying)", "insects"),
    ],
)
def test_folder_names(make_folders, folder, category):
    dataset = read_esc(make_folders(f"{folder}/1-1-A.ogg", "other/readme.ogg"), "esc50")
    assert [dataset.classes[item.label] for item in dataset.items] == [category]


def test_esc10_in_class_folders_of_esc50_and_copies(make_folders):
    root = make_folders("101 - Dog/1-1-A.ogg", "101 - Dog/1-1-A.wav", "510 - Hand saw/1-2-A.ogg")
    dataset = read_esc(root, "esc10")
    assert len(dataset) == 1
    assert "left out, not in ESC-10: 1 clips (hand_saw)" in dataset.census.text()
    assert "passed over: 1 further copies" in dataset.census.text()


def test_missing_sounds_are_counted(make_esc):
    dataset = read_esc(make_esc(ROWS, silent=ROWS[:2]), "esc50")
    assert len(dataset) == 18
    assert "sound missing: 2 of 20 listed clips (1-101-A-0, 1-101-B-0)" in dataset.census.text()


def test_a_source_in_two_folds_is_reported_and_never_learned_from_and_tested(make_esc):
    dataset = read_esc(make_esc([*ROWS, esc_row("crow", 2, 101)]), "esc50")
    assert "sources that the published split divides: 1 (101 in fold 1 and fold 2)" in dataset.census.text()
    tested = []
    for fold, withheld in enumerate((1, 2, 0, 0, 0)):
        split = split_dataset(dataset, settings("esc50", ".", fold=fold))
        train, test = ({dataset.items[index].patient for index in part} for part in (split.train, split.test))
        assert train.isdisjoint(test)
        assert len(split.withheld) == withheld
        assert len({*split.train, *split.validation, *split.test, *split.withheld}) == 21
        assert ("not learned from, as the test part has their source" in split.text(dataset)) == bool(withheld)
        tested += split.test
    assert sorted(tested) == list(range(21))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("x.wav,1,0,wolf,False,1,A", "line 22: category 'wolf'; expected one of dog, rooster"),
        ("x.wav,1,1,dog,True,1,A", "line 22: target '1' of dog; expected 0"),
        ("x.wav,1,0,dog,False,1,A", "line 22: esc10 'False' of dog; expected True"),
        ("x.wav,6,0,dog,True,1,A", "line 22: fold '6', src_file '1'; expected a fold of 1 to 5"),
        ("x.wav,1,0,dog,True,me,A", "line 22: fold '1', src_file 'me'"),
        ("x.wav,1,0,dog", "line 22: 4 cells; expected 7"),
        (ROWS[0], "line 22: 1-101-A-0.wav again; list every clip once"),
    ],
)
def test_wrong_rows_are_named_by_their_line(make_esc, wrong, message):
    with pytest.raises(DataError, match=message):
        read_esc(make_esc([*ROWS, wrong]), "esc10")


def test_wrong_files_are_refused(make_esc, make_folders, tmp_path):
    with pytest.raises(DataError, match=r"neither meta/esc50\.csv nor class folders"):
        read_esc(make_folders("audio/1-1-A-0.wav"))
    with pytest.raises(DataError, match=r"1-1.ogg: not the name of a clip; expected fold-source-take"):
        read_esc(make_folders("001 - Dog bark/1-1.ogg"))
    (tmp_path / "001 - Dog bark" / "1-1.ogg").unlink()
    with pytest.raises(DataError, match="class 'wolf'; expected one of dog"):
        read_esc(make_folders("002 - Wolf/1-1-A.ogg"))
    with pytest.raises(DataError, match="20 clips of esc50 listed and none of their sounds"):
        read_esc(make_esc(ROWS, silent=ROWS))
    with pytest.raises(DataError, match="no column esc10, take among filename"):
        read_esc(make_esc(ROWS, header="filename,fold,target,category,flag,src_file,letter"))
