"""EAT's ablations on ESC-10: what each mix, each kind of block, and phase and magnitude of the sound are worth.

Usage::

    python benchmarks/eat_ablation.py --data ESC10 --runs runs/eat [--rows blocks phase …] [--folds 0 1]
        [--seeds 0 1 2] [--size small|published] [--epochs N] [--table-only]

A row is a recipe with some settings changed, cross-validated in its own folder of ``--runs``; ``--rows`` takes rows and
whole groups. All rows of a group have the same folds, seeds and epochs. A run that was interrupted goes on where it
was; one that is finished is left as it is. Writes ``eat_ablation.md`` and ``.png`` beside this file, of all rows that
are in ``--runs``; the others stay "not run", each with its command. ``small`` is ``esc10/eat_s_short``,
``published`` is ``esc10/eat_s``.

Rows follow Gazneli et al., arXiv:2204.11479, 2022: table 6a adds one mix after the other, of which each batch draws
one; table 6b one change of the blocks after the other, and its last row is the network with all mixes; table 7
(appendix A) has neither noise nor mixes. Each mix on its own is added to these.
"""

import argparse
import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tables import NOT_RUN, CrossValidation, cross_validation, machine, mean_and_error, percent

from resp.models.results import markdown_table
from resp.train import Recipe, cross_validate, load_recipe
from resp.train.cross_validation import RECIPE

HERE = Path(__file__)
RECIPES = {"small": "esc10/eat_s_short", "published": "esc10/eat_s"}
MIXES = ("eat_mixup", "timemix", "freqmix", "phasemix")


class Line(NamedTuple):
    """A line of a table: its row, what a reader calls it, and the accuracy on ESC-50 in the paper, in percent."""

    row: str
    title: str
    published: float = math.nan


GROUPS: dict[str, tuple[str, tuple[Line, ...]]] = {
    "mixes": (
        "Mixes, one after the other",
        (
            Line("no_mix", "no mix", 83.0),
            Line("mixup", "+ mixup", 86.5),
            Line("mixup_timemix", "+ TimeMix", 87.0),
            Line("mixup_timemix_freqmix", "+ FreqMix", 90.1),
            Line("all", "+ PhaseMix", 91.0),
        ),
    ),
    "single_mixes": (
        "Mixes, each on its own",
        (
            Line("no_mix", "no mix"),
            Line("mixup", "mixup"),
            Line("timemix", "TimeMix"),
            Line("freqmix", "FreqMix"),
            Line("phasemix", "PhaseMix"),
            Line("all", "one of the four"),
        ),
    ),
    "blocks": (
        "Blocks, one change after the other",
        (
            Line("plain_blocks", "common residual blocks, mean over time", 80.5),
            Line("modified_blocks", "+ modified residual blocks", 82.3),
            Line("dilated_blocks", "+ dilated", 88.8),
            Line("all", "+ transformer", 90.8),
        ),
    ),
    "hears": (
        "What is heard, without noise and mixes",
        (
            Line("sound", "the sound", 81.0),
            Line("phase", "phase", 60.0),
            Line("magnitude", "magnitude", 78.5),
            Line("both", "phase and magnitude", 80.5),
        ),
    ),
}
ROWS = tuple(dict.fromkeys(line.row for _, lines in GROUPS.values() for line in lines))

# A baseline without mixes smooths its labels, as EAT does where it does not mix.
_NO_MIX = ("objective.mix=null",)
_BLOCKS = {
    "plain_blocks": {"residual": "plain", "dilated": False, "transformer": False},
    "modified_blocks": {"dilated": False, "transformer": False},
    "dilated_blocks": {"transformer": False},
}
_HEARD = ("sound", "phase", "magnitude", "both")


