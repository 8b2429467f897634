"""What ``resp score`` can be told, and what of it does not go together."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from resp.report import Level
    from resp.score.engines.contract import Choice, Precision

_FORMATS = ("table", "json", "jsonl", "csv", "parquet", "pdf")

_OPTIONS = (
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        help="Write here instead of standard output; the file appears when it is complete.",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(_FORMATS),
        help="What to write; else the suffix of --out decides, and a table goes to standard output.",
    ),
    click.option(
        "--level",
        type=click.Choice(["recording", "segment", "finding"]),
        default="recording",
        show_default=True,
        help="A row per recording, per breath cycle or window, or per finding: neighbouring segments that say the "
        "same.",
    ),
    click.option(
        "--threshold",
        "thresholds",
        multiple=True,
        metavar="CLASS=P",
        help="Of findings: a segment counts from this probability, not by its label. May be given several times.",
    ),
    click.option(
        "--merge-gap",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="Of findings: those of a class with no more than this between them are one.",
    ),
    click.option(
        "--label-tracks",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="FOLDER",
        help="Also write the findings of each recording for Audacity and Raven.",
    ),
    click.option(
        "--clips",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="FOLDER",
        help="Also cut each finding out as a WAV file, with half a second around it; reads the recordings once more.",
    ),
    click.option("--model", help="Name of an installed model, or a model folder; the default one if not given."),
    click.option(
        "--annotations",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="Folder of annotated breath cycles, <name of the sound file>.txt, in ICBHI's format.",
    ),
    click.option(
        "--manifest",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="CSV or Parquet list of recordings: path and, where known, site, device, patient, start.",
    ),
    click.option(
        "--carry",
        multiple=True,
        metavar="COLUMN",
        help="A column of the manifest that goes into the table as it is, such as your own number of a recording. May "
        "be given several times.",
    ),
    click.option("--shard", metavar="I/N", help="Score part I of N, the same recordings whatever their order."),
    click.option(
        "--workers",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Processes that decode; a decoder that crashes then costs one file. 0: in this process.",
    ),
    click.option(
        "--ray",
        metavar="ADDRESS",
        help="Prepare and score on a Ray cluster: auto or HOST:PORT; local starts one on this machine.",
    ),
    click.option(
        "--ray-actors",
        type=click.IntRange(min=1),
        help="Processes of the cluster that hold the model. One a GPU, or three quarters of the cores if not given.",
    ),
    click.option(
        "--journal",
        type=click.Path(path_type=Path, file_okay=False),
        help="Keep what was scored in this folder, to go on from or to write other tables; <OUT>.journal if not given, "
        "deleted when the table is complete.",
    ),
    click.option("--retry-failed", is_flag=True, help="Score those of the journal anew that failed."),
    click.option("--device", default="cpu", show_default=True, help="Where the network runs: cpu, cuda, cuda:1."),
    click.option("--threads", type=click.IntRange(min=1), help="How many CPU threads the network may use."),
    click.option(
        "--engine",
        type=click.Choice(["torch", "onnx", "openvino", "auto"]),
        help="What runs the network; auto: the fastest that agrees, measured once. What an exported model was made "
        "for, else torch.",
    ),
    click.option(
        "--precision",
        type=click.Choice(["fp32", "bf16", "int8"]),
        help="What it computes in. That of an exported model, else fp32.",
    ),
    click.option("--quiet", is_flag=True, help="No progress bar and no summary on standard error."),
)


def score_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options, which are the fields of `Chosen`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Chosen:
    """The options as they were given."""

    out: Path | None
    form: str | None
    level: "Level"
    thresholds: tuple[str, ...]
    merge_gap: float | None
    label_tracks: Path | None
    clips: Path | None
    model: str | None
    annotations: Path | None
    manifest: Path | None
    carry: tuple[str, ...]
    shard: str | None
    workers: int
    ray: str | None
    ray_actors: int | None
    journal: Path | None
    retry_failed: bool
    device: str
    threads: int | None
    engine: "Choice | None"
    precision: "Precision | None"
    quiet: bool

    def check(self) -> None:
        """Refuse what does not go together."""
        if self.carry and self.manifest is None:
            raise click.UsageError("--carry names columns of a list; give one with --manifest")
        findings = self.level == "finding" or self.label_tracks or self.clips
        if (self.thresholds or self.merge_gap is not None) and not findings:
            raise click.UsageError(
                "--threshold and --merge-gap decide what a finding is; "
                "give --level finding, --label-tracks or --clips with them"
            )
        if self.out is None and (self.journal or self.retry_failed):
            raise click.UsageError("a journal stands beside a table; name a file with --out")
        if self.out is None and (self.label_tracks or self.clips):
            raise click.UsageError("--label-tracks and --clips stand beside a table; name a file with --out")
        if self.ray is None:
            if self.ray_actors:
                raise click.UsageError("--ray-actors is about a cluster; name one with --ray")
            return
        if self.out is None:
            raise click.UsageError(
                "a cluster's reports come in no order and go through a journal; name a file with --out"
            )
        if self.workers:
            raise click.UsageError(
                "--workers are processes of this machine; a cluster has its own: leave them out with --ray"
            )
        if self.engine == "auto":
            raise click.UsageError("--engine auto measures this machine, not the cluster; name the engine with --ray")

    @property
    def probabilities(self) -> dict[str, float]:
        """The thresholds, by class."""
        given = [_threshold(text) for text in self.thresholds]
        names = [name for name, _ in given]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise click.UsageError(f"--threshold {twice} is given more than once; which one is meant?")
        return dict(given)


def _threshold(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise click.UsageError(f"--threshold {text!r}; expected CLASS=P, such as crackle=0.4") from error
