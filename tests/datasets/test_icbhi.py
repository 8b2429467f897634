"""ICBHI: true layouts, the known totals, and everything that a copy of the database gets wrong."""

import os
import shutil
from collections import Counter

import pytest

from resp.datasets import DataError, DataSettings, open_dataset, split_dataset
from resp.datasets.icbhi import read_icbhi
from resp.datasets.icbhi_files import find_icbhi_files, match_names
from resp.datasets.icbhi_tables import (
    read_annotation,
    read_demographics,
    read_diagnoses,
    read_folds,
    read_split,
)

NORMAL, CRACKLE, WHEEZE, BOTH = (0, 0), (1, 0), (0, 1), (1, 1)
FOUR = [(0.0, 0.5, *NORMAL), (0.5, 1.0, *CRACKLE), (1.0, 1.5, *WHEEZE), (1.5, 2.0, *BOTH)]
ONE, TWO = "101_1b1_Al_sc_Meditron", "102_2b3_Tc_mc_AKGC417L"


@pytest.mark.data
def test_annotations_alone_give_the_published_totals(data_dir):
    dataset = read_icbhi(data_dir / "icbhi", without_sound=True)
    census = dataset.census
    assert (census["patients"], census["recordings"], census["cycles"]) == (126, 920, 6898)
    assert dataset.class_counts() == {"normal": 3642, "crackle": 1864, "wheeze": 886, "both": 506}
    parts = {part: Counter(item.label for item in dataset.items if item.part == part) for part in ("train", "test")}
    assert [parts["train"][label] for label in range(4)] == [2063, 1215, 501, 363]
    assert [parts["test"][label] for label in range(4)] == [1579, 649, 385, 143]
    # Only the sound that is not there separates this folder from the whole database.
    assert {count.name for count in census.differences()} <= {"recordings with sound", "cycles with sound"}


@pytest.mark.data
def test_official_split_is_as_published_and_names_its_shared_patients(data_dir):
    dataset = read_icbhi(data_dir / "icbhi", without_sound=True)
    settings = DataSettings(dataset="icbhi", root=data_dir / "icbhi", split="official")
    split = split_dataset(dataset, settings)
    assert len(split.train) + len(split.validation) == 4142
    assert len(split.test) == 2756
    assert split.shared_patients == ("156", "218")
    assert "156, 218" in split.text(dataset)
    chosen = {dataset.items[index].patient for index in split.validation}
    assert not chosen & {dataset.items[index].patient for index in (*split.train, *split.test)}
    assert 0.15 < len(split.validation) / 4142 < 0.25


@pytest.mark.data
def test_device_shift_of_the_official_split(data_dir):
    dataset = read_icbhi(data_dir / "icbhi", without_sound=True)
    recordings = {(item.device, item.part, item.recording) for item in dataset.items}
    counts = Counter((device, part) for device, part, _ in recordings)
    assert counts["Litt3200", "train"] == 5
    assert counts["Litt3200", "test"] == 55
    assert counts["LittC2SE", "train"] == 87
    assert counts["LittC2SE", "test"] == 0


@pytest.mark.data
def test_published_folds(data_dir):
    dataset = read_icbhi(data_dir / "icbhi", without_sound=True)
    tested = []
    for fold in range(5):
        settings = DataSettings(
            dataset="icbhi", root=data_dir / "icbhi", split="published_folds", fold=fold, validation_share=0
        )
        tested += split_dataset(dataset, settings).test
    assert sorted(tested) == list(range(6898))


@pytest.mark.data
def test_subset_with_sound(data_dir):
    dataset = open_dataset(DataSettings(dataset="icbhi", root=data_dir / "icbhi"))
    found = len(list((data_dir / "icbhi" / "audio").iterdir()))
    assert dataset.census["recordings with sound"] == found == len({item.path for item in dataset.items})
    assert dataset.census["cycles with sound"] == len(dataset)
    assert dataset.census["cycles"] == 6898
    assert f"sound missing: {920 - found} of 920" in dataset.census.text()
    assert f"({found - 920:+d})" in dataset.census.text()
    assert not dataset.census.complete


