"""The plan of the Patch-Mix table: its rows say what is published, and train what they say."""

from pathlib import Path

import pytest

from resp.train import TrainError
from resp.train.reproduction import find_plan
from resp.train.reproduction.plan import Changes

PLAN = find_plan("icbhi-patchmix")


def test_it_is_the_whole_table() -> None:
    assert len(PLAN.rows) == len({row.name for row in PLAN.rows}) == 3 * 2 * 2 * 2
    assert (PLAN.train_items, PLAN.test_items) == (4142, 2756)


@pytest.mark.parametrize("row", PLAN.rows, ids=lambda row: row.name)
def test_a_row_trains_what_it_says(row: object) -> None:
    recipe = Changes(Path("there"), "mine.pth").recipe(row, seed=3)  # type: ignore[arg-type]
    method, positions, averaging, protocol = row.name.split("-")  # type: ignore[attr-defined]
    objectives = {"ce": "cross_entropy", "patchmix_ce": "patch_mix_ce", "patchmix_cl": "patch_mix_cl"}
    assert recipe.objective.name == objectives[method]
    layouts = {"right": "frequency_time", "reference": "reference"}
    assert recipe.network.settings["position_layout"] == layouts[positions]
    assert recipe.averaging.name == {"plain": "none", "live": "live"}[averaging]
    assert recipe.averaging.beta == 0.5
    assert recipe.data.split == "official"
    assert recipe.data.root == Path("there")
    assert (recipe.seed, recipe.network.weights) == (3, "mine.pth")
    if protocol == "literature":
        assert (recipe.data.validation_share, recipe.evaluation.protocols) == (0, ("honest", "literature"))
    else:
        assert (recipe.data.validation_share, recipe.evaluation.protocols) == (0.2, ("honest",))


def test_what_is_published_is_of_the_literature_protocol_and_one_choice() -> None:
    published = {row.method: row.published for row in PLAN.rows if row.published}
    assert {name: (one.sp, one.se, one.score) for name, one in published.items()} == {
        "ce": (77.14, 41.97, 59.55),
        "patchmix_cl": (81.66, 43.07, 62.37),
    }
    for one in published.values():
        assert (one.sp + one.se) / 2 == pytest.approx(one.score, abs=0.011)
    sp, se, score = published["patchmix_cl"].two_class
    assert (sp + se) / 2 == pytest.approx(score, abs=0.011)
    assert all(row.published is None for row in PLAN.rows if row.protocol == "honest")
    as_published = {row.name for row in PLAN.rows if row.as_published and row.protocol == "literature"}
    assert as_published == {f"{name}-reference-live-literature" for name in ("ce", "patchmix_ce", "patchmix_cl")}


def test_rows_are_chosen_by_method_name_and_protocol() -> None:
    assert len(PLAN.choose(None)) == 24
    assert {row.method for row in PLAN.choose(["ce"])} == {"ce"}
    assert len(PLAN.choose(["ce", "patchmix_cl"], ["honest"])) == 8
    (one,) = PLAN.choose(["patchmix_cl-right-live-honest"])
    assert (one.method, one.protocol) == ("patchmix_cl", "honest")
    with pytest.raises(TrainError, match="no row patchmix; expected some of ce, patchmix_ce, patchmix_cl"):
        PLAN.choose(["ce", "patchmix"])
    with pytest.raises(TrainError, match="no protocol optimistic; expected some of honest, literature"):
        PLAN.choose(None, ["optimistic"])
    with pytest.raises(TrainError, match="no row has these names and protocols"):
        PLAN.choose(["ce-right-live-honest"], ["literature"])
    with pytest.raises(TrainError, match="no plan 'icbhi-patchmi'; did you mean 'icbhi-patchmix'"):
        find_plan("icbhi-patchmi")


@pytest.mark.parametrize(
    "setting",
    ["averaging.name=ema", "averaging={name: ema}", "data.validation_share=0.1", "network.weights=null", "seed=4"],
)
def test_what_makes_a_row_cannot_be_changed(setting: str) -> None:
    with pytest.raises(TrainError, match="decided already by the rows"):
        Changes(Path(), settings=(setting,)).recipe(PLAN.rows[0])


def test_weights_and_settings_of_all_rows() -> None:
    row = PLAN.rows[0]
    assert Changes(Path()).recipe(row).network.weights == "hub:MIT/ast-finetuned-audioset-10-10-0.4593"
    assert Changes(Path(), random=True).recipe(row).network.weights is None
    assert Changes(Path(), settings=("training.epochs=2",)).recipe(row).training.epochs == 2
    assert Changes(Path()).recipe(row).familiarity is None
    smoke = Changes(Path(), "mine.pth", smoke=True).recipe(row)
    assert smoke.network.weights is None
    assert smoke.max_items is not None
    assert smoke.data.validation_share == 0
