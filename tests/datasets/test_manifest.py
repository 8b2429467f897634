"""The CSV manifest: what it takes, and errors that name the line."""

import pytest

from resp.datasets import DataError, DataSettings, open_dataset, split_dataset
from resp.datasets.items import DataSet, Item
from resp.datasets.manifest import read_manifest


@pytest.fixture
def folder(tmp_path, make_sound):
    for seed, name in enumerate(["a.wav", "b.wav", "deep/c.wav"]):
        make_sound(tmp_path / name, seed)
    return tmp_path


def write(folder, *lines, encoding="utf-8"):
    path = folder / "manifest.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def test_all_columns(folder):
    path = write(
        folder,
        "path,label,patient,start_s,end_s,device,site,split,Ward",
        "a.wav,normal,p1,0,1.5,Litt3200,trachea,train,5b",
        "",
        "a.wav,crackle,p1,1.5,2,,,train,",
        "deep/c.wav,Wheeze,p2,,,Meditron,,test,7",
    )
    dataset = open_dataset(DataSettings(dataset="manifest", root=path))
    first, second, third = dataset.items
    assert first == Item(
        recording="a.wav",
        path=folder / "a.wav",
        start_s=0.0,
        end_s=1.5,
        label=0,
        patient="p1",
        device="Litt3200",
        site="trachea",
        part="train",
        attributes={"ward": "5b"},
    )
    assert (second.label, second.device, second.attributes) == (1, None, {})
    assert (third.label, third.start_s, third.end_s, third.part) == (2, None, None, "test")
    assert third.name == "deep/c.wav"
    assert (dataset.census["patients"], dataset.census["recordings"], dataset.census["rows"]) == (2, 2, 3)
    assert dataset.census.complete
    split = split_dataset(dataset, DataSettings(dataset="manifest", root=path, split="official", validation_share=0))
    assert (split.train, split.test) == ((0, 1), (2,))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_separators_and_byte_order_mark(folder, separator, encoding):
    rows = [separator.join(row) for row in (("path", "label", "patient"), ("a.wav", "both", "Jürgen"))]
    dataset = read_manifest(write(folder, *rows, encoding=encoding))
    assert dataset.items[0].patient == "Jürgen"
    assert dataset.items[0].label == 3


def test_folder_with_a_manifest_and_quoted_paths(folder, make_sound):
    make_sound(folder / "x, y.wav")
    write(folder, "path,label,patient", '"x, y.wav",normal,1')
    assert read_manifest(folder).items[0].path == folder / "x, y.wav"


def test_two_class_accepts_the_four(folder):
    path = write(folder, "path,label,patient", "a.wav,both,1", "b.wav,normal,2", "deep/c.wav,abnormal,3")
    assert [item.label for item in read_manifest(path, "two_class").items] == [1, 0, 1]


def test_own_classes(folder):
    path = write(folder, "path,label,patient", "a.wav,stridor,1", "b.wav,Healthy,2", "deep/c.wav,rub,3")
    dataset = read_manifest(path, "diagnosis")
    assert dataset.classes == ("Healthy", "rub", "stridor")
    settings = DataSettings(
        dataset="manifest", root=path, labels="diagnosis", classes=("Healthy", "cough", "rub", "stridor")
    )
    assert [item.label for item in open_dataset(settings).items] == [3, 0, 2]
    with pytest.raises(DataError, match=r"line 4: label 'rub'; expected one of Healthy, stridor"):
        read_manifest(path, "diagnosis", ("Healthy", "stridor"))


def test_own_classes_are_respiratory_only_with_a_normal_one(folder):
    rows = ("a.wav,asthma,1", "b.wav,copd,2")
    assert read_manifest(write(folder, "path,label,patient", *rows), "diagnosis").task == "single_label"
    path = write(folder, "path,label,patient", *rows, "deep/c.wav,Normal,3")
    assert read_manifest(path, "diagnosis").task == "respiratory"
    path = write(folder, "path,label,patient", "a.wav,wheeze,1")
    assert {read_manifest(path, labels).task for labels in ("four_class", "two_class")} == {"respiratory"}


