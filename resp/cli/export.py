"""``resp export``: a model folder becomes one that another engine runs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from resp.score.engines.contract import Precision
    from resp.score.engines.exported import ExportedEngine


@click.command()
@click.argument("model", metavar="MODEL")
@click.option("--engine", type=click.Choice(["onnx", "openvino"]), required=True, help="What is to run it.")
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16", "int8"]),
    default="fp32",
    show_default=True,
    help="What its products compute in.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write.")
@click.option(
    "--calibration",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of sounds like those to be scored: int8 is calibrated on some, every export compared on others. "
    "Without it, on breathing that is made up.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, min_open=True),
    help="How far a logit (fp32, else 0.001) or a probability (bf16 and int8, else 0.03) may move.",
)
@click.option("--quiet", is_flag=True, help="Say nothing but what is wrong.")
def export(
    model: str,
    engine: "ExportedEngine",
    precision: "Precision",
    out: Path,
    calibration: Path | None,
    tolerance: float | None,
    quiet: bool,
) -> None:
    """Write MODEL for another engine: a folder that resp score --model takes, and that runs without torch's network.

    What it answers is compared with torch in fp32, and nothing is written where the two differ by more than the
    tolerance. The figures stand in the folder's engine.json and in its card.
    """
    from resp.score.engines import export_model

    def say(what: str) -> None:
        if not quiet:
            click.echo(what, err=True)

    made = export_model(
        model,
        out,
        engine=engine,
        precision=precision,
        calibration=calibration,
        tolerance=tolerance,
        told=say,
    ).exported
    if not made.tolerance.as_default:
        say(f"note: the tolerance was {made.tolerance.limit:g} of a {made.tolerance.measure}, not the usual one")
    say(f"{engine} {precision}, {made.agreement.told()}")
    say(f"written: {out}")