def settings_of(row: str, recipe: Recipe) -> tuple[str, ...]:
    """Return what a row changes in its recipe."""
    if row == "no_mix":
        return _NO_MIX
    if row in _BLOCKS:
        return tuple(f"network.settings.{name}={json.dumps(value)}" for name, value in _BLOCKS[row].items())
    if row in _HEARD:
        quiet = [one.model_dump(mode="json") for one in recipe.augment.waveform if one.name != "any_noise"]
        # 46 ms, whatever the rate.
        window = 1024 * recipe.network.settings.get("rate_hz", 22_050) // 22_050
        hears = (f"network.settings.hears={row}", f"network.settings.heard_window={window}")
        return (*_NO_MIX, f"augment.waveform={json.dumps(quiet)}", *hears)
    mixes = MIXES if row == "all" else [name for name in MIXES if name.removeprefix("eat_") in row.split("_")]
    return (f"objective.mix.settings.mixes={json.dumps(mixes)}",)


def recipe_of(row: str, given: argparse.Namespace) -> Recipe:
    """Return the recipe of a row, at the size and with the epochs that were asked for."""
    common = [
        *([f"data.root={given.data}"] if given.data else []),
        *([f"training.epochs={given.epochs}"] if given.epochs else []),
    ]
    name = RECIPES[given.size]
    return load_recipe(name, [*common, *settings_of(row, load_recipe(name)), f"name=eat-ablation-{row}"])


def command(row: str, given: argparse.Namespace) -> str:
    """Return what makes a row, as the others of this table were asked for."""
    words = ["python benchmarks/eat_ablation.py --data ESC10 --runs RUNS", f"--rows {row}", f"--size {given.size}"]
    for name in ("epochs", "folds", "seeds"):
        value = getattr(given, name)
        if value:
            words.append(f"--{name} {' '.join(map(str, value)) if isinstance(value, list) else value}")
    return " ".join(words)


