"""``resp evaluate``: measure models and runs on a data set."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from resp.cli.progress import progress_bar
from resp.datasets.readers import READERS
from resp.evaluate.errors import EvaluationError

if TYPE_CHECKING:
    from resp.datasets import DataSettings
    from resp.evaluate.conditions import AnyCondition
    from resp.evaluate.run import Measured
    from resp.models.results import ResultTable

# Options that change no number.
_ONLY_OUTPUT = ("out", "as_json", "quiet", "cache")


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL_OR_RUN...")
@click.option(
    "--data",
    type=click.Choice([record.name for record in READERS]),
    help="Data set; by default that of the run's recipe.",
)
@click.option("--root", type=click.Path(path_type=Path), help="Folder of the data set (manifest: its CSV file).")
@click.option(
    "--labels",
    type=click.Choice(["four_class", "two_class", "diagnosis"]),
    help="With --data of lung sounds: which labels; by default four_class.",
)
@click.option(
    "--split",
    type=click.Choice(["official", "published_folds", "folds", "leave_device_out"]),
    help="With --data: how it is split; by default official where that was published (but for a manifest), with "
    "--fold published_folds where there are, and folds otherwise.",
)
@click.option("--held-out", help="With --split leave_device_out: the device (of KAUH the filter) that is tested on.")
@click.option("--fold", type=int, help="With --data: the fold that is the test part; by default 0.")
@click.option("--folds", type=int, help="With --data: how many folds; by default as many as were published, else 5.")
@click.option("--split-seed", type=int, help="With --data: seed of the folds; by default 0.")
@click.option(
    "--part",
    type=click.Choice(["test", "validation", "train", "all"]),
    help="Part of the split; by default test, or all where neither a run nor --split or --fold says what that is.",
)
@click.option(
    "--protocol",
    type=click.Choice(["honest", "literature"]),
    help="Whose weights of a run (by default all that it keeps, each with its own tables); "
    "for a model folder, a statement of how its weights were chosen.",
)
@click.option(
    "--without-patients",
    help="Comma-separated patients to leave out of a second view; by default those that the published split "
    "puts on both sides (156 and 218 in ICBHI).",
)
@click.option(
    "--conditions",
    metavar="all|NAME,NAME…",
    help="Also measure under conditions: added noise, device filters, file formats, attacks (a wrong name lists all).",
)
@click.option(
    "--speech",
    type=click.Path(path_type=Path, file_okay=False),
    help="With --conditions: a folder of recorded speech for babble, in place of synthetic voices.",
)
@click.option("--subgroups", is_flag=True, help="Also measure by sex, age, site, device, filter and diagnosis.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for text, JSON, PNG and CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--device", default="cpu", show_default=True, help="Where the network runs: cpu, cuda, cuda:1 …")
@click.option("--batch-size", type=click.IntRange(1), default=16, show_default=True)
@click.option("--resamples", type=click.IntRange(1), default=2000, show_default=True, help="Of the bootstrap.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap.")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), help="Folder for decoded waveforms.")
@click.option("--quiet", is_flag=True, help="No progress bars.")
def evaluate(
    models: tuple[str, ...],
    data: str | None,
    root: Path | None,
    labels: str | None,
    split: str | None,
    held_out: str | None,
    fold: int | None,
    folds: int | None,
    split_seed: int | None,
    part: str | None,
    protocol: str | None,
    without_patients: str | None,
    conditions: str | None,
    speech: Path | None,
    subgroups: bool,
    out: Path | None,
    as_json: bool,
    device: str,
    batch_size: int,
    resamples: int,
    seed: int,
    cache: Path | None,
    quiet: bool,
) -> None:
    """Measure models on a data set, with intervals over patients or the sources of clips.

    Lung sounds are measured by Sp, Se and Score, one class a clip by accuracy, several by mean average precision.

    A run is measured on the test part of its own recipe unless --data names another data set. Several
    runs (folds or seeds of one recipe) are pooled into one table.
    """
    from resp.datasets import WaveformCache
    from resp.evaluate.conditions import choose
    from resp.evaluate.jobs import Part
    from resp.evaluate.results import Protocol
    from resp.evaluate.run import evaluate_model
    from resp.evaluate.weights import protocols

    if speech is not None and conditions is None:
        raise EvaluationError("--speech without --conditions; it is what babble is made of")
    chosen = None if conditions is None else choose(conditions, speech=speech)
    asked = {"labels": labels, "split": split, "held_out": held_out, "fold": fold, "folds": folds, "seed": split_seed}
    settings = _settings(data, root, {name: value for name, value in asked.items() if value is not None})
    if part is None and settings is not None and (split is not None or fold is not None):
        part = "test"
    wanted: list[Protocol | None] = [cast(Protocol, protocol)] if protocol else [*protocols(models[0])] or [None]
    printed: list[dict[str, Any]] = []
    for one in wanted:
        how: dict[str, Any] = {
            "root": root,
            "part": cast(Part | None, part),
            "protocol": one,
            "cache": WaveformCache(cache),
            "batch_size": batch_size,
            "device": device,
            "resamples": resamples,
            "seed": seed,
            "progress": None if quiet else progress_bar,
        }
        left_out = None if without_patients is None else _names(without_patients)
        measured = evaluate_model(models, settings, without_patients=left_out, **how)
        tables = _more_tables(measured, models, settings, chosen, how, subgroups=subgroups)
        plain = {name: table.model_dump(mode="json") for name, table in tables.items()}
        printed.append({**measured.evaluation.to_dict(), **plain})
        if not as_json:
            click.echo(measured.evaluation.text())
            for table in tables.values():
                click.echo(table.to_markdown() + "\n")
        if out is not None:
            ending = f"_{one}" if len(wanted) > 1 else ""
            written = [*measured.write(out, f"evaluation{ending}"), *_write_tables(tables, out, ending)]
            for path in written:
                click.echo(f"written: {path}", err=True)
    if as_json:
        click.echo(json.dumps(printed, indent=2))


def _more_tables(
    measured: "Measured",
    models: tuple[str, ...],
    settings: "DataSettings | None",
    conditions: "dict[str, AnyCondition] | None",
    how: dict[str, Any],
    *,
    subgroups: bool,
) -> "dict[str, ResultTable]":
    """Return the tables that were asked for besides the evaluation, by name."""
    from resp.evaluate.conditions.table import measure_conditions
    from resp.evaluate.subgroups import subgroup_table
    from resp.evaluate.subgroups import subgroups as measure_subgroups

    command, evaluation = _command_line(), measured.evaluation
    tables = {}
    if conditions is not None:
        tables["conditions"] = measure_conditions(models, conditions, settings, **how).to_table(command=command)
    if subgroups:
        rows = measure_subgroups(measured.predictions, measured.items, resamples=how["resamples"], seed=how["seed"])
        data = f"{evaluation.subject} on {evaluation.data}"
        tables["subgroups"] = subgroup_table(rows, task=evaluation.task, command=command, data=data)
    return tables


def _write_tables(tables: "dict[str, ResultTable]", folder: Path, ending: str) -> list[Path]:
    from resp.models.results import write_tables

    written = []
    for name, table in tables.items():
        text, plain = folder / f"{name}{ending}.md", folder / f"{name}{ending}.json"
        text.write_text(table.to_markdown(1) + "\n", encoding="utf-8")
        write_tables(plain, {name: table})
        written += [text, plain]
    return written


def _command_line() -> str:
    """Return the command as it was given, without where and how its results are written."""
    context = click.get_current_context()
    parts = ["resp", "evaluate"]
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name in _ONLY_OUTPUT:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Argument):
            parts += [str(one) for one in value]
        else:
            parts += [parameter.opts[0], *([] if value is True else [str(value)])]
    return shlex.join(parts)


def _settings(data: str | None, root: Path | None, asked: dict[str, Any]) -> "DataSettings | None":
    from pydantic import ValidationError

    from resp.datasets import DataSettings
    from resp.evaluate.jobs import told

    if data is None:
        if asked:
            given = ", ".join("--split-seed" if name == "seed" else f"--{name}" for name in asked)
            raise EvaluationError(f"{given} without --data; a run is measured as its recipe says, or name a data set")
        return None
    if root is None:
        raise EvaluationError(f"--data {data} without --root; say where the data set is")
    fields = {"dataset": data, "root": root, "split": _default_split(data, fold="fold" in asked), **asked}
    try:
        return DataSettings.model_validate(fields)
    except ValidationError as error:
        raise EvaluationError(f"--data {data}: {told(error)}") from error


def _default_split(data: str, *, fold: bool) -> str:
    record = READERS.record(data)
    if "official" in record.published and data != "manifest":
        return "official"
    return "published_folds" if fold and record.folds is not None else "folds"


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