@pytest.mark.data
@pytest.mark.parametrize("separator", ["\t", " "])
def test_split_that_names_the_wrong_device_loses_no_cycle(data_dir, tmp_path, separator):
    text = (data_dir / "icbhi" / "official_split.txt").read_text()
    assert "226_1b1_Pl_sc_LittC2SE" in text
    wrong = text.replace("226_1b1_Pl_sc_LittC2SE", "226_1b1_Pl_sc_Meditron").replace("\t", separator)
    (tmp_path / "ICBHI_challenge_train_test.txt").write_text(wrong)
    (tmp_path / "texts").symlink_to(data_dir / "icbhi" / "annotations")
    dataset = read_icbhi(tmp_path, without_sound=True)
    assert dataset.census["train cycles"] == 4142
    assert dataset.census["test cycles"] == 2756
    assert "226_1b1_Pl_sc_Meditron taken for the annotation 226_1b1_Pl_sc_LittC2SE" in dataset.census.text()


@pytest.mark.parametrize("folders", [False, True])
@pytest.mark.parametrize("separator", ["\t", " ", "   "])
@pytest.mark.parametrize("suffix", [".wav", ".WAV"])
def test_layouts(make_icbhi, folders, separator, suffix):
    root = make_icbhi(
        {ONE: FOUR, TWO: FOUR[:2]},
        folders=folders,
        separator=separator,
        suffix=suffix,
        tables={"official_split.txt": f"{ONE}\ttrain\n{TWO}\ttest\n"},
    )
    dataset = read_icbhi(root)
    assert [item.label for item in dataset.items] == [0, 1, 2, 3, 0, 1]
    first, last = dataset.items[1], dataset.items[-1]
    assert (first.recording, first.start_s, first.end_s, first.patient) == (ONE, 0.5, 1.0, "101")
    assert (first.device, first.site, first.part) == ("Meditron", "anterior left", "train")
    assert (last.device, last.site, last.part) == ("AKGC417L", "trachea", "test")
    assert last.attributes["mode"] == "mc"
    assert first.name == f"{ONE}@0.500-1.000"


def test_the_official_folder_of_names_is_not_taken_for_annotations(make_icbhi):
    root = make_icbhi({ONE: FOUR})
    for name in ("filename_format.txt", "filename_differences.txt", "._101_1b1_Al_sc_Meditron.txt"):
        (root / "ICBHI_final_database" / name).write_text("101_1b1_Al_sc_Meditron is a name\n")
    assert len(read_icbhi(root)) == 4


def test_a_split_beside_the_root_is_found(make_icbhi):
    root = make_icbhi({ONE: FOUR}, tables={"official_split.txt": f"{ONE} test"})
    assert {item.part for item in read_icbhi(root / "ICBHI_final_database").items} == {"test"}


def test_two_classes(make_icbhi):
    dataset = read_icbhi(make_icbhi({ONE: FOUR}), "two_class")
    assert dataset.classes == ("normal", "abnormal")
    assert [item.label for item in dataset.items] == [0, 1, 1, 1]
    assert [item.attributes["sound"] for item in dataset.items] == ["normal", "crackle", "wheeze", "both"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("patient_diagnosis.csv", "ID,CLASS\n101,URTI\n"),
        ("patient_diagnosis.csv", "101,URTI\n"),
        ("ICBHI_Challenge_diagnosis.txt", "101\tURTI\n"),
    ],
)
def test_diagnosis_labels(make_icbhi, name, text):
    dataset = read_icbhi(make_icbhi({ONE: FOUR, TWO: FOUR}, tables={name: text}), "diagnosis")
    assert [dataset.classes[item.label] for item in dataset.items] == ["URTI"] * 4
    assert dataset.classes[0] == "Healthy"
    assert "left out for want of a diagnosis: 1 patients (102)" in dataset.census.text()


def test_diagnosis_needs_its_table(make_icbhi):
    with pytest.raises(DataError, match=r"no patient_diagnosis\.csv found"):
        read_icbhi(make_icbhi({ONE: FOUR}), "diagnosis")


