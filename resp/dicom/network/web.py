"""DICOMweb through dicomweb-client: STOW-RS, QIDO-RS, WADO-RS (PS3.18)."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resp.dicom.errors import DicomError
from resp.dicom.network.extra import need
from resp.dicom.network.outcome import Outcome
from resp.dicom.network.query import Level, asked_keywords, match_of, store_dataset
from resp.dicom.network.settings import TlsSettings

if TYPE_CHECKING:
    from dicomweb_client.web import DICOMwebClient
    from pydicom.dataset import Dataset
    from requests import HTTPError

# Never on the command line, where other users of the machine read it.
USER_VARIABLE, PASSWORD_VARIABLE = "RESP_DICOMWEB_USER", "RESP_DICOMWEB_PASSWORD"
TOKEN_VARIABLE = "RESP_DICOMWEB_TOKEN"

_UID_OF: dict[Level, str] = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID", "instance": "SOPInstanceUID"}


class ArchiveError(DicomError):
    """A DICOMweb service that cannot be reached or refuses what it is asked."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A DICOMweb service.

    The environment variables RESP_DICOMWEB_USER and RESP_DICOMWEB_PASSWORD, or RESP_DICOMWEB_TOKEN, say who we are.

    Parameters
    ----------
    url
        Its address, to which ``/studies`` is added.
    tls
        Certificates besides those that the system trusts.
    timeout_s
        How long a connection and an answer are waited for.
    """

    url: str
    tls: TlsSettings | None = None
    timeout_s: float = 60.0

    def client(self) -> "DICOMwebClient":
        """Return a client.

        Raises
        ------
        DicomError
            The library is missing, or the address is none.
        """
        need("dicomweb_client")
        from dicomweb_client.web import DICOMwebClient
        from requests import Session

        session, headers = Session(), dict[str, str]()
        if token := os.environ.get(TOKEN_VARIABLE):
            headers["Authorization"] = f"Bearer {token}"
        elif user := os.environ.get(USER_VARIABLE):
            session.auth = (user, os.environ.get(PASSWORD_VARIABLE, ""))
        if self.tls is not None:
            session.verify = str(self.tls.authority) if self.tls.authority else True
            session.cert = (str(self.tls.certificate), str(self.tls.key)) if self.tls.certificate else None
        try:
            client = DICOMwebClient(self.url, session=session, headers=headers, timeout=self.timeout_s)
        except ValueError as error:
            raise ArchiveError(
                f"{self.url!r} is no address of a DICOMweb service ({error}); expected such as https://pacs/dicom-web"
            ) from error
        # The spool has its own patience, and a person at the command line wants to know now.
        client.set_http_retry_params(retry=False)
        return client


def stow(files: Sequence[Path], archive: Archive) -> Iterator[Outcome]:
    """Store files, a request and an outcome each.

    Raises
    ------
    ArchiveError
        The service cannot be reached, or does not let us in.
    """
    from pydicom import dcmread
    from requests import HTTPError

    client = archive.client()
    for file in files:
        instance = ""
        try:
            dataset = dcmread(file)
            instance = str(dataset.SOPInstanceUID)
        except Exception as error:
            reason = error.strerror if isinstance(error, OSError) else type(error).__name__
            said = f"not sent: cannot be read as a DICOM file ({reason})"
            yield Outcome(file, instance, sent=False, final=True, said=said)
            continue
        try:
            with _told(archive, refusals=False):
                answer = client.store_instances([dataset])
        except HTTPError as error:
            code, said = _status(error)
            # 4xx is our fault and stays so, but for "too slow", "too many" and a service that is being set up.
            final = 400 <= code < 500 and code not in (401, 403, 404, 408, 429)
            yield Outcome(file, instance, sent=False, final=final, said=said)
            continue
        yield _stored(file, instance, answer)


def qido(archive: Archive, keys: Mapping[str, str], *, level: Level = "study") -> list[dict[str, str]]:
    """Ask which studies, series or instances there are.

    Parameters
    ----------
    archive
        Whom to ask.
    keys
        Attribute's keyword → value to be matched, such as ``{"PatientID": "4711"}``.
    level
        What is listed.

    Returns
    -------
    list of dict
        Keyword → value of each match.

    Raises
    ------
    ArchiveError
        The service cannot be reached or refuses the question.
    """
    from pydicom.dataset import Dataset

    client = archive.client()
    searches: dict[Level, Any] = {
        "study": client.search_for_studies,
        "series": client.search_for_series,
        "instance": client.search_for_instances,
    }
    asked = asked_keywords(level)
    matches: dict[str, dict[str, str]] = {}
    with _told(archive):
        # Page by page, until one brings nothing new: some services give the first page for every offset.
        while True:
            page = searches[level](search_filters=dict(keys), fields=list(asked), offset=len(matches) or None)
            known = len(matches)
            for one in page:
                match = match_of(Dataset.from_json(one), asked)
                matches[match[_UID_OF[level]]] = match
            if len(matches) == known:
                return list(matches.values())


def wado(
    archive: Archive, folder: Path, study: str, *, series: str | None = None, instance: str | None = None
) -> Iterator[Path]:
    """Fetch a study, one of its series or one instance; each file stands in the folder when its path comes.

    Parameters
    ----------
    archive
        Whom to ask.
    folder
        Where files go, named by their SOP Instance UID; made where it is missing.
    study, series, instance
        UIDs; an instance needs its series.

    Raises
    ------
    ArchiveError
        The service cannot be reached or refuses the question.
    DicomError
        An instance without its series, or a folder that cannot be written to.
    """
    if instance is not None and series is None:
        raise DicomError(f"instance {instance} without its series; give both (qido --level instance tells it)")
    client = archive.client()
    with _told(archive):
        found: Any
        if instance is not None and series is not None:
            found = [client.retrieve_instance(study, series, instance)]
        elif series is not None:
            found = client.iter_series(study, series)
        else:
            found = client.iter_study(study)
        for dataset in found:
            yield store_dataset(dataset, folder)


def _stored(file: Path, instance: str, answer: "Dataset") -> Outcome:
    """Return what a response to STOW says of its one instance (PS3.18 annex I.2)."""
    for refused in answer.get("FailedSOPSequence", None) or ():
        reason = int(refused.get("FailureReason", 0) or 0)
        said = f"refused with 0x{reason:04X}"
        return Outcome(file, instance, sent=False, final=reason not in range(0xA700, 0xA800), said=said)
    for taken in answer.get("ReferencedSOPSequence", None) or ():
        if warning := int(taken.get("WarningReason", 0) or 0):
            return Outcome(file, instance, sent=True, final=False, said=f"stored, with warning 0x{warning:04X}")
    return Outcome(file, instance, sent=True, final=False, said="stored")


def _status(error: "HTTPError") -> tuple[int, str]:
    """Return an HTTP status, as a number and in words."""
    response = error.response
    return (
        (0, "no response")
        if response is None
        else (response.status_code, f"HTTP {response.status_code} {response.reason}")
    )


@contextmanager
def _told(archive: Archive, *, refusals: bool = True) -> Iterator[None]:
    """Turn what the HTTP library raises into one clear error."""
    from requests import HTTPError, RequestException

    try:
        yield
    except HTTPError as error:
        code, said = _status(error)
        # Who we are is wrong for every file, so that it ends the whole command.
        if not refusals and code not in (401, 403):
            raise
        hint = f"; set {USER_VARIABLE} and {PASSWORD_VARIABLE}, or {TOKEN_VARIABLE}" if code in (401, 403) else ""
        raise ArchiveError(f"{archive.url}: {said}{hint}") from error
    except RequestException as error:
        raise ArchiveError(
            f"{archive.url}: cannot be reached ({type(error).__name__}: {error}); check address and certificates"
        ) from error
