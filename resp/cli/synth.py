"""``resp synth``: a synthetic breath sound and its annotation."""

from pathlib import Path
from typing import Literal

import click


@click.command()
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="WAV file to write.")
@click.option("--crackles", type=click.Choice(["fine", "coarse"]), help="Crackles in every cycle.")
@click.option("--wheeze", is_flag=True, help="A wheeze in every cycle.")
@click.option("--duration-s", default=15.0, show_default=True, help="Length in seconds.")
@click.option("--rate-hz", default=16_000, show_default=True, help="Sampling rate in Hz.")
@click.option("--breaths-per-min", default=15.0, show_default=True, help="Breathing rate.")
@click.option("--noise-db", default=-65.0, show_default=True, help="White background, dB relative to full scale.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="One seed, one sound.")
def synth(
    out: Path,
    crackles: Literal["fine", "coarse"] | None,
    wheeze: bool,
    duration_s: float,
    rate_hz: int,
    breaths_per_min: float,
    noise_db: float,
    seed: int,
) -> None:
    """Write a synthetic breath sound, and beside it a .txt in ICBHI's format with its cycles.

    The sound is made by formulas: for trying things out, never as evidence about a patient.
    """
    from resp.audio import AudioError, synthesise_breathing, write_wav

    if out.suffix.lower() != ".wav":
        raise AudioError(f"{out}: a WAV file is written; expected a name that ends in .wav")
    made = synthesise_breathing(
        duration_s=duration_s,
        rate_hz=rate_hz,
        breaths_per_min=breaths_per_min,
        crackles=crackles,
        wheeze=wheeze,
        noise_db=noise_db,
        seed=seed,
    )
    annotation = out.with_suffix(".txt")
    if annotation.exists() and not out.exists():
        raise AudioError(f"{annotation}: is there already and belongs to no {out.name}; choose another name for --out")
    write_wav(made.recording, out)
    annotation.write_text(made.annotation(), encoding="utf-8")
    click.echo(
        f"{out}: synthetic, {made.recording.duration_s:g} s, {len(made.cycles)} cycles, {len(made.events)} events"
    )
    click.echo(f"{annotation}: start, end (s), crackles, wheezes of each cycle")