def read(row: str, given: argparse.Namespace) -> CrossValidation | None:
    """Return what a row gave; None where it was not finished.

    Raises
    ------
    SystemExit
        It was trained with other settings than this table is about.
    """
    folder = given.runs / row
    found = cross_validation(folder)
    if found is not None:
        there = load_recipe(folder / RECIPE)
        differing = [key for key in there.differences(recipe_of(row, given)) if key not in ("seed", "data.fold")]
        if differing:
            raise SystemExit(
                f"{folder}: was trained with other settings ({', '.join(differing[:4])}); "
                "give the --size and --epochs that it had, or another --runs"
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of ESC-10")
    parser.add_argument("--runs", type=Path, required=True, help="a folder for each row")
    parser.add_argument("--rows", nargs="+", default=list(GROUPS), choices=[*GROUPS, *ROWS], metavar="ROW")
    parser.add_argument("--folds", type=int, nargs="+", help="by default all five")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--size", choices=RECIPES, default="small")
    parser.add_argument("--epochs", type=int, help="by default those of the recipe")
    parser.add_argument("--table-only", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE.with_suffix(".md"), help="the table; the picture beside it")
    given = parser.parse_args()
    if not given.table_only:
        if given.data is None:
            parser.error("--data: say where ESC-10 lies")
        chosen = [line.row for name in given.rows if name in GROUPS for line in GROUPS[name][1]]
        for row in dict.fromkeys([*chosen, *(name for name in given.rows if name in ROWS)]):
            print(row)
            cross_validate(
                recipe_of(row, given),
                given.runs / row,
                folds=given.folds,
                seeds=given.seeds,
                progress=True,
                told=print,
            )
    results = {row: read(row, given) for row in ROWS}
    text = page(results, given)
    given.out.write_text(text, encoding="utf-8")
    draw(results, given.out.with_suffix(".png"))
    print(text)


def page(results: dict[str, CrossValidation | None], given: argparse.Namespace) -> str:
    """Return the tables as Markdown."""
    recipe = recipe_of("all", given)
    epochs = f"{recipe.training.epochs} epoch{'s' if recipe.training.epochs > 1 else ''}"
    found = [result for result in results.values() if result is not None]
    machines = dict.fromkeys(name for result in found for name in result.machines)
    sections = []
    for title, lines in GROUPS.values():
        first = results[lines[0].row]
        rows = [_cells(line, results[line.row], first, lines[0]) for line in lines]
        head = ["", "accuracy", "95 % interval", "against the first row", "folds × seeds", "minutes"]
        sections.append(f"## {title}\n\n{markdown_table([*head, 'paper, ESC-50'], rows)}\n")
    missing = "".join(f"    {command(row, given)}\n" for row, result in results.items() if _lacks(result, given))
    drawn = f"![Accuracy of every fold]({given.out.with_suffix('.png').name})\n\n" if found else ""
    unfinished = (
        f"\n## {NOT_RUN.capitalize()}\n\nEach line makes a row, or the rest of one:\n\n{missing}" if missing else ""
    )
    return f"""# Ablations of EAT on ESC-10

Written by `python benchmarks/eat_ablation.py` (see its head) with the recipe `{RECIPES[given.size]}` and
{epochs} on {"; ".join(machines) or machine()}.

Accuracy in percent: mean ± standard error over folds, the seeds of a fold averaged first. The interval is that of
all predictions together, over source recordings (2000 resamples). Against the first row of a table: the difference
per fold, paired, in points. Minutes are the wall time of training, all runs of a row together. Epochs are fixed and
the last weights are measured: no test fold chooses anything within a run. The paper's figures are on ESC-50, five
times as many classes, after 3500 epochs: beside ours they tell whether the order is the same.

{drawn}{chr(10).join(sections)}{unfinished}"""


def _lacks(result: CrossValidation | None, given: argparse.Namespace) -> bool:
    """Return whether folds or seeds that were asked for are missing."""
    if result is None:
        return True
    folds = given.folds or range(result.of_folds)
    return not (set(folds) <= set(result.by_fold) and set(given.seeds) <= set(result.seeds))


def _cells(line: Line, result: CrossValidation | None, first: CrossValidation | None, baseline: Line) -> list[str]:
    published = "" if math.isnan(line.published) else f"{line.published:g}"
    if published and line is not baseline:
        published += f" ({line.published - baseline.published:+.1f})"
    if result is None:
        return [line.title, NOT_RUN, "", "", "", "", published]
    common = [] if first is None else [fold for fold in result.by_fold if fold in first.by_fold]
    alike = first is not None and first.seeds == result.seeds
    against = (
        mean_and_error((result.by_fold[fold] - first.by_fold[fold] for fold in common), sign=True)
        if alike and first is not None and common and line is not baseline
        else ""
    )
    return [
        line.title,
        mean_and_error(result.by_fold.values()),
        f"{percent(result.low)} to {percent(result.high)}",
        against,
        f"{len(result.by_fold)} of {result.of_folds} × {len(result.seeds)}",
        f"{result.minutes:.1f}",
        published,
    ]


def draw(results: dict[str, CrossValidation | None], path: Path) -> None:
    """Draw the accuracy of every fold, mean and standard error of all rows that were run."""
    groups = {title: lines for title, lines in GROUPS.values() if any(results[line.row] is not None for line in lines)}
    if not groups:
        return
    figure = Figure(figsize=(9, 1.2 + 2.2 * len(groups)), layout="constrained")
    for axes, (title, lines) in zip(
        np.atleast_1d(figure.subplots(len(groups), 1, sharex=True)), groups.items(), strict=True
    ):
        _draw_group(axes, title, lines, results)
    figure.axes[-1].set_xlabel("accuracy, % (dots: folds; bars: standard error)")
    figure.savefig(path, dpi=110)


def _draw_group(axes: Axes, title: str, lines: tuple[Line, ...], results: dict[str, CrossValidation | None]) -> None:
    for place, line in enumerate(lines):
        result = results[line.row]
        if result is None:
            axes.text(0.01, place, NOT_RUN, transform=axes.get_yaxis_transform(), va="center", color="0.5")
            continue
        accuracy = 100 * np.array(list(result.by_fold.values()))
        axes.plot(accuracy, np.full(len(accuracy), place), "o", color="0.7", markersize=5)
        error = accuracy.std(ddof=1) / math.sqrt(len(accuracy)) if len(accuracy) > 1 else 0
        axes.errorbar(accuracy.mean(), place, xerr=error, fmt="s", color="C0", capsize=4)
    axes.set_yticks(range(len(lines)), [line.title for line in lines])
    axes.set(title=title, ylim=(len(lines) - 0.5, -0.5))
    axes.grid(axis="x", alpha=0.3)


if __name__ == "__main__":
    main()
