"""Networks × ways of learning on ESC-10: the table of InterMix, and its ablation, as far as a machine reaches.

Usage::

    python benchmarks/esc10_learnings.py --data ESC10 --runs RUNS [--networks m18 piczak_cnn]
        [--learnings standard bc speechmix intermix] [--seeds 0] [--table-only]

Each row is ``resp cross-validate esc10/NETWORK_short --with LEARNING`` on the five official folds: the same seeds,
epochs and settings for every learning of a network. The recipes of ``HEADLINE`` stand beside them. Runs that are there
are taken as they are, so the table grows; the others stay "not run". Writes ``esc10_learnings.md`` and ``.png``.
"""

import argparse
from pathlib import Path

import numpy as np
from tables import NOT_RUN, CrossValidation, cross_validation, machine, mean_and_error, percent

from resp.models.results import markdown_table

NETWORKS = ("soundnet5", "m18", "piczak_cnn", "envnet", "envnet_v2")
LEARNINGS = ("standard", "bc", "speechmix", "intermix")
ABLATION = ("intermix_vanilla", "intermix_hidden")
# Recipes for a good figure rather than for a comparison.
HEADLINE = ("m18-plain",)
HERE = Path(__file__)

Rows = dict[str, CrossValidation | None]


def described(name: str) -> tuple[str, str | None]:
    """Return the recipe and the overlay of a row."""
    network, _, learning = name.partition("-")
    return (f"esc10/{network}_plain", None) if name in HEADLINE else (f"esc10/{network}_short", learning)


def command(name: str) -> str:
    """Return what makes a row."""
    recipe, overlay = described(name)
    chosen = f"{recipe} --with {overlay}" if overlay else recipe
    return f"resp cross-validate {chosen} --set data.root=ESC10 --out RUNS/{name}"


def run(name: str, data: Path, runs: Path, seeds: list[int]) -> None:
    """Train and measure all folds of a row; what is finished is left as it is."""
    from resp.train import cross_validate, load_recipe

    recipe, overlay = described(name)
    loaded = load_recipe(recipe, [f"data.root={data}"], overlays=[overlay] if overlay else [])
    print(cross_validate(loaded, runs / name, seeds=seeds, progress=True, told=print).text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="Folder of ESC-10.")
    parser.add_argument("--runs", type=Path, required=True, help="A folder for each row.")
    parser.add_argument("--networks", nargs="*", default=[], choices=NETWORKS, metavar="NETWORK")
    parser.add_argument("--learnings", nargs="*", default=list(LEARNINGS), choices=LEARNINGS + ABLATION)
    parser.add_argument("--headline", action="store_true", help=f"Run {', '.join(HEADLINE)} too.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--table-only", action="store_true")
    given = parser.parse_args()
    asked = [f"{network}-{learning}" for network in given.networks for learning in given.learnings]
    for name in () if given.table_only else (*(HEADLINE if given.headline else ()), *asked):
        if given.data is None:
            parser.error("--data: say where ESC-10 lies")
        run(name, given.data, given.runs, given.seeds)
    names = [f"{network}-{learning}" for network in NETWORKS for learning in LEARNINGS + ABLATION]
    rows = {name: finished(given.runs / name) for name in (*HEADLINE, *names)}
    text = page(rows)
    HERE.with_suffix(".md").write_text(text, encoding="utf-8")
    draw(rows, HERE.with_suffix(".png"))
    print(text)


def finished(folder: Path) -> CrossValidation | None:
    """Return what a row gave; None where it is not there or lacks folds."""
    row = cross_validation(folder)
    return None if row is None or len(row.by_fold) < row.of_folds else row


def errors(row: CrossValidation) -> list[float]:
    """Return the error rate of each fold."""
    return [1 - accuracy for accuracy in row.by_fold.values()]


