"""Leaving a device out: neither the device nor a tested patient is learned from."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from resp.datasets import Census, DataError, DataSet, DataSettings, Item, split_dataset

FILTERS = ("bell", "diaphragm", "extended")


def settings(held_out: str, **more) -> DataSettings:
    return DataSettings(dataset="kauh", root=".", split="leave_device_out", held_out=held_out, **more)


def item(name: str, patient: int, label: int, device: str, **attributes: str) -> Item:
    return Item(name, Path(f"{name}.wav"), None, None, label, f"p{patient}", device=device, attributes=attributes)


def made(items: list[Item]) -> DataSet:
    return DataSet("made", ("normal", "crackle", "wheeze", "both"), tuple(items), Census(()))


@pytest.fixture
def filtered() -> DataSet:
    """30 patients, each heard through three filters of one device."""
    return made(
        [
            item(f"{name}{patient}", patient, patient % 4, "Litt", filter=name)
            for patient in range(30)
            for name in FILTERS
        ]
    )


def known(dataset: DataSet, part: tuple[int, ...]) -> tuple[set[str], set[str]]:
    """Return patients and filters (or devices) of a part."""
    items = [dataset.items[index] for index in part]
    return {one.patient for one in items}, {one.attributes.get("filter") or one.device or "" for one in items}


@pytest.mark.parametrize("held_out", [*FILTERS, "BELL"])
def test_of_a_filter_that_all_share_folds_decide_who_is_tested(filtered, held_out):
    tested = []
    for fold in range(5):
        split = split_dataset(filtered, settings(held_out, fold=fold))
        patients, filters = known(filtered, split.test)
        assert filters == {held_out.lower()}
        for part in (split.train, split.validation):
            others, their_filters = known(filtered, part)
            assert others.isdisjoint(patients)
            assert their_filters == set(FILTERS) - filters
        assert split.validation
        counted = (*split.train, *split.validation, *split.test, *split.withheld)
        assert sorted(counted) == list(range(len(filtered)))
        tested += split.test
    assert sorted(tested) == [
        index for index, one in enumerate(filtered.items) if one.attributes["filter"] == held_out.lower()
    ]


def test_the_same_patients_are_tested_as_in_plain_folds(filtered):
    plain = split_dataset(filtered, DataSettings(dataset="kauh", root=".", fold=2, seed=4))
    for name in FILTERS:
        split = split_dataset(filtered, settings(name, fold=2, seed=4))
        assert known(filtered, split.test)[0] == known(filtered, plain.test)[0]


def test_of_a_device_of_its_own_patients_all_are_tested():
    # Patients 0 to 9 with device A, 10 to 19 with B, 20 with both.
    items = [item(f"r{patient}", patient, patient % 4, "A" if patient < 10 else "B") for patient in range(20)]
    items += [item("both-a", 20, 0, "A"), item("both-b", 20, 0, "B")]
    dataset = made(items)
    split = split_dataset(dataset, settings("b", validation_share=0))
    assert known(dataset, split.test) == ({f"p{patient}" for patient in range(10, 21)}, {"B"})
    assert known(dataset, split.train) == ({f"p{patient}" for patient in range(10)}, {"A"})
    assert [dataset.items[index].recording for index in split.withheld] == ["both-a"]
    assert "source or device: 1 items" in split.text(dataset)


def test_an_unknown_device_is_refused_and_the_known_ones_are_named(filtered):
    with pytest.raises(DataError, match="expected one of its devices: bell, diaphragm, extended"):
        split_dataset(filtered, settings("cone"))


def test_setting_and_split_belong_together():
    with pytest.raises(ValidationError, match="leave_device_out needs it"):
        DataSettings(dataset="kauh", root=".", split="leave_device_out")
    with pytest.raises(ValidationError, match="leave_device_out needs it"):
        DataSettings(dataset="kauh", root=".", held_out="bell")


@pytest.mark.data
def test_kauh_and_icbhi_can_be_divided(data_dir):
    from resp.datasets import open_dataset
    from resp.datasets.icbhi import read_icbhi

    chosen = settings("extended", validation_share=0).model_copy(update={"root": data_dir / "kauh"})
    kauh = open_dataset(chosen)
    split = split_dataset(kauh, chosen)
    assert known(kauh, split.test)[1] == {"extended"}
    assert known(kauh, split.train)[0].isdisjoint(known(kauh, split.test)[0])
    icbhi = read_icbhi(data_dir / "icbhi", without_sound=True)
    for device in ("AKGC417L", "LittC2SE", "Litt3200", "Meditron"):
        chosen = DataSettings(dataset="icbhi", root=data_dir, split="leave_device_out", held_out=device)
        split = split_dataset(icbhi, chosen)
        assert known(icbhi, split.test)[1] == {device}
        assert device not in known(icbhi, split.train)[1]
        assert known(icbhi, split.train)[0].isdisjoint(known(icbhi, split.test)[0])
