"""Make a model that ships: train on every KAUH patient, calibrate on the folds, measure elsewhere, write its card.

Usage, after ``kauh_train_folds.py`` and ``kauh_cross_validation.py`` (see their heads)::

    python benchmarks/kauh_ship_model.py --recipe configs/kauh/ast_conv_heart.yaml --name lungs --version 2 \
        --root KAUH --icbhi ICBHI --weights mn04_as_mAP_432.pt --runs runs/heart --outside OUTSIDE \
        --tables benchmarks/kauh_cross_validation.json --out resp/models/shipped/lungs

Temperature, prediction sets and the abstention threshold are fitted on the predictions that the fold models made of
patients they had not seen. What these give is measured on each patient by fitting on the others. ICBHI is measured
once, cycle by cycle, by the finished model, and chooses nothing. OUTSIDE holds sounds that are none of a lung, a folder
a kind (``outside_sounds.py`` gathers them). What the finished model refuses is measured on it, and joins its card::

    python benchmarks/kauh_gates.py --root KAUH --model resp/models/shipped/lungs
    resp card resp/models/shipped/lungs --results benchmarks/kauh_gates.json --write

Pictures of the calibration go to ``kauh_calibration`` beside this file.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kauh_methods import FOLDS, MEASURES, load_runs

from resp.datasets import DataSettings, open_dataset
from resp.evaluate import (
    Predictions,
    Targets,
    cross_fitted,
    fit_calibration,
    measure_confidence,
    patient_bootstrap,
    predict_items,
)
from resp.evaluate.bootstrap import Interval
from resp.evaluate.confidence.apply import apply_calibration
from resp.evaluate.confidence.plots import save_pictures
from resp.models.folder import load_model, save_model
from resp.models.results import ResultTable, read_tables
from resp.train import load_recipe, train
from resp.train.card import write_model_card
from resp.train.familiarity import FamiliaritySettings, fit_familiarity, outside_sounds, store_familiarity

TARGETS = Targets(coverage=0.9, labelled=0.9)
SURE = {
    "set_coverage": "prediction sets that hold the true class",
    "labelled": "given a label",
    "accuracy_labelled": "accuracy of what is given a label",
}
TRUNK = "map"
PICTURES = Path(__file__).with_name("kauh_calibration")
TAUGHT = ("AudioSet, by which the trunk was trained before: Schmid, Koutini and Widmer's checkpoint",)
# Of the sounds that are none of a lung (outside_sounds.py): what is stored of them are statistics of features.
OUTSIDE_CREDITS = (
    "Other sounds, to tell them from a lung: ESC-10 (Piczak 2015), CC BY 3.0",
    "Other sounds: prompts and music of Asterisk (`asterisk-core-sounds-en-wav`, `asterisk-moh-opsound-wav`), "
    "CC BY-SA 3.0",
)


def elsewhere(model: Path, root: Path, command: str) -> ResultTable:
    """Measure the finished model on ICBHI's annotated cycles: other patients, devices and labels."""
    dataset = open_dataset(DataSettings(dataset="icbhi", root=root, split="official"))
    loaded = load_model(model)
    if loaded.config.calibration is None:
        raise SystemExit(f"{model}: not calibrated; calibrate it before it is measured elsewhere")
    found = predict_items(loaded, dataset, range(len(dataset)))
    rows = (found.truth, found.prediction, 1 - found.probabilities[:, 0])
    sure = measure_confidence(apply_calibration(found, loaded.config.calibration)).after

    def measured(one: Callable[[Any], float]) -> Interval:
        return patient_bootstrap(lambda *drawn: one(drawn), found.patients, *rows)

    return ResultTable(
        title="ICBHI, a data set it never saw",
        command=command,
        data=f"ICBHI, {len(found)} annotated cycles of {len(set(found.patients))} patients; nothing fitted on them",
        columns=["model", *MEASURES, *SURE.values()],
        rows=[
            ["these weights, learned from KAUH alone", *map(measured, MEASURES.values()), *(sure[key] for key in SURE)]
        ],
        notes=[
            "95 % interval over patients; too few patients for a firm number",
            "Prediction sets and labels rest on thresholds for whole recordings of KAUH: they promise nothing of "
            "single cycles, nor of other data, and this is what they gave. Patients count alike in sets and labels.",
        ],
    )


