"""What `resp dicom serve` is told: one typed object, from a TOML or YAML file and the command line."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from resp.dicom.errors import DicomError
from resp.dicom.network.peer import Peer, ae_title_problem, parse_peer

MIB = 1 << 20


def _title(value: Any) -> Any:
    if isinstance(value, str) and (problem := ae_title_problem(value)):
        raise ValueError(problem)
    return value


def _peer(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_peer(value)
    except DicomError as error:
        raise ValueError(str(error)) from error


AeTitle = Annotated[str, BeforeValidator(_title)]
PeerAddress = Annotated[Peer, BeforeValidator(_peer), PlainSerializer(str)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class TlsSettings(_Settings):
    """Certificates of an encrypted connection (PS3.15 B: TLS 1.2 or later).

    Parameters
    ----------
    certificate, key
        Our own certificate (PEM) and its private key.
    authority
        Certificates (PEM) that vouch for the other side. A server with it takes only clients that show one.
    check_host_name
        As a client: the server's certificate must name the host that was asked for.
    """

    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    check_host_name: bool = True

    @model_validator(mode="after")
    def _whole(self) -> "TlsSettings":
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together; give both or none")
        return self


class DestinationSettings(_Settings):
    """Where answers go: a storage SCP or a DICOMweb archive.

    Parameters
    ----------
    peer
        ``AET@HOST:PORT`` that takes C-STORE.
    stow
        Address of a DICOMweb service that takes STOW-RS, such as ``https://pacs.example/dicom-web``.
    tls
        Certificates towards it; for STOW the address says whether the connection is encrypted.
    attempts
        After so many failed attempts an answer is given up and stands under ``failed``.
    first_wait_s, longest_wait_s
        Wait after the first failure; it doubles up to the longest.
    """

    peer: PeerAddress | None = None
    stow: str | None = None
    tls: TlsSettings | None = None
    attempts: Annotated[int, Field(ge=1)] = 20
    first_wait_s: Annotated[float, Field(gt=0)] = 5.0
    longest_wait_s: Annotated[float, Field(gt=0)] = 3600.0

    @model_validator(mode="after")
    def _one(self) -> "DestinationSettings":
        if (self.peer is None) == (self.stow is None):
            raise ValueError("give either peer (AET@HOST:PORT) or stow (address of a DICOMweb service)")
        if self.stow is not None and not self.stow.startswith(("http://", "https://")):
            raise ValueError(f"stow is {self.stow!r}; expected an address that begins with https:// or http://")
        return self


class ServeSettings(_Settings):
    """Everything that `resp dicom serve` does.

    Parameters
    ----------
    spool
        Folder that holds what was received until it is answered; on a local disk, for one server alone.
    ae_title, host, port
        Who we are and where we listen. Only this machine reaches the default host.
    allowed_ae_titles
        Callers that are taken; empty for all.
    allowed_addresses
        Addresses and networks (``10.1.0.0/16``) that are taken; empty for all.
    tls
        Certificates; None for an open connection.
    destination
        Where answers go; None keeps them in the spool.
    max_pdu_bytes
        Longest protocol data unit, offered to callers and held against them.
    max_associations
        Callers at a time.
    max_instance_bytes
        Longest instance; what is longer is refused.
    min_free_bytes
        So much of the disk stays free for answers: below it instances are refused (out of resources).
    idle_s
        A caller that is silent for so long is let go.
    stop_s
        How long open associations and the instance that is being scored are waited for at the end.
    scoring_attempts
        An instance during which the program ended so often is given up.
    keep_sent_days
        What was answered and sent is deleted after so many days; None keeps it.
    model, device, threads
        What scores, see `resp.Scorer.load`.
    pdf, capture
        Whether the answer holds an encapsulated PDF and a picture of the spectrogram beside the structured report.
    """

    spool: Path
    ae_title: AeTitle = "RESP"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 11112
    allowed_ae_titles: tuple[AeTitle, ...] = ()
    allowed_addresses: tuple[IPvAnyNetwork, ...] = ()
    tls: TlsSettings | None = None
    destination: DestinationSettings | None = None
    max_pdu_bytes: Annotated[int, Field(ge=4096, le=MIB)] = 65536
    max_associations: Annotated[int, Field(ge=1, le=200)] = 10
    max_instance_bytes: Annotated[int, Field(ge=1024)] = 128 * MIB
    min_free_bytes: Annotated[int, Field(ge=0)] = 512 * MIB
    idle_s: Annotated[float, Field(gt=0)] = 60.0
    stop_s: Annotated[float, Field(ge=0)] = 30.0
    scoring_attempts: Annotated[int, Field(ge=1)] = 3
    keep_sent_days: Annotated[float, Field(ge=0)] | None = None
    model: str | None = None
    device: str = "cpu"
    threads: Annotated[int, Field(ge=1)] | None = None
    pdf: bool = True
    capture: bool = False

    @model_validator(mode="after")
    def _certified(self) -> "ServeSettings":
        if self.tls is not None and self.tls.certificate is None:
            raise ValueError("tls without certificate and key; a server shows both")
        return self


def load_settings(path: Path | None = None, changes: Mapping[str, Any] | None = None) -> ServeSettings:
    """Read settings from a file, and put others in their place.

    Parameters
    ----------
    path
        TOML (``.toml``) or YAML (``.yaml``, ``.yml``); paths in it are relative to its folder. None for no file.
    changes
        Setting → value that goes before the file's; a mapping changes parts of a mapping.

    Raises
    ------
    DicomError
        A file that cannot be read, or settings that cannot be; names each with what was given.
    """
    values = {} if path is None else _read(path)
    source = "settings" if path is None else str(path)
    try:
        return ServeSettings.model_validate(_merge(values, changes or {}))
    except ValidationError as error:
        lines = "".join(f"\n  {_problem(one)}" for one in error.errors())
        raise DicomError(f"{source}: cannot be used; correct:{lines}") from error


def _read(path: Path) -> dict[str, Any]:
    import yaml

    if path.suffix.lower() not in (".toml", ".yaml", ".yml"):
        raise DicomError(f"{path}: expected settings in a file that ends in .toml, .yaml or .yml")
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text) if path.suffix.lower() == ".toml" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        raise DicomError(f"{path}: cannot be read ({error}); expected settings in TOML or YAML") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise DicomError(f"{path}: holds a {type(values).__name__}; expected settings (name: value)")
    return {str(name): _beside(str(name), value, path.parent) for name, value in values.items()}


def _beside(name: str, value: Any, folder: Path) -> Any:
    """Return a value in which relative paths of files start at the settings' folder."""
    if isinstance(value, dict):
        return {inner: _beside(str(inner), one, folder) for inner, one in value.items()}
    if isinstance(value, str) and name in ("spool", "certificate", "key", "authority"):
        return str(folder / Path(value).expanduser())
    return value


def _merge(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(values)
    for name, value in changes.items():
        old = merged.get(name)
        merged[name] = _merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return merged


def _problem(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"]) or "settings"
    if problem["type"] == "extra_forbidden":
        return f"{where}: no such setting"
    if problem["type"] == "missing":
        return f"{where}: missing"
    message = problem["msg"].removeprefix("Value error, ")
    given = "" if problem["type"] == "value_error" or isinstance(problem["input"], dict) else problem["input"]
    return f"{where}: {message}" + (f" (given {given!r})" if given != "" else "")
