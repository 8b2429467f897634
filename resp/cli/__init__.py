"""The command line: ``resp …``; one file a command, no logic of its own."""

import os
import sys
from typing import Any

import click

from resp import __version__
from resp.cli.lazy_group import LazyGroup
from resp.errors import RespError

# Command → its one line, so that `resp --help` imports none of them.
_COMMANDS = {
    "app": "Open the clinician's page in the browser.",
    "records": "The records behind the page: settings, users, back-up, audit trail.",
    "score": "Score recordings: files and folders become a table of reports.",
    "export": "Write a model for another engine, compared with torch: onnx or openvino; fp32, bf16, int8.",
    "train": "Train a network from a recipe.",
    "cross-validate": "Train and measure a recipe on every fold, with several seeds.",
    "reproduce": "Make a published table again: measured, published, difference.",
    "evaluate": "Measure a model on a data set, with intervals: Score, accuracy or mAP.",
    "calibrate": "Fit how sure a model may be on predictions of patients it did not train on.",
    "card": "Make a model's card from its run folder.",
    "explain": "Show what in a recording drove each finding: pictures, regions in s and Hz.",
    "synth": "Write a synthetic breath sound with known event times.",
    "models": "List the networks and the installed models.",
    "mixes": "List the mixes.",
    "datasets": "List the data sets.",
    "gallery": "Show and play what each augmentation and mix makes of a clip.",
    "augmentations": "List the augmentations.",
    "serve": "Serve reports over HTTP: send a sound, get its report.",
    "dicom": "Sound from DICOM, findings into DICOM: read, write, answer, send, receive, anonymise.",
}


@click.group(
    cls=LazyGroup,
    package="resp.cli",
    one_lines=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="resp")
def cli() -> None:
    """Resp listens to lungs. For research and education; not a medical device."""


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; what resp refuses is one line on standard error and exit status 2."""
    _sleep_when_waiting()
    try:
        return cli.main(args=arguments, prog_name="resp")
    except RespError as error:
        click.echo(f"resp: {error}", err=True)
        sys.exit(2)


def _sleep_when_waiting() -> None:
    """Let threads of a network that wait for each other sleep soon; must come before torch is imported.

    GNU's OpenMP spins for milliseconds. That saves little where every core is free; where another program wants one,
    the threads spin on the very core that the last of them waits for, and a recording takes many times as long.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
        os.environ["GOMP_SPINCOUNT"] = "1000"
