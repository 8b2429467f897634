"""``resp calibrate``: fit how sure a model may be, and measure it."""

import shlex
from pathlib import Path

import click
from click.core import ParameterSource


@click.command()
@click.argument("model", metavar="MODEL_OR_RUN")
@click.option(
    "--predictions",
    "tables",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    required=True,
    help="Table of predictions (CSV) of patients that the model did not train on; may be given several times.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the calibrated model."
)
@click.option(
    "--coverage",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.9,
    show_default=True,
    help="Share of prediction sets that shall hold the true class.",
)
@click.option(
    "--labelled",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of items that shall be given a label; by default 0.9.",
)
@click.option(
    "--risk",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="In place of --labelled: the greatest share of wrong labels among those given.",
)
@click.option(
    "--error",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    show_default=True,
    help="With --risk: the greatest chance that it is not kept.",
)
@click.option(
    "--device-patients",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="From how many patients on a device gets a temperature of its own.",
)
@click.option(
    "--out-of-fold",
    is_flag=True,
    help="Other models of the same recipe made the predictions, each of patients that it had not seen.",
)
@click.option("--fitted-on", default="", help="On what data, in words; by default the tables' names.")
@click.option(
    "--folds", type=click.IntRange(2), help="Parts of the cross-fitted measurement; a patient each if not given."
)
@click.option("--resamples", type=click.IntRange(1), default=2000, show_default=True, help="Of the bootstrap.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the folds and the bootstrap.")
@click.pass_context
def calibrate(
    context: click.Context,
    model: str,
    tables: tuple[Path, ...],
    out: Path,
    coverage: float,
    labelled: float | None,
    risk: float | None,
    error: float,
    device_patients: int,
    out_of_fold: bool,
    fitted_on: str,
    folds: int | None,
    resamples: int,
    seed: int,
) -> None:
    """Fit temperature, prediction sets and abstention of a model, and write it with them as a new model folder.

    Tables of predictions are what a run (predictions_honest.csv), resp cross-validate (pooled_honest_predictions.csv)
    and resp evaluate --out write. They are measured before and after, each patient with a calibration that was fitted
    on others.
    """
    from resp.evaluate.confidence import Targets
    from resp.train.calibration import calibrate_model

    if labelled is not None and risk is not None:
        raise click.UsageError("--labelled and --risk both say when to give no label; give one of them")
    targets = Targets(
        coverage=coverage,
        labelled=0.9 if labelled is None else labelled,
        risk=risk,
        error=error,
        device_patients=device_patients,
    )
    done = calibrate_model(
        model,
        tables,
        out,
        targets=targets,
        out_of_fold=out_of_fold,
        fitted_on=fitted_on,
        command=_command(context),
        folds=folds,
        seed=seed,
        resamples=resamples,
    )
    click.echo(done.text())
    for note in done.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(f"written: {done.folder}", err=True)


def _command(context: click.Context) -> str:
    """Return what was called, of paths only the last part."""
    words = ["resp", "calibrate"]
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Argument):
            words.append(Path(value).name)
            continue
        for one in value if isinstance(value, tuple) else (value,):
            words.append(parameter.opts[-1])
            if not getattr(parameter, "is_flag", False):
                words.append(one.name if isinstance(one, Path) else str(one))
    return shlex.join(words)