def test_stretch_beyond_the_end_is_noted(folder):
    path = write(folder, "path,label,patient,start_s,end_s", "a.wav,normal,1,1,2.5")
    assert "cut at the end of their sound: 1 rows (line 2)" in read_manifest(path).census.text()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.wav,normal,,0,1,", "line 3: no patient; every row needs path, label, patient"),
        (",normal,1,0,1,", "line 3: no path"),
        ("a.wav,,1,0,1,", "line 3: no label"),
        ("gone.wav,normal,1,0,1,", "line 3: no file .*gone.wav; paths are relative"),
        ("a.wav,squeak,1,0,1,", "line 3: label 'squeak'; expected one of normal, crackle, wheeze, both"),
        ("a.wav,normal,1,0,,", "line 3: only one of start_s and end_s"),
        ("a.wav,normal,1,1,0.5,", "line 3: start_s 1, end_s 0.5; expected 0 <= start_s < end_s"),
        ("a.wav,normal,1,-1,0.5,", "line 3: start_s -1"),
        ('a.wav,normal,1,"0,5",1,', "line 3: start_s '0,5'; expected seconds, with a point"),
        ("a.wav,normal,1,nan,1,", "line 3: start_s 'nan'"),
        ("a.wav,normal,1,0,1,dev", "line 3: split 'dev'; expected train, test or nothing"),
        ("a.wav,normal,1,3,4,", "line 3: starts at 3 s, the sound ends at 2 s"),
        ("b.wav,normal,2,0,1,", "line 3: b.wav of patient 2, but of patient 1 in line 2"),
        ("b.wav,wheeze,1,0,2,", "line 3: the stretch of line 2 again"),
        ("a.wav,normal,1", "line 3: 3 cells; expected 6"),
        ("a.wav,normal,1,0,1,,more", "line 3: 7 cells; expected 6"),
    ],
)
def test_wrong_rows_are_named_by_their_line(folder, row, message):
    path = write(folder, "path,label,patient,start_s,end_s,split", "b.wav,normal,1,0,2,", row)
    with pytest.raises(DataError, match=message):
        read_manifest(path)


def test_many_wrong_rows_in_one_message(folder):
    path = write(folder, "path,label,patient", *(f"gone{number}.wav,normal,1" for number in range(14)))
    with pytest.raises(DataError, match="14 wrong rows") as caught:
        read_manifest(path)
    assert "line 11:" in str(caught.value)
    assert "line 12:" not in str(caught.value)
    assert "and 4 more" in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["file,label,patient", "a.wav,normal,1"], "line 1: no column path among file, label, patient"),
        (["path,label,patient,start", "a.wav,normal,1,0"], "column 'start'; 'start_s' is meant"),
        (["path,label,patient,label", "a.wav,normal,1,0"], "a column is named twice"),
        (["path,label,patient"], "no rows"),
        ([""], "no rows"),
    ],
)
def test_wrong_headers(folder, lines, message):
    with pytest.raises(DataError, match=message):
        read_manifest(write(folder, *lines))


def test_not_a_manifest(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.csv").write_bytes(b"\xff\xfe\x00\x00")
    with pytest.raises(DataError, match="expected a CSV file in UTF-8"):
        read_manifest(tmp_path)


def test_a_label_out_of_the_classes_is_refused(make_dataset):
    dataset = make_dataset(["a"], [0])
    with pytest.raises(DataError, match="sound0 has label 4; expected an index into the 4 classes"):
        make_dataset(["a"], [4])
    assert isinstance(dataset, DataSet)
    assert "made: 1 items of 1 patients (1 normal, 0 crackle, 0 wheeze, 0 both)" in dataset.text()
