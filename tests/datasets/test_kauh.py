"""KAUH: labels from names, contradictory patients, filters that belong together."""

import shutil

import pytest

from made_datasets import write_sounds
from resp.datasets import DataError, DataSettings, open_dataset, split_dataset
from resp.datasets.kauh import read_kauh


@pytest.fixture
def make_kauh(tmp_path):
    return lambda *names: write_sounds(tmp_path / "kauh", names, 0.5)


@pytest.mark.data
def test_real_recordings(data_dir):
    dataset = open_dataset(DataSettings(dataset="kauh", root=data_dir / "kauh"))
    assert len(dataset) == 276
    assert dataset.class_counts() == {"normal": 84, "crackle": 84, "wheeze": 102, "both": 6}
    assert not {"76", "77", "100", "101"} & set(dataset.patients)
    text = dataset.census.text()
    assert "12 recordings of patients 76, 77, 100, 101" in text
    assert "patients 9 bell=diaphragm" in text
    assert "left out, not one of the classes: 3 recordings (bronchial)" in text
    assert dataset.census["recordings"] == 291
    assert not dataset.census.complete


@pytest.mark.data
def test_real_recordings_with_other_labels(data_dir):
    two = read_kauh(data_dir / "kauh", "two_class")
    assert two.class_counts() == {"normal": 84, "abnormal": 195}
    diagnosis = read_kauh(data_dir / "kauh", "diagnosis")
    assert diagnosis.class_counts()["heart failure"] == 48
    assert diagnosis.classes[0] == "healthy"
    assert "6 recordings (heart failure + copd)" in diagnosis.census.text()


@pytest.mark.data
def test_filters_of_a_patient_stay_together(data_dir):
    dataset = read_kauh(data_dir / "kauh")
    tested = []
    for fold in range(5):
        split = split_dataset(dataset, DataSettings(dataset="kauh", root=data_dir, fold=fold))
        parts = [
            {dataset.items[index].patient for index in part} for part in (split.train, split.validation, split.test)
        ]
        assert parts[0].isdisjoint(parts[1] | parts[2])
        assert parts[1].isdisjoint(parts[2])
        tested += split.test
    assert sorted(tested) == list(range(len(dataset)))


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("N", "normal"),
        ("Crep", "crackle"),
        ("C", "crackle"),
        ("I C", "crackle"),
        ("I C B", "crackle"),
        ("E W", "wheeze"),
        ("I E W", "wheeze"),
        ("I C E W", "both"),
        ("crep ", "crackle"),
    ],
)
def test_sound_codes(make_kauh, code, label):
    dataset = read_kauh(make_kauh(f"BP1_Asthma,{code},P L L,70,M.wav"))
    assert [dataset.classes[item.label] for item in dataset.items] == [label]
    item = dataset.items[0]
    assert (item.patient, item.device, item.site) == ("1", "Litt3200", "posterior left lower")
    assert item.attributes["filter"] == "bell"
    assert item.attributes["age_years"] == "70"


def test_bronchial_breathing_is_abnormal_but_none_of_four(make_kauh):
    root = make_kauh("BP1_N,N,P L L,70,M.wav", "readme.wav", "BP2_pneumonia,Bronchial,P L L,70,M.wav")
    assert len(read_kauh(root)) == 1
    assert [item.label for item in read_kauh(root, "two_class").items] == [0, 1]


@pytest.mark.parametrize(
    ("words", "diagnosis"),
    [
        ("N", "healthy"),
        ("Heart Failure", "heart failure"),
        ("heart failure", "heart failure"),
        ("Plueral Effusion", "pleural effusion"),
        ("BRON", "bronchitis"),
        ("Lung Fibrosis ", "lung fibrosis"),
    ],
)
def test_spellings_of_a_diagnosis(make_kauh, words, diagnosis):
    dataset = read_kauh(make_kauh(f"DP1_{words},Crep,P L L,70,M.wav"), "diagnosis")
    assert dataset.classes[dataset.items[0].label] == diagnosis


@pytest.mark.parametrize("words", ["Heart Failure + COPD", "Asthma and lung fibrosis"])
def test_two_diseases_are_no_class(make_kauh, words):
    dataset = read_kauh(make_kauh(f"DP1_{words},C,P L L,70,M.wav"), "diagnosis")
    assert len(dataset) == 0
    assert "left out, not one of the classes: 1 recordings" in dataset.census.text()


def test_identical_sounds_with_contradictory_labels_are_left_out(make_kauh):
    root = make_kauh("BP5_N,N,P L L,70,M.wav", "BP6_Asthma,E W,P L L,70,M.wav", "BP7_N,N,P L L,70,M.wav")
    shutil.copy(root / "BP5_N,N,P L L,70,M.wav", root / "BP6_Asthma,E W,P L L,70,M.wav")
    dataset = read_kauh(root)
    assert set(dataset.patients) == {"7"}
    assert "2 recordings of patients 5, 6" in dataset.census.text()


def test_a_known_contradictory_patient_is_left_out_alone_too(make_kauh):
    dataset = read_kauh(make_kauh("BP76_N,N,P L L,70,M.wav", "BP7_N,N,P L L,70,M.wav"))
    assert dataset.patients == ("7",)


def test_copies_and_order(make_kauh):
    root = make_kauh(
        "EP10_N,N,P L L,70,M.wav",
        "BP10_N,N,P L L,70,M.wav",
        "BP9_N,N,P L L,70,M.WAV",
        "b/BP9_N,N,P L L,70,M.wav",
    )
    dataset = read_kauh(root)
    assert [item.recording[:4] for item in dataset.items] == ["BP9_", "BP10", "EP10"]
    assert "passed over: 1 further copies" in dataset.census.text()


def test_what_is_not_known_is_refused(make_kauh, tmp_path):
    with pytest.raises(DataError, match="not a folder"):
        read_kauh(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no KAUH recording found"):
        read_kauh(tmp_path)
    with pytest.raises(DataError, match="sound code 'Rub'; expected one of n, crep"):
        read_kauh(make_kauh("BP1_N,Rub,P L L,70,M.wav"))


def test_unknown_diagnosis_is_refused(make_kauh):
    with pytest.raises(DataError, match="diagnosis 'Flu'; expected healthy"):
        read_kauh(make_kauh("BP1_Flu,N,P L L,70,M.wav"))
