"""``resp explain``: what in a recording drove each finding."""

from pathlib import Path

import click

from resp.score.explain.names import METHODS


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for a picture of each segment and explanations.json; made where it is missing.",
)
@click.option(
    "--method", type=click.Choice(METHODS), help="How to explain; the method that measured best if not given."
)
@click.option("--label", help="The class to explain; of each segment the most probable one if not given.")
@click.option("--model", help="Name of an installed model, or a model folder; the default one if not given.")
@click.option("--device", default="cpu", show_default=True, help="Where the network runs: cpu, cuda, cuda:1.")
@click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the network may use.")
def explain(
    file: Path,
    out: Path,
    method: str | None,
    label: str | None,
    model: str | None,
    device: str,
    threads: int | None,
) -> None:
    """Show what in a recording drove each finding: pictures, and regions in s and Hz.

    A picture says what the network listened to, not what is wrong with a patient, and not that the network is right.
    """
    from resp.audio import load_recording
    from resp.report.explanations import SUMMARY, write_explanations
    from resp.score import Scorer
    from resp.score.explain import DEFAULT_METHOD

    recording = load_recording(file)
    scorer = Scorer.load(model, device=device, threads=threads)
    for picture, explanation in write_explanations(
        recording, scorer, out, method=method or DEFAULT_METHOD, label=label
    ):
        click.echo(f"{picture.name}: {explanation.words()}")
    click.echo(f"written to {out}, with {SUMMARY}", err=True)
