"""``resp records export``: corrections become a training set."""

from pathlib import Path

import click

from resp.cli.records_commands.records_at_hand import records_at_hand


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--clinic", default="default", show_default=True, help="Whose recordings.")
def export(folder: Path, clinic: str) -> None:
    """Write what people corrected or signed into FOLDER, in ICBHI's own layout, for `resp train`.

    Patients get new numbers; what cannot be written is listed with the reason.
    """
    from resp.records.sign_in import machine_user

    with records_at_hand() as records:
        made = records.desk(machine_user(clinic)).export_training_set(folder)
    for reason in made.left_out:
        click.echo(f"left out: {reason}", err=True)
    labels = ", ".join(f"{count} {label}" for label, count in made.labels.items())
    click.echo(
        f"{made.folder}: {made.recordings} recordings of {made.patients} patients, {made.cycles} cycles: {labels}"
    )
