"""Splits: nothing leaks, classes are spread, the same settings give the same split."""

from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from resp.datasets import DataError, DataSettings, Split, split_dataset
from resp.datasets.splits import check_split


@pytest.fixture
def people(make_dataset):
    """60 patients of 1 to 8 items each; a patient's items are mostly of one class."""
    generator = np.random.default_rng(0)
    patients, labels = [], []
    for patient in range(60):
        main = int(generator.choice(4, p=[0.5, 0.25, 0.15, 0.1]))
        for _ in range(int(generator.integers(1, 9))):
            patients.append(f"p{patient}")
            labels.append(main if generator.random() < 0.8 else 0)
    return make_dataset(patients, labels)


def settings(**values) -> DataSettings:
    return DataSettings(dataset="manifest", root=".", **values)


def parts_of(dataset, split):
    return [{dataset.items[index].patient for index in part} for part in (split.train, split.validation, split.test)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("folds", [2, 5, 10])
def test_no_patient_is_in_two_parts_and_every_item_is_tested_once(people, folds, seed):
    tested = []
    for fold in range(folds):
        split = split_dataset(people, settings(fold=fold, folds=folds, seed=seed))
        train, validation, test = parts_of(people, split)
        assert train.isdisjoint(validation | test)
        assert validation.isdisjoint(test)
        assert sorted((*split.train, *split.validation, *split.test)) == list(range(len(people)))
        assert split.validation
        assert not split.shared_patients
        tested += split.test
    assert sorted(tested) == list(range(len(people)))


def test_classes_are_spread_over_folds(people):
    overall = np.bincount(people.labels) / len(people)
    for fold in range(5):
        split = split_dataset(people, settings(fold=fold))
        share = np.bincount([people.labels[index] for index in split.test], minlength=4) / len(split.test)
        assert np.abs(share - overall).max() < 0.12


def test_same_settings_same_split_other_seed_another(people):
    assert split_dataset(people, settings(seed=3)) == split_dataset(people, settings(seed=3))
    assert split_dataset(people, settings(seed=3)).test != split_dataset(people, settings(seed=4)).test


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_validation_share(people, share):
    split = split_dataset(people, settings(validation_share=share))
    rest = len(split.train) + len(split.validation)
    assert len(split.validation) / rest == pytest.approx(share, abs=0.06)
    # The test part does not depend on what is taken out of train.
    assert split.test == split_dataset(people, settings(validation_share=0)).test


def test_no_validation(people):
    assert split_dataset(people, settings(validation_share=0)).validation == ()


def test_official_parts_with_shared_patients(make_dataset):
    patients = ["1", "1", "2", "2", "3", "3", "4", "9", "10"]
    dataset = make_dataset(patients, [0, 1, 0, 1, 0, 1, 0, 0, 1])
    parts = ["train", "train", "train", "test", "train", "train", "test", None, "test"]
    items = tuple(
        type(item)(**{**{name: getattr(item, name) for name in item.__dataclass_fields__}, "part": part})
        for item, part in zip(dataset.items, parts, strict=True)
    )
    dataset = type(dataset)(dataset.name, dataset.classes, items, dataset.census)
    for seed in range(8):
        split = split_dataset(dataset, settings(split="official", validation_share=0.5, seed=seed))
        assert split.shared_patients == ("2",)
        assert split.test == (3, 6, 8)
        assert split.unassigned == (7,)
        # Patient 2 is known to the test part, so it must not choose the epoch.
        assert {dataset.items[index].patient for index in split.validation} in ({"1"}, {"3"})
        assert 2 in split.train
    text = split.text(dataset)
    assert "patients on both sides as published: 2" in text
    assert "in no part of the published split: 1 items" in text
    with pytest.raises(DataError, match="0 patients to take a validation part from"):
        split_dataset(
            type(dataset)(dataset.name, dataset.classes, items[2:4], dataset.census),
            settings(split="official"),
        )


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (Split((0,), (), (1,)), "patients are in both train and test: a"),
        (Split((0,), (1,), (2,)), "patients are in both train and validation: a"),
        (Split((2,), (0,), (1, 3)), "patients are in both validation and test: a"),
        (Split((0, 2), (), (2,)), "items are in both train and test"),
        (Split((), (0,), (2,)), "the train part is empty"),
        (Split((0,), (), ()), "the test part is empty"),
    ],
)
def test_leaks_are_refused(make_dataset, split, message):
    dataset = make_dataset(["a", "a", "b", "c"], [0, 1, 0, 1])
    with pytest.raises(DataError, match=message):
        check_split(dataset, split)


