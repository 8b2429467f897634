"""Subgroups: numbers as a library gives them, counts as they are, and no number of a few."""

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import recall_score, roc_auc_score

from resp.datasets import Item
from resp.evaluate import EvaluationError, Predictions
from resp.evaluate.subgroups import FEWEST_PATIENTS, age_band, subgroup_table, subgroups

AGES = ("7", "18", "39.9", "40", "64", "65", "90", "NA")


@pytest.fixture
def people() -> tuple[Predictions, list[Item]]:
    """60 patients of 2 recordings; half of them women, age and diagnosis by turns."""
    generator = np.random.default_rng(0)
    items = []
    for patient in range(60):
        for take in range(2):
            label = (patient % 4) if take else 0
            known = {
                "sex": "MF"[patient % 2],
                "age_years": AGES[patient % 8],
                "diagnosis": "Rare" if patient < 4 else "Common",
            }
            if patient == 59:
                del known["sex"]
            items.append(
                Item(f"r{patient}-{take}", Path("x.wav"), None, None, label, f"p{patient}", "D", "site", None, known)
            )
    truth = np.array([item.label for item in items])
    logits = generator.normal(size=(len(items), 4))
    logits[np.arange(len(items)), truth] += 1
    predictions = Predictions(
        classes=("normal", "crackle", "wheeze", "both"),
        items=np.array([item.name for item in items]),
        patients=np.array([item.patient for item in items]),
        devices=np.full(len(items), "D"),
        sites=np.full(len(items), "site"),
        truth=truth,
        logits=logits,
    )
    return predictions, items


def test_numbers_are_those_of_a_library_by_hand(people):
    predictions, items = people
    rows = {(row.kind, row.name): row for row in subgroups(predictions, items, resamples=50)}
    for name, letter in (("female", "F"), ("male", "M")):
        chosen = np.array([item.attributes.get("sex") == letter for item in items])
        truth, said = predictions.truth[chosen], predictions.prediction[chosen]
        row = rows["sex", name]
        assert row.items == chosen.sum()
        assert row.patients == len({item.patient for item, one in zip(items, chosen, strict=True) if one})
        sp = recall_score(truth, said, labels=[0], average=None)[0]
        se = recall_score(truth, said, labels=[1, 2, 3], average="micro")
        assert row.numbers["Sp"].value == pytest.approx(sp)
        assert row.numbers["Se"].value == pytest.approx(se)
        assert row.numbers["Score"].value == pytest.approx((sp + se) / 2)
        area = roc_auc_score(truth > 0, 1 - predictions.probabilities[chosen, 0])
        assert row.numbers["AUROC"].value == pytest.approx(area)
        assert row.numbers["Score"].low < row.numbers["Score"].value < row.numbers["Score"].high


def test_groups_count_every_item_once(people):
    predictions, items = people
    rows = subgroups(predictions, items, resamples=10)
    kinds = {kind: [row for row in rows if row.kind == kind] for kind in ("sex", "age", "diagnosis")}
    for of_kind in kinds.values():
        assert sum(row.items for row in of_kind) == 120
        assert sum(row.patients for row in of_kind) == 60
    assert [row.name for row in kinds["sex"]] == ["female", "male", "unknown"]
    assert [row.name for row in kinds["age"]] == ["under 18", "18 to 39", "40 to 64", "65 and over", "unknown"]
    # Of a device, site or filter that all share or nobody knows there is nothing to compare.
    assert {row.kind for row in rows} == {"all", "sex", "age", "diagnosis"}
    twice = Predictions.pool([predictions, predictions])
    assert subgroups(twice, items, resamples=10)[0].items == 120


def test_a_number_of_a_few_patients_is_not_told(people):
    predictions, items = people
    (rare,) = (row for row in subgroups(predictions, items, resamples=10) if row.name == "rare")
    assert rare.patients == 4 < FEWEST_PATIENTS
    assert rare.items == 8
    assert all(math.isnan(value) for one in rare.numbers.values() for value in one)
    # Five patients with normal sounds, of whom three have abnormal ones too.
    names = [f"p{patient}" for patient in (0, 4, 1, 2, 3)]
    few = subgroups(predictions.keep(np.isin(predictions.patients, names)), items, resamples=10)[0]
    assert (few.normal_patients, few.abnormal_patients) == (5, 3)
    assert not math.isnan(few.numbers["Sp"].value)
    assert math.isnan(few.numbers["Se"].value)
    assert math.isnan(few.numbers["Score"].value)
    assert math.isnan(few.numbers["AUROC"].value)


def test_the_table_has_a_row_a_group(people):
    rows = subgroups(*people, resamples=10)
    table = subgroup_table(rows, command="resp evaluate …", data="made", seeds=[0])
    assert table.columns[:5] == ("group", "patients", "normal patients", "abnormal patients", "items")
    assert [row[0] for row in table.rows][:3] == ["all", "sex: female", "sex: male"]
    assert "| diagnosis: rare | 4 |" in table.to_markdown()
    assert "fewer than 5 patients" in table.to_markdown()


@pytest.mark.parametrize(
    ("age", "band"),
    [
        ("0.25", "under 18"),
        ("17.9", "under 18"),
        ("18", "18 to 39"),
        ("40", "40 to 64"),
        ("65", "65 and over"),
        ("NA", "unknown"),
        (None, "unknown"),
        ("-1", "unknown"),
        ("nan", "unknown"),
    ],
)
def test_ages_fall_into_bands(age, band):
    assert age_band(age) == band


def test_items_that_nobody_knows_are_refused(people):
    predictions, _items = people
    with pytest.raises(EvaluationError, match="120 predicted items are not in the data set"):
        subgroups(predictions, [])
