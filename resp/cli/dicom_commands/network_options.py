"""Options that the network commands share."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from resp.dicom.network import Archive, Caller, Outcome, TlsSettings

_File = click.Path(path_type=Path, dir_okay=False)


def tls_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of an encrypted connection: ``certificate``, ``key``, ``authority``."""
    for option in reversed(
        (
            click.option("--certificate", type=_File, help="TLS: our certificate (PEM)."),
            click.option("--key", type=_File, help="TLS: its private key (PEM, without a pass phrase)."),
            click.option("--authority", type=_File, help="TLS: certificates (PEM) that vouch for the other side."),
        )
    ):
        command = option(command)
    return command


def caller_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a DICOM association: ``ae_title``, ``timeout_s``, ``tls`` and those of `tls_options`."""
    for option in reversed(
        (
            click.option("--ae-title", default="RESP", show_default=True, help="Our own AE title."),
            click.option(
                "--timeout", "timeout_s", type=click.FloatRange(0, min_open=True), default=30.0, show_default=True,
                help="Seconds that a connection and each answer are waited for.",
            ),
            click.option("--tls", is_flag=True, help="Encrypt, believing those that the system trusts."),
        )
    ):  # fmt: skip
        command = option(command)
    return tls_options(command)


def archive_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a DICOMweb service: ``url`` and those of `tls_options`."""
    option = click.option("--url", required=True, help="Address of the service, such as https://pacs/dicom-web.")
    return option(tls_options(command))


def make_tls(certificate: Path | None, key: Path | None, authority: Path | None) -> "TlsSettings | None":
    """Return TLS settings, None where none was given."""
    from pydantic import ValidationError

    from resp.dicom.network import TlsSettings

    if certificate is None and key is None and authority is None:
        return None
    try:
        return TlsSettings(certificate=certificate, key=key, authority=authority)
    except ValidationError as error:
        raise click.UsageError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error


def make_caller(options: Mapping[str, Any]) -> "Caller":
    """Return how we call, as `caller_options` were given."""
    from resp.dicom.network import Caller, TlsSettings
    from resp.dicom.network.peer import ae_title_problem

    if problem := ae_title_problem(options["ae_title"]):
        raise click.UsageError(f"--ae-title: {problem}")
    tls = make_tls(options["certificate"], options["key"], options["authority"])
    if tls is None and options["tls"]:
        tls = TlsSettings()
    return Caller(options["ae_title"], tls, options["timeout_s"])


def make_archive(options: Mapping[str, Any]) -> "Archive":
    """Return a DICOMweb service, as `archive_options` were given."""
    from resp.dicom.network import Archive

    return Archive(options["url"], make_tls(options["certificate"], options["key"], options["authority"]))


def match_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a question: ``study``, ``patient``, ``accession``, ``date``, ``modality``, ``level``."""
    for option in reversed(
        (
            click.option("--study", help="Study Instance UID."),
            click.option("--patient", help="Patient ID."),
            click.option("--accession", help="Accession Number."),
            click.option("--date", help="Study date, YYYYMMDD, or a range such as 20240101-20240131."),
            click.option("--modality", default="AU", show_default=True, help="Of studies; empty for all."),
            click.option(
                "--level", type=click.Choice(["study", "series", "instance"]), default="study", show_default=True,
                help="What is listed.",
            ),
            click.option("--series", help="Series Instance UID; with --level instance."),
            click.option("--json", "as_json", is_flag=True, help="Machine-readable."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def match_keys(options: Mapping[str, Any]) -> dict[str, str]:
    """Return keyword → value of the question, as `match_options` were given."""
    keywords = {
        "StudyInstanceUID": options["study"],
        "SeriesInstanceUID": options["series"],
        "PatientID": options["patient"],
        "AccessionNumber": options["accession"],
        "StudyDate": options["date"],
        "ModalitiesInStudy": options["modality"] if options["level"] == "study" else None,
    }
    if options["level"] != "study" and options["study"] is None:
        raise click.UsageError(f"--level {options['level']} without --study; name the study whose parts are listed")
    if options["level"] == "instance" and options["series"] is None:
        raise click.UsageError("--level instance without --series; name the series whose instances are listed")
    return {keyword: value for keyword, value in keywords.items() if value}


def print_matches(matches: Iterable[Mapping[str, str]], *, as_json: bool) -> None:
    """Print matches: a line each, or as a JSON list."""
    import json

    matches = list(matches)
    if as_json:
        click.echo(json.dumps([dict(match) for match in matches], indent=2))
        return
    for match in matches:
        click.echo("  ".join(f"{keyword}={value}" for keyword, value in match.items() if value))
    click.echo(f"{len(matches)} found", err=True)


def print_outcomes(outcomes: Iterable["Outcome"]) -> bool:
    """Print a row for each file that was sent, as it comes; return whether all were taken."""
    every = True
    for outcome in outcomes:
        every = every and outcome.sent
        click.echo(f"{'sent' if outcome.sent else 'FAILED':<6}  {outcome.file}  {outcome.said}")
    return every


def dicom_files(paths: Iterable[Path]) -> list[Path]:
    """Return files as named, and what lies in folders with their subfolders, without hidden files."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        found |= {one: None for one in inside if one == path or not one.name.startswith(".")}
    return list(found)