def test_demographics_and_folds_are_attributes(make_icbhi):
    root = make_icbhi(
        {ONE: FOUR},
        tables={"demographic_info.txt": "\n101 3 F NA 19 99\n", "patient_list_foldwise.txt": "101 4\n"},
    )
    attributes = read_icbhi(root).items[0].attributes
    assert attributes["age_years"] == "3"
    assert attributes["child_weight_kg"] == "19"
    assert "adult_bmi" not in attributes
    assert attributes["fold"] == "4"


def test_missing_sound_is_counted_and_reported(make_icbhi):
    root = make_icbhi({ONE: FOUR, TWO: FOUR}, silent=[TWO])
    dataset = read_icbhi(root)
    assert len(dataset) == 4
    assert dataset.census["cycles"] == 8
    assert dataset.census["cycles with sound"] == 4
    assert f"sound missing: 1 of 2 annotated recordings ({TWO})" in dataset.census.text()
    everything = read_icbhi(root, without_sound=True)
    assert len(everything) == 8
    assert not everything.items[-1].path.exists()


def test_no_sound_at_all_is_refused(make_icbhi):
    with pytest.raises(DataError, match="1 annotations and none of their sound files"):
        read_icbhi(make_icbhi({ONE: FOUR}, silent=[ONE]))


def test_unreadable_sound_is_reported(make_icbhi):
    root = make_icbhi({ONE: FOUR, TWO: FOUR})
    (root / "ICBHI_final_database" / f"{TWO}.wav").write_bytes(b"no sound at all")
    dataset = read_icbhi(root)
    assert len(dataset) == 4
    assert f"sound unreadable: 1 recordings left out ({TWO})" in dataset.census.text()


def test_sound_and_split_without_annotation_are_reported(make_icbhi, make_sound):
    root = make_icbhi({ONE: FOUR}, tables={"official_split.txt": f"{TWO}\ttest\n"})
    make_sound(root / f"{TWO}.wav")
    text = read_icbhi(root).census.text()
    assert f"sound file without an annotation: 1 ({TWO})" in text
    assert f"official split without an annotation: 1 ({TWO})" in text
    assert f"in no part of the official split: 1 recordings ({ONE})" in text


def test_no_split_file_is_noted_and_the_official_split_refused(make_icbhi):
    root = make_icbhi({ONE: FOUR, TWO: FOUR})
    dataset = read_icbhi(root)
    assert "no official split found" in dataset.census.text()
    with pytest.raises(DataError, match="no item is in a published split"):
        split_dataset(dataset, DataSettings(dataset="icbhi", root=root, split="official"))
    with pytest.raises(DataError, match="no published folds found"):
        split_dataset(dataset, DataSettings(dataset="icbhi", root=root, split="published_folds"))


def test_sound_named_after_another_device(make_icbhi):
    root = make_icbhi({"226_1b1_Pl_sc_LittC2SE": FOUR, ONE: FOUR})
    folder = root / "ICBHI_final_database"
    (folder / "226_1b1_Pl_sc_LittC2SE.wav").rename(folder / "226_1b1_Pl_sc_Meditron.wav")
    dataset = read_icbhi(root)
    assert len(dataset) == 8
    assert dataset.items[-1].device == "LittC2SE"
    assert dataset.items[-1].path.name == "226_1b1_Pl_sc_Meditron.wav"


def test_rows_beyond_the_end_of_the_sound(make_icbhi):
    rows = [(0.0, 1.0, *NORMAL), (1.5, 2.25, *CRACKLE), (2.5, 3.0, *WHEEZE)]
    dataset = read_icbhi(make_icbhi({ONE: rows}))
    assert [item.label for item in dataset.items] == [0, 1]
    text = dataset.census.text()
    assert "cut at the end of their sound: 1 cycles, by up to 0.250 s" in text
    assert "left out, annotated after the end of their sound: 1 cycles" in text
    assert dataset.census["cycles"] == 3