def test_a_published_split_may_share_only_what_it_names(make_dataset):
    dataset = make_dataset(["a", "a", "b"], [0, 1, 0])
    check_split(dataset, Split((0, 2), (), (1,), shared_patients=("a",)), as_published=True)
    with pytest.raises(DataError, match="both train and test: a"):
        check_split(dataset, Split((0, 2), (), (1,)), as_published=True)


def test_too_few_patients(make_dataset):
    dataset = make_dataset(["a", "a", "b", "b"], [0, 1, 0, 1])
    with pytest.raises(DataError, match="2 patients cannot make 5 folds"):
        split_dataset(dataset, settings())
    with pytest.raises(DataError, match="1 patients to take a validation part from"):
        split_dataset(dataset, settings(folds=2))


def test_too_few_items_of_every_class(make_dataset):
    dataset = make_dataset(["a", "b", "c"], [0, 1, 2])
    with pytest.raises(DataError, match="3 items cannot make 3 folds"):
        split_dataset(dataset, settings(folds=3))


def test_official_split_with_one_part_only(make_dataset):
    dataset = make_dataset(["a", "b", "c"], [0, 1, 0], part="train")
    with pytest.raises(DataError, match="the test part is empty"):
        split_dataset(dataset, settings(split="official"))


def test_rare_class_raises_no_warning(make_dataset, recwarn):
    dataset = make_dataset([str(number) for number in range(10)], [0] * 9 + [1])
    split_dataset(dataset, settings(validation_share=0))
    assert not [warning for warning in recwarn if "least populated" in str(warning.message)]


def test_text_counts_every_class(people):
    split = split_dataset(people, settings())
    counts = Counter(people.labels[index] for index in split.test)
    assert f"{counts[0]} normal, {counts[1]} crackle, {counts[2]} wheeze, {counts[3]} both" in split.text(people)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fold": 5}, "fold 5 of 5; expected 0 to 4"),
        ({"fold": -1}, "greater than or equal to 0"),
        ({"folds": 1}, "greater than or equal to 2"),
        ({"validation_share": 0.7}, "less than or equal to 0.5"),
        ({"split": "published_folds"}, "a manifest has no published folds; use split: official"),
        ({"dataset": "icbhi", "split": "published_folds", "folds": 10}, "folds 10; the published folds of ICBHI are 5"),
        ({"dataset": "esc10", "split": "official"}, "ESC-10 has no official split; use split: published_folds"),
        ({"dataset": "kauh", "split": "official"}, "KAUH has no official split"),
        ({"classes": ("a", "b")}, "classes can be named only for a manifest"),
        ({"lables": "two_class"}, "Extra inputs"),
        ({"dataset": "esc11"}, "no data set 'esc11'; did you mean 'esc10'"),
        ({"dataset": ["esc10"]}, "valid string"),
    ],
)
def test_settings_out_of_range(values, message):
    with pytest.raises(ValidationError, match=message):
        DataSettings(**{"dataset": "manifest", "root": ".", **values})


def test_split_all_learns_from_every_patient_and_tests_none(make_dataset):
    dataset = make_dataset(["a", "b", "c", "d"], [0, 1, 0, 1])
    settings = DataSettings(dataset="kauh", root=".", split="all", validation_share=0)
    split = split_dataset(dataset, settings)
    assert split.train == (0, 1, 2, 3)
    assert split.validation == split.test == ()
    held_out = split_dataset(dataset, settings.model_copy(update={"validation_share": 0.5}))
    assert held_out.test == ()
    assert held_out.validation
    assert sorted((*held_out.train, *held_out.validation)) == [0, 1, 2, 3]
