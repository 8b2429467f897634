"""Groups of items by what is known of them."""

from pathlib import Path
from typing import Any

import pytest

from resp.datasets import DataSet
from resp.datasets.census import Census
from resp.datasets.items import Item
from resp.train import TrainError
from resp.train.groups import find_groups


def make_dataset(*items: dict[str, Any]) -> DataSet:
    return DataSet(
        "made",
        ("normal", "crackle"),
        tuple(
            Item(f"r{number}", Path("r.wav"), None, None, **{"label": 0, "patient": "p", **item})
            for number, item in enumerate(items)
        ),
        Census(()),
    )


def test_training_items_are_grouped_and_others_are_not_known() -> None:
    devices = ("B", "A", None, "B", "C", "A")
    dataset = make_dataset(*({"device": device} for device in devices))
    groups = find_groups(dataset, [0, 1, 2, 3], ["device"])
    assert groups.names == ("A", "B")
    # The fifth is on a device that training does not know, the sixth is no training item.
    assert groups.of_item.tolist() == [1, 0, -1, 1, -1, -1]


def test_several_things_make_one_group_of_those_alike_in_all() -> None:
    dataset = make_dataset(
        {"label": 0, "site": "back", "attributes": {"sex": "F", "age_years": "17.9"}},
        {"label": 1, "site": "back", "attributes": {"sex": "F", "age_years": "18"}},
        {"label": 1, "site": "neck", "attributes": {"sex": "M", "age_years": "70"}},
        {"label": 0, "site": "neck", "attributes": {"sex": "M"}},
        {"label": 0, "site": "", "attributes": {"sex": "M", "age_years": "old"}},
    )
    part = range(5)
    by_both = find_groups(dataset, part, ["sex", "age_group"])
    assert by_both.names == ("F, adult", "F, child", "M, adult")
    assert by_both.of_item.tolist() == [1, 0, 2, -1, -1]
    assert find_groups(dataset, part, ["site"]).of_item.tolist() == [0, 0, 1, 1, -1]
    visits = make_dataset(*({"patient": patient} for patient in ("p2", "p1", "p2")))
    assert find_groups(visits, range(3), ["patient"]).of_item.tolist() == [1, 0, 1]
    assert find_groups(dataset, part, ["class"]).names == ("crackle", "normal")


@pytest.mark.parametrize(
    ("devices", "by", "message"),
    [
        (("A", "A", None), "device", "3 training items, grouped by device: all that have one have 'A'"),
        ((None, None), "device", "none has one"),
        (("A", "B"), "moon", "grouped by moon: none has one.*another objective.by"),
    ],
)
def test_fewer_than_two_groups_are_refused(devices: tuple[str | None, ...], by: str, message: str) -> None:
    dataset = make_dataset(*({"device": device} for device in devices))
    with pytest.raises(TrainError, match=message):
        find_groups(dataset, range(len(devices)), [by])