def test_second_copies_are_passed_over(make_icbhi):
    root = make_icbhi({ONE: FOUR})
    shutil.copytree(root / "ICBHI_final_database", root / "deeper" / "again")
    dataset = read_icbhi(root)
    assert len(dataset) == 4
    assert "again" not in str(dataset.items[0].path)
    assert "passed over: 2 further copies" in dataset.census.text()


def test_a_loop_of_links_ends(make_icbhi):
    root = make_icbhi({ONE: FOUR})
    (root / "loop").symlink_to(root)
    assert len(read_icbhi(root)) == 4


def test_not_the_database(tmp_path):
    with pytest.raises(DataError, match="not a folder"):
        find_icbhi_files(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no ICBHI annotation found"):
        find_icbhi_files(tmp_path)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("0.5\tend\t0\t0", "start end crackles wheezes"),
        ("0.5\t1.0", "start end crackles wheezes"),
        ("1.0\t0.5\t0\t0", "0 <= start < end"),
        ("-1\t0.5\t0\t0", "0 <= start < end"),
        ("0\tnan\t0\t0", "0 <= start < end"),
        ("0\tinf\t0\t0", "0 <= start < end"),
        ("0\t1\t0\t2", "last two are 0 or 1"),
        ("0\t1\t0\t1\t1", "last two are 0 or 1"),
    ],
)
def test_wrong_annotation_rows_are_named(tmp_path, row, expected):
    path = tmp_path / f"{ONE}.txt"
    path.write_text(f"0\t0.5\t0\t0\n\n{row}\n")
    with pytest.raises(DataError, match=rf"Meditron\.txt, line 3: .*{expected}"):
        read_annotation(path)


def test_tables_that_are_no_tables(tmp_path):
    path = tmp_path / "table.txt"
    path.write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(DataError, match="cannot be read as text"):
        read_annotation(path)
    path.write_text(f"{ONE} train\n{TWO} somewhere\n")
    with pytest.raises(DataError, match=r"line 2: .*train or test"):
        read_split(path)
    path.write_text("ID CLASS\n101 Flu\n")
    with pytest.raises(DataError, match=r"line 2: '101 Flu'; expected a patient and one of Healthy"):
        read_diagnoses(path)
    path.write_text("101 first\n")
    with pytest.raises(DataError, match="a patient and a fold number"):
        read_folds(path)
    path.write_text("101 3 F\nhello\n")
    with pytest.raises(DataError, match="line 2: 'hello'; expected a patient number first"):
        read_demographics(path)


def test_split_with_header_and_suffixes(tmp_path):
    path = tmp_path / "split.txt"
    path.write_text(f"recording,part\n{ONE}.wav,TRAIN\n{TWO}.txt,test\n")
    assert read_split(path) == {ONE: "train", TWO: "test"}


def test_names_are_matched_only_where_there_is_no_doubt():
    known = ["226_1b1_Pl_sc_LittC2SE", "227_1b1_Pl_sc_LittC2SE", "227_1b1_Pl_sc_AKGC417L"]
    matched = match_names(["226_1b1_Pl_sc_Meditron", "227_1b1_Pl_sc_Meditron", "228_1b1_Pl_sc_Meditron"], known)
    assert matched == {"226_1b1_Pl_sc_Meditron": "226_1b1_Pl_sc_LittC2SE"}
    # A name that stands for itself is given to nobody else.
    both = match_names(["226_1b1_Pl_sc_LittC2SE", "226_1b1_Pl_sc_Meditron"], known)
    assert both == {"226_1b1_Pl_sc_LittC2SE": "226_1b1_Pl_sc_LittC2SE"}


def test_a_folder_that_cannot_be_read_is_named(make_icbhi, monkeypatch):
    root = make_icbhi({"101_1b1_Al_sc_Meditron": [(0, 1, 0, 0)]})
    locked = root / "locked"
    locked.mkdir()
    whole = os.scandir

    def scandir(folder):
        if folder == locked:
            raise PermissionError(13, "Permission denied")
        return whole(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DataError, match=r"locked: cannot be read \(Permission denied\)"):
        read_icbhi(root)
