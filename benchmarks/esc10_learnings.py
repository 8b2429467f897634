"""Networks × ways of learning on ESC-10: the table of InterMix, and its ablation, as far as a machine reaches.

Usage::

    python benchmarks/esc10_learnings.py --data ESC10 --runs runs/esc10 [--networks m18 piczak_cnn]
        [--learnings standard bc speechmix intermix] [--seeds 0] [--table-only]

Each row is ``resp cross-validate esc10/NETWORK_short --with LEARNING`` on the five official folds: the same seeds,
epochs and settings for every learning of a network. Runs that are there are taken as they are, so the table grows; those
that are not stay "not run". Writes ``esc10_learnings.md`` and ``.png`` beside this file.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from tables import NOT_RUN, machine, markdown, mean_and_error, percent

NETWORKS = ("soundnet5", "m18", "piczak_cnn", "envnet", "envnet_v2")
LEARNINGS = ("standard", "bc", "speechmix", "intermix")
ABLATION = ("intermix_vanilla", "intermix_hidden")
HERE = Path(__file__)


def command(network: str, learning: str) -> str:
    """Return what makes a row."""
    recipe = f"esc10/{network}_short --with {learning} --set data.root=ESC10"
    return f"resp cross-validate {recipe} --out RUNS/{network}-{learning}"


def run(network: str, learning: str, data: Path, runs: Path, seeds: list[int]) -> None:
    """Train and measure all folds of a row; what is finished is left as it is."""
    from resp.train import cross_validate, load_recipe

    recipe = load_recipe(f"esc10/{network}_short", [f"data.root={data}"], overlays=[learning])
    summary = cross_validate(recipe, runs / f"{network}-{learning}", seeds=seeds, progress=True, told=print)
    print(summary.text())


def read(network: str, learning: str, runs: Path) -> dict[str, Any] | None:
    """Return what a finished row gave; None where it is not there or lacks folds."""
    folder = runs / f"{network}-{learning}"
    if not (folder / "summary.json").is_file():
        return None
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    if len(summary["folds"]) < summary["of_folds"]:
        return None
    honest = summary["protocols"]["honest"]
    rates: dict[int, list[float]] = {}
    for one in honest["runs"]:
        rates.setdefault(one["fold"], []).append(1 - one["accuracy"])
    seconds = [
        sum(json.loads(line)["train_seconds"] for line in path.read_text(encoding="utf-8").splitlines())
        for path in sorted(folder.glob("fold*/metrics.jsonl"))
    ]
    return {
        "error": [float(np.mean(of_fold)) for _, of_fold in sorted(rates.items())],
        "seeds": summary["seeds"],
        "epochs": honest["runs"][0]["epoch"],
        "minutes": sum(seconds) / 60,
    }


def interval(folder: Path) -> str:
    """Return the 95 % interval of the pooled error rate, over source recordings."""
    pooled = json.loads((folder / "pooled_honest.json").read_text(encoding="utf-8"))
    accuracy = pooled["views"][0]["accuracy"]
    return f"{percent(1 - accuracy['high'])} to {percent(1 - accuracy['low'])}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="Folder of ESC-10.")
    parser.add_argument("--runs", type=Path, required=True, help="A folder for each row.")
    parser.add_argument("--networks", nargs="*", default=[], choices=NETWORKS, metavar="NETWORK")
    parser.add_argument("--learnings", nargs="*", default=list(LEARNINGS), choices=LEARNINGS + ABLATION)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--table-only", action="store_true")
    given = parser.parse_args()
    for network in () if given.table_only else given.networks:
        for learning in given.learnings:
            if given.data is None:
                parser.error("--data: say where ESC-10 lies")
            run(network, learning, given.data, given.runs, given.seeds)
    rows = {(network, one): read(network, one, given.runs) for network in NETWORKS for one in LEARNINGS + ABLATION}
    text = page(rows, given.runs)
    HERE.with_suffix(".md").write_text(text, encoding="utf-8")
    draw(rows, HERE.with_suffix(".png"))
    print(text)


def page(rows: dict[tuple[str, str], dict[str, Any] | None], runs: Path) -> str:
    """Return the tables as Markdown."""
    done = {key: row for key, row in rows.items() if row is not None}
    table = markdown(
        ["network, error in %", *LEARNINGS],
        [[network, *(_cell(rows[network, one]) for one in LEARNINGS)] for network in NETWORKS],
    )
    differences = markdown(
        ["less error than standard, points", *LEARNINGS[1:]],
        [
            [network, *(_difference(rows[network, "standard"], rows[network, one]) for one in LEARNINGS[1:])]
            for network in NETWORKS
            if rows[network, "standard"] is not None
        ],
    )
    ablation = markdown(
        ["InterMix, error in %", "vanilla", "+ hidden", "+ p"],
        [[network, *(_cell(rows[network, one]) for one in (*ABLATION, "intermix"))] for network in NETWORKS],
    )
    details = markdown(
        ["row", "epochs", "seeds", "minutes of training, all folds", "pooled error, 95 % interval"],
        [
            [
                f"{network}, {one}",
                row["epochs"],
                ", ".join(map(str, row["seeds"])),
                f"{row['minutes']:.0f}",
                interval(runs / f"{network}-{one}"),
            ]
            for (network, one), row in done.items()
        ],
    )
    missing = "\n".join(f"    {command(*key)}" for key, row in rows.items() if row is None)
    return f"""# ESC-10: networks × ways of learning

