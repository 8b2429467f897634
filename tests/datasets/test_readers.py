"""The list of data sets: every reader can be made from settings, and settings know each set's facts."""

import importlib
import inspect

import pytest
from pydantic import ValidationError

from resp.datasets import READERS, DataError, DataRecord, DataSettings, open_dataset
from resp.datasets.readers import DataRegistry
from resp.registry import Record

RECORDS = list(READERS)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_a_reader_takes_what_its_record_says(record):
    module, _, name = record.maker.partition(":")
    settings = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    assert next(iter(settings)) == "root"
    assert ("labels" in settings) == record.choosable_labels
    assert ("classes" in settings) == record.choosable_classes
    assert ("more_roots" in settings) == record.several_roots
    assert set(record.defaults) <= set(settings)
    assert record.title
    assert (record.folds is not None) == ("published_folds" in record.published)


@pytest.mark.parametrize("name", [record.name for record in RECORDS])
def test_a_root_that_is_not_there_is_refused(name, tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        open_dataset(DataSettings(dataset=name, root=tmp_path / "nowhere"))


@pytest.mark.parametrize("name", [record.name for record in RECORDS if record.name != "manifest"])
def test_an_empty_root_is_refused(name, tmp_path):
    with pytest.raises(DataError, match="expected"):
        open_dataset(DataSettings(dataset=name, root=tmp_path))


@pytest.mark.parametrize(
    ("name", "splits"),
    [
        ("icbhi", {"official": 5, "published_folds": 5, "folds": 5}),
        ("kauh", {"folds": 5}),
        ("manifest", {"official": 5, "folds": 5}),
        ("esc10", {"published_folds": 5, "folds": 5}),
        ("esc50", {"published_folds": 5, "folds": 5}),
        ("urbansound8k", {"published_folds": 10, "folds": 5}),
        ("speechcommands", {"official": 5, "folds": 5}),
        ("audioset", {"official": 5, "folds": 5}),
    ],
)
def test_splits_that_a_data_set_has_and_their_folds(name, splits):
    for split in ("official", "published_folds", "folds"):
        if split in splits:
            assert DataSettings(dataset=name, root=".", split=split).folds == splits[split]
        else:
            with pytest.raises(ValidationError, match=f"has no {split.replace('_', ' ')}"):
                DataSettings(dataset=name, root=".", split=split)


def test_published_folds_are_as_many_as_were_published():
    settings = DataSettings(dataset="urbansound8k", root=".", split="published_folds", fold=9, folds=10)
    assert DataSettings.model_validate(settings.model_dump()) == settings
    with pytest.raises(ValidationError, match="folds 5; the published folds of UrbanSound8K are 10"):
        DataSettings(dataset="urbansound8k", root=".", split="published_folds", folds=5)
    with pytest.raises(ValidationError, match="fold 10 of 10; expected 0 to 9"):
        DataSettings(dataset="urbansound8k", root=".", split="published_folds", fold=10)


def test_only_records_that_say_what_a_data_set_has_can_be_added():
    registry = DataRegistry(DataRecord("one", "m:a", "the first", "me"))
    registry.add(DataRecord("two", "m:b", "the second", "me", task="multi_label"))
    assert registry.record("two").task == "multi_label"
    with pytest.raises(DataError, match="'three': a plain record; expected a DataRecord"):
        registry.add(Record("three", "m:c", "the third", "me"))
    with pytest.raises(DataError, match="there is a data set 'one' already"):
        registry.add(DataRecord("one", "m:a", "the first", "me"))