def page(rows: Rows) -> str:
    """Return the tables as Markdown."""
    table = markdown_table(
        ["error in %", *LEARNINGS],
        [[network, *(_cell(rows[f"{network}-{one}"]) for one in LEARNINGS)] for network in NETWORKS],
    )
    ablation = markdown_table(
        ["InterMix, error in %", "vanilla", "+ hidden", "+ p"],
        [[network, *(_cell(rows[f"{network}-{one}"]) for one in (*ABLATION, "intermix"))] for network in NETWORKS],
    )
    differences = markdown_table(
        ["less error than standard, points", *LEARNINGS[1:]],
        [
            [network, *(_difference(rows[f"{network}-standard"], rows[f"{network}-{one}"]) for one in LEARNINGS[1:])]
            for network in NETWORKS
            if rows[f"{network}-standard"] is not None
        ],
    )
    details = markdown_table(
        ["row", "accuracy, %", "pooled accuracy, 95 % interval", "seeds", "minutes of training, all folds"],
        [
            [
                name,
                mean_and_error(row.by_fold.values()),
                f"{percent(row.low)} to {percent(row.high)}",
                ", ".join(map(str, row.seeds)),
                f"{row.minutes:.0f}",
            ]
            for name, row in rows.items()
            if row is not None
        ],
    )
    missing = "\n".join(f"    {command(name)}" for name, row in rows.items() if row is None)
    return f"""# ESC-10: networks × ways of learning

`python benchmarks/esc10_learnings.py --data ESC10 --runs RUNS --networks … --headline`
on {machine()};
one thread a run, two runs at a time beside other work, bfloat16.

Mean ± standard error over the five official folds. The recipes are short ones (`configs/esc10/*_short.yaml`: AdamW in
one cycle, tens of epochs instead of hundreds), the same for every column of a row, so the figures say nothing about
those that were published for 600 to 2000 epochs. Epochs are fixed and the last weights are measured: within a run no
test fold chooses anything. What was chosen before is said in [README.md](README.md).

{table}

Per fold, paired (mean ± standard error over folds; positive is better):

{differences}

Mixes want more epochs than plain training (twice as many where they were published): at 40 epochs M18 has not learned
mixed sounds to the end (65 % of its last training epoch right, against 93 % of the plain one), so the order that the
papers claim is not seen here, and nothing here speaks against it at their length.

## Ablation of InterMix

{ablation}

## What was run

{details}

Intervals resample source recordings (2000 times). `m18-plain` is `configs/esc10/m18_plain.yaml`.

Not run; each line would:

{missing}
"""


def _cell(row: CrossValidation | None) -> str:
    return NOT_RUN if row is None else mean_and_error(errors(row))


def _difference(plain: CrossValidation | None, mixed: CrossValidation | None) -> str:
    if plain is None or mixed is None:
        return NOT_RUN
    return mean_and_error((a - b for a, b in zip(errors(plain), errors(mixed), strict=True)), sign=True)


def draw(rows: Rows, path: Path) -> None:
    """Draw the error of every fold, and their means, of all rows that were run."""
    from matplotlib.figure import Figure

    networks = [network for network in NETWORKS if any(rows[f"{network}-{one}"] for one in LEARNINGS)]
    if not networks:
        return
    figure = Figure(figsize=(1.5 + 3.2 * len(networks), 3.6), layout="constrained")
    for axes, network in zip(np.atleast_1d(figure.subplots(1, len(networks), sharey=True)), networks, strict=True):
        for place, one in enumerate(LEARNINGS):
            if (row := rows[f"{network}-{one}"]) is not None:
                error = 100 * np.array(errors(row))
                axes.plot(np.full(len(error), place), error, "o", color="0.6", markersize=4)
                axes.errorbar(place, error.mean(), error.std(ddof=1) / np.sqrt(len(error)), fmt="s", capsize=4)
        axes.set_xticks(range(len(LEARNINGS)), LEARNINGS, rotation=20)
        axes.set(title=network, ylim=(0, None))
        axes.grid(axis="y", alpha=0.3)
    figure.axes[0].set_ylabel("error, % (dots: folds)")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
