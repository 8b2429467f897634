"""The card: everything on it comes out of the folder, the same folder gives the same bytes."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import yaml

from resp.models.config import Calibration
from resp.models.familiarity import Familiarity, FeatureDistance
from resp.models.folder import load_model, read_config, write_config
from resp.models.packed import PackedArray
from resp.models.results import ResultTable
from resp.train import TrainError, make_recipe
from resp.train.card import make_card, write_model_card
from resp.train.card.cautions import cautions
from resp.train.card.training import recipe_text

TABLE = ResultTable(
    title="Elsewhere",
    command="resp evaluate elsewhere",
    data="ICBHI",
    seeds=(0,),
    columns=("", "AUROC"),
    rows=(("made", {"value": 0.7, "low": 0.6, "high": 0.8}),),
)


def test_the_card_tells_what_the_run_folder_knows(run: Path) -> None:
    text = make_card(run).text
    for told in (
        "# made\n",
        "Made for a test.",
        "not a medical device",
        "- Cats.",
        "| both | 10 | 2 |",
        "| patients | 97 | 112 |",
        "- identical sounds were left out",
        "f" * 64,
        "train 40 items of 2 patients; validation 8 items of 1 patients; test 12 items of 2 patients",
        "1 patients are on both sides",
        "objective `patch_mix_cl` with the mix `patch` at patches, 2 epochs",
        "On A processor, 2 threads",
        "Training took 3 min",
        "- Weights: epoch 2.",
        "| honest | 2 | 12 | 2 | 0.75 (0.60 to 0.90) | 0.50 (0.40 to 0.60) | 0.62 (0.50 to 0.75) |",
        "resp evaluate RUN",
        "kauh, test part of split folds, fold 0 of 5. Seed 3.",
        "fewer than 20 patients each: *wheeze* (19), *both* (2)",
        "one device, Litt3200",
        "20 to 2000 Hz",
        "97 of 112 patients",
        "- Labels are one a recording.",
        "- Start: somebody, MIT.",
        "Started from `start.pth`",
        "Fraiwan et al.",
        "Bae et al.",
        "- The makers of the test, 2026.",
        "--set network.weights=start.pth",
    ):
        assert told in text, told
    for kept in ("secret", "/somewhere", "/elsewhere", "nan", "None"):
        assert kept not in text, kept


def test_header_is_yaml_that_hubs_read(run: Path) -> None:
    _, block, _ = make_card(run).text.split("---\n", 2)
    header = yaml.safe_load(block)
    assert header["license"] == "cc-by-4.0"
    assert (header["library_name"], header["pipeline_tag"]) == ("resp", "audio-classification")
    assert header["datasets"] == ["kauh"]


def test_the_same_inputs_give_the_same_bytes(run: Path, tmp_path: Path) -> None:
    once = make_card(run, {"elsewhere": TABLE})
    shutil.copytree(run, tmp_path / "other" / "run")
    assert make_card(tmp_path / "other" / "run", {"elsewhere": TABLE}).text == once.text
    once.write()
    again = make_card(run, {"elsewhere": TABLE})
    assert (again.text, again.sha256, again.changed) == (once.text, once.sha256, False)


def test_writing_touches_configuration_and_card_alone(run: Path) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    card = write_model_card(run)
    after = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    changed = {path.relative_to(run).as_posix() for path in after if after[path] != before.get(path)}
    assert changed == {"best/README.md", "best/config.json"}
    loaded = load_model(run / "best")
    assert loaded.card == card.text
    assert loaded.sha256 == card.sha256
    assert f"`{loaded.sha256}`" in card.text, "the checksum on the card is the one that reports name"
    assert f"`{sha256((run / 'best' / 'model.safetensors').read_bytes()).hexdigest()}`" in card.text
    assert loaded.config.provenance is not None
    assert loaded.config.provenance.data["parts"]["train"]["patients"] == 2


def test_a_model_that_left_its_run_tells_the_same(run: Path, tmp_path: Path) -> None:
    whole = write_model_card(run)
    shutil.copytree(run / "best", tmp_path / "alone")
    alone = make_card(tmp_path / "alone")
    assert alone.text == whole.text
    assert not alone.changed


def test_a_model_of_which_nothing_is_known_has_a_card(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "best", tmp_path / "alone")
    config = read_config(tmp_path / "alone").model_copy(update={"provenance": None, "results": {}})
    write_config(tmp_path / "alone", config)
    text = make_card(tmp_path / "alone").text
    assert "## Training\n\nNot recorded." in text
    assert "## Results\n\nNot measured." in text
    with pytest.raises(TrainError, match="not recorded"):
        recipe_text(config)


def test_tables_stand_on_the_card_and_in_the_configuration(run: Path) -> None:
    first = write_model_card(run)
    card = make_card(run, {"elsewhere": TABLE})
    assert card.changed
    assert card.sha256 != first.sha256
    card.write()
    config = read_config(run / "best")
    assert ResultTable.model_validate(config.results["elsewhere"]) == TABLE
    assert TABLE.to_markdown(3) in load_model(run / "best").card
    newer = TABLE.model_copy(update={"title": "Elsewhere, again"})
    text = make_card(run, {"elsewhere": newer}).text
    assert "### Elsewhere, again" in text
    assert "### Elsewhere\n" not in text
    assert "### The run's own test part" in text


def test_the_headline_is_of_the_very_weights(run: Path) -> None:
    shutil.copytree(run / "best", run / "last")
    for name, expected in (("best", "honest"), ("last", None)):
        table = ResultTable.model_validate(make_card(run / name).config.results["test_part"])
        assert table.headline == expected


def test_a_start_for_training_has_no_cautions_of_a_model_that_scores(run: Path) -> None:
    config = read_config(run / "best").model_copy(update={"task": "unlabelled"})
    told = "\n".join(cautions(config))
    assert "one of its own words" not in told
    assert "not calibrated" not in told
    assert "one device, Litt3200" in told


def test_old_results_are_shown_plainly(run: Path) -> None:
    config = read_config(run / "best")
    old = {"folds": {"ours": {"Score": {"value": 0.6, "low": 0.5, "high": 0.7}}}, "odd": [1, 2]}
    write_config(run / "best", config.model_copy(update={"results": old}))
    text = make_card(run).text
    assert "| ours | 0.60 (0.50 to 0.70) |" in text
    assert "odd" not in text


def test_calibration_is_told(run: Path) -> None:
    calibration = Calibration(
        temperature=0.84, set_threshold=0.14, coverage=0.9, abstain_below=0.4, fitted_on="other patients"
    )
    config = read_config(run / "best").model_copy(update={"calibration": calibration})
    write_config(run / "best", config)
    text = make_card(run).text
    for told in ("Temperature 0.84", "at least 0.14", "in 90%", "less than 0.40", "other patients"):
        assert told in text
    assert "were not calibrated" not in text


def test_the_rule_for_unknown_sounds_is_told_without_its_arrays(run: Path) -> None:
    distance = FeatureDistance(
        mean=PackedArray.pack(np.zeros(2)),
        deviation=PackedArray.pack(np.ones(2)),
        axes=PackedArray.pack(np.array([[1.0, 0.0]])),
        variances=PackedArray.pack(np.ones(1)),
        rest=1.0,
    )
    assert "Sounds that it does not know" not in make_card(run).text
    fitted = Familiarity(stage="feature", distance=distance, limit=1.2, far_limit=2.0, keep=0.95, fitted_on="made ones")
    write_config(run / "best", read_config(run / "best").model_copy(update={"familiarity": fitted}))
    text = make_card(run).text
    for told in ("## Sounds that it does not know", "95% of the recordings", "within 1.20", "beyond 2.00", "made ones"):
        assert told in text
    assert distance.axes.float32 not in text
    assert "is refused, most of the time" in text


def test_the_recipe_comes_back_and_trains_again(run: Path) -> None:
    config = write_model_card(run).config
    recipe = make_recipe(yaml.safe_load(recipe_text(config)))
    assert (recipe.seed, recipe.network.weights, str(recipe.data.root)) == (3, "start.pth", "kauh")
    assert recipe.objective.name == "patch_mix_cl"


def test_what_a_run_does_not_have_yet_is_left_out(run: Path) -> None:
    for name in ("data.json", "environment.json", "metrics.jsonl", "results.json"):
        (run / name).unlink()
    text = make_card(run).text
    assert "Fingerprint" not in text
    assert "objective `patch_mix_cl`" in text
    (run / "data.json").write_text("{")
    with pytest.raises(TrainError, match=r"data\.json: damaged"):
        make_card(run)


def test_a_run_without_test_part_says_so(run: Path) -> None:
    data = json.loads((run / "data.json").read_text())
    data["parts"]["test"]["items"] = 0
    (run / "data.json").write_text(json.dumps(data))
    assert "no part was left to measure these very weights on" in make_card(run).text