`python benchmarks/esc10_learnings.py --data ESC10 --runs RUNS --networks …`
on {machine()};
one thread a run, two runs at a time beside other work, bfloat16 where the recipe says so.

Error rate in percent: mean ± standard error over the five official folds. The recipes are the short ones
(`configs/esc10/*_short.yaml`: AdamW in one cycle, tens of epochs instead of hundreds), the same for every column, so the
figures say nothing about those that were published for 600 to 2000 epochs. Epochs are fixed and the last weights are
measured: no test fold chooses anything within a run. What was chosen before is said in [README.md](README.md).

{table}

Per fold, paired (mean ± standard error over folds; greater is better):

{differences}

## Ablation of InterMix

{ablation}

## What was run

{details}

Intervals resample source recordings (2000 times).

Not run; each line would:

{missing}
"""


def _cell(row: dict[str, Any] | None) -> str:
    return NOT_RUN if row is None else mean_and_error(row["error"])


def _difference(plain: dict[str, Any] | None, mixed: dict[str, Any] | None) -> str:
    if plain is None or mixed is None:
        return NOT_RUN
    return mean_and_error((a - b for a, b in zip(plain["error"], mixed["error"], strict=True)), sign=True)


def draw(rows: dict[tuple[str, str], dict[str, Any] | None], path: Path) -> None:
    """Draw the error of every fold, and their means, of all rows that were run."""
    from matplotlib.figure import Figure

    networks = [network for network in NETWORKS if any(rows[network, one] for one in LEARNINGS)]
    if not networks:
        return
    figure = Figure(figsize=(1.5 + 3.2 * len(networks), 3.6), layout="constrained")
    for axes, network in zip(np.atleast_1d(figure.subplots(1, len(networks), sharey=True)), networks, strict=True):
        for place, one in enumerate(LEARNINGS):
            row = rows[network, one]
            if row is not None:
                error = 100 * np.array(row["error"])
                axes.plot(np.full(len(error), place), error, "o", color="0.6", markersize=4)
                axes.errorbar(place, error.mean(), error.std(ddof=1) / np.sqrt(len(error)), fmt="s", capsize=4)
        axes.set_xticks(range(len(LEARNINGS)), LEARNINGS, rotation=20)
        axes.set(title=network, ylim=(0, None))
        axes.grid(axis="y", alpha=0.3)
    figure.axes[0].set_ylabel("error, % (dots: folds)")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
