"""``resp dicom write``: a recording becomes a General Audio Waveform."""

from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The DICOM file to write, X.dcm."
)
@click.option("--patient-id", help="Patient ID; the patient key that the file's name tells if not given.")
@click.option("--patient-name", help="Family^Given; left empty if not given.")
@click.option("--birth-date", help="YYYY-MM-DD.")
@click.option("--sex", type=click.Choice(["M", "F", "O"]), help="Left empty if not given.")
@click.option("--study", "study_uid", help="UID of a study that is there already; a new study if not given.")
@click.option("--study-id", help="ID of the study.")
@click.option("--study-date", help="YYYY-MM-DD; of a new study, when it was recorded.")
@click.option("--accession-number", help="Of the order that the recording belongs to.")
@click.option("--body-site", help='Where was listened, such as "posterior left lower"; else what the name tells.')
@click.option("--device", help="The stethoscope; else what the name tells.")
@click.option(
    "--started-at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]),
    help="When it was recorded; the time of writing if not given, and said so.",
)
def write(file: Path, out: Path, body_site: str | None, device: str | None, started_at: Any, **whose: Any) -> None:
    """Write a recording as a General Audio Waveform, so that it can enter a PACS.

    16 bits are stored bit for bit; what was recorded finer is scaled to 16 bits, and the file says by how much.
    """
    from resp.audio import load_recording
    from resp.dicom.answer.files import write_instance
    from resp.dicom.write import HIGHEST_RATE_HZ, Whose, write_waveform

    recording = load_recording(file)
    known = {"body_site": body_site, "device": device, "started_at": started_at}
    recording = recording.with_known(**{name: value for name, value in known.items() if value is not None})
    write_instance(write_waveform(recording, Whose(**whose)), out)
    if recording.rate_hz > HIGHEST_RATE_HZ:
        click.echo(f"resampled from {recording.rate_hz} Hz to {HIGHEST_RATE_HZ} Hz, the most DICOM takes", err=True)
    if recording.started_at is None:
        click.echo("when it was recorded is not known: the time of writing stands for it (--started-at)", err=True)
    click.echo(f"written to {out}", err=True)