def main() -> None:
    """Train, calibrate, teach it what is no lung sound, measure, and write the model folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--name", required=True, help="of the installed model")
    parser.add_argument("--version", default="1", help="of the model; another one for every model that ships")
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--icbhi", type=Path, required=True, help="folder of ICBHI, whole or in part")
    parser.add_argument("--weights", type=Path, required=True, help="the published mn04_as checkpoint")
    parser.add_argument("--runs", type=Path, required=True, help="what kauh_train_folds.py left for this recipe")
    parser.add_argument("--outside", type=Path, required=True, help="folders of other sounds, named by their kind")
    parser.add_argument("--tables", type=Path, action="append", default=[], help="more result tables for the card")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    # Where data and runs lie on this machine is nobody else's business.
    command = " ".join(
        [
            f"python benchmarks/kauh_ship_model.py --recipe configs/kauh/{given.recipe.name}",
            f"--name {given.name} --version {given.version}",
            f"--root KAUH --icbhi ICBHI --weights {given.weights.name} --runs runs/{given.runs.name} --outside OUTSIDE",
            *(f"--tables benchmarks/{file.name}" for file in given.tables),
            f"--seeds {given.seeds} --out resp/models/shipped/{given.name}",
        ]
    )

    shown = {name: table for file in given.tables for name, table in read_tables(file).items()}
    start = f"--root KAUH --weights {given.weights.name}"
    made_by = (
        "python benchmarks/outside_sounds.py --esc10 ESC10 --speech PROMPTS --music MUSIC --out OUTSIDE",
        f"python benchmarks/kauh_train_folds.py --recipe configs/kauh/{given.recipe.name} {start} "
        f"--seeds {given.seeds} --out runs/{given.runs.name}",
        *(table.command for table in shown.values()),
        command,
        f"python benchmarks/kauh_gates.py --root KAUH --model resp/models/shipped/{given.name}",
        f"resp card resp/models/shipped/{given.name} --results benchmarks/kauh_gates.json --write",
    )
    places = [f"data.root={given.root}", f"network.weights={given.weights}", "data.split=all", f"name={given.name}"]
    # Fitted below, with other sounds, and on what ships.
    recipe = load_recipe(given.recipe, [*places, "familiarity=null"])
    card = recipe.card.model_copy(
        update={"made_by": made_by, "credits": (*recipe.card.credits, *OUTSIDE_CREDITS), "trained_on": TAUGHT}
    )
    trained = train(recipe.model_copy(update={"card": card}), given.runs / "all", resume=True, progress=True)
    everything = Predictions.pool(load_runs(given.runs, given.seeds, "predictions_scorer.csv"))
    words = f"KAUH, out-of-fold predictions of {FOLDS} patient-disjoint folds x {given.seeds} seeds, whole recordings"
    sure = measure_confidence(cross_fitted(everything, TARGETS))
    PICTURES.mkdir(exist_ok=True)
    save_pictures(sure, PICTURES)
    loaded = load_model(trained.model)
    calibration = fit_calibration(everything, TARGETS, words)
    update = {"version": given.version, "calibration": calibration, "results": {}}
    save_model(given.out, loaded.network, loaded.config.model_copy(update=update))

    lung = {item.path: item.patient for item in open_dataset(DataSettings(dataset="kauh", root=given.root)).items}
    known = fit_familiarity(
        loaded.network,
        loaded.config.clip,
        lung,
        outside=outside_sounds(given.outside),
        settings=FamiliaritySettings(stage=TRUNK),
    )
    store_familiarity(given.out, known)
    measured = {
        "calibration": sure.to_table(command=command, data=words, seeds=range(given.seeds)),
        "icbhi": elsewhere(given.out, given.icbhi, command),
    }
    write_model_card(given.out, {**shown, **measured})
    print((given.out / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
