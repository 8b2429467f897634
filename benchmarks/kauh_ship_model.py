"""Make the model that ships: train on every KAUH patient, calibrate on the folds, measure elsewhere, write its card.

Usage, after ``kauh_train_folds.py`` and ``kauh_cross_validation.py`` (see their heads)::

    python benchmarks/kauh_ship_model.py --root KAUH --icbhi ICBHI --weights mn04_as_mAP_432.pt \
        --runs runs/kauh-folds --out resp/models/shipped/lungs

Temperature, prediction sets and the abstention threshold are fitted on the predictions that the fold models made of
patients they had not seen. What these give is measured by fitting on four fifths of the patients and looking at the
rest. ICBHI is measured once, cycle by cycle, by the finished model, and chooses nothing.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from resp.datasets import DataSettings, open_dataset
from resp.evaluate import (
    Predictions,
    Targets,
    cross_fitted,
    fit_calibration,
    icbhi_score,
    measure_confidence,
    patient_bootstrap,
    predict_items,
)
from resp.evaluate.confidence import ConfidenceResults
from resp.evaluate.ranking import auroc
from resp.models.config import ModelConfig
from resp.models.folder import load_model, save_model
from resp.train import load_recipe, train

HERE = Path(__file__).parent
RECIPE = HERE.parent / "configs" / "kauh" / "ast_conv_patchmix_cl.yaml"
FOLDS = 5
COVERAGE = 0.9
TARGETS = Targets(coverage=COVERAGE, labelled=0.9)


def elsewhere(model: Path, root: Path) -> dict[str, Any]:
    """Measure the finished model on ICBHI's annotated cycles: other patients, devices and labels."""
    dataset = open_dataset(DataSettings(dataset="icbhi", root=root, split="official"))
    table = predict_items(load_model(model), dataset, range(len(dataset)))
    abnormal, prediction = 1 - table.probabilities[:, 0], table.prediction
    rows = (table.truth, prediction, abnormal)
    measures = {
        "sp": lambda true, said, _: icbhi_score(true, said).sp,
        "se": lambda true, said, _: icbhi_score(true, said).se,
        "score": lambda true, said, _: icbhi_score(true, said).score,
        "auroc": lambda true, _, value: float(auroc(true > 0, value)),
    }
    result: dict[str, Any] = {
        name: patient_bootstrap(measure, table.patients, *rows)._asdict() for name, measure in measures.items()
    }
    return {**result, "cycles": len(table), "patients": len(set(table.patients))}


def shown(numbers: dict[str, float]) -> str:
    """Return a value with its interval."""
    return f"{numbers['value']:.2f} ({numbers['low']:.2f} to {numbers['high']:.2f})"


def card(config: ModelConfig, sure: ConfidenceResults, size_mb: float) -> str:
    """Return the model card: the template beside this file, filled with what was measured."""
    folds, icbhi = (config.results[name] for name in ("kauh_folds", "icbhi"))
    labels = list(next(iter(folds.values())))
    rows = [[name, *(shown(row[label]) for label in labels)] for name, row in folds.items()]
    table = [["method", *labels], ["---"] * (len(labels) + 1), *rows]
    values = {
        "name": config.name,
        "network": config.network,
        "window_s": f"{config.clip.window_s:g}",
        "size_mb": f"{size_mb:.1f}",
        "data": "; ".join(config.trained_on),
        "learned": config.trained_on[0].split(": ")[-1],
        "devices": ", ".join(config.trained_devices),
        "licence": config.licence,
        "table": "\n".join(f"| {' | '.join(row)} |" for row in table),
        "cycles": icbhi["cycles"],
        "patients": icbhi["patients"],
        "temperature": f"{config.calibration.temperature:g}",
        "coverage": f"{COVERAGE:.0%}",
        **{f"icbhi_{key}": shown(icbhi[key]) for key in ("sp", "se", "score", "auroc")},
        **{key: shown(value._asdict()) for key, value in sure.after.items()},
        "ece_before": shown(sure.before["ece"]._asdict()),
    }
    return (HERE / "kauh_card.md").read_text(encoding="utf-8").format_map(values)


def main() -> None:
    """Train, calibrate, measure, and write the model folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of KAUH's recordings")
    parser.add_argument("--icbhi", type=Path, required=True, help="folder of ICBHI, whole or in part")
    parser.add_argument("--weights", type=Path, required=True, help="the published mn04_as checkpoint")
    parser.add_argument("--runs", type=Path, required=True, help="what kauh_train_folds.py left")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()

    places = [f"data.root={given.root}", f"network.weights={given.weights}", "data.split=all"]
    trained = train(load_recipe(RECIPE, places), given.runs / "all", resume=True, progress=True)
    everything = Predictions.pool(
        [
            Predictions.load(given.runs / f"seed{seed}-fold{fold}" / "predictions_scorer.csv")
            for seed in range(given.seeds)
            for fold in range(FOLDS)
        ]
    )
    words = f"KAUH, out-of-fold predictions of {FOLDS} patient-disjoint folds x {given.seeds} seeds, whole recordings"
    sure = measure_confidence(cross_fitted(everything, TARGETS, folds=FOLDS))
    table = sure.to_table(command="python benchmarks/kauh_ship_model.py", data=words, seeds=range(given.seeds))
    loaded = load_model(trained.model)
    config = loaded.config.model_copy(
        update={
            "name": "lungs",
            "calibration": fit_calibration(everything, TARGETS, words),
            "results": {
                "kauh_folds": json.loads((HERE / "kauh_cross_validation.json").read_text(encoding="utf-8")),
                "calibration": table.model_dump(mode="json"),
            },
        }
    )
    save_model(given.out, loaded.network, config)
    results = {**config.results, "icbhi": elsewhere(given.out, given.icbhi)}
    config = config.model_copy(update={"results": results})
    size_mb = (given.out / "model.safetensors").stat().st_size / 1e6
    save_model(given.out, loaded.network, config, card=card(config, sure, size_mb))
    print((given.out / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
