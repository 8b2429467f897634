"""Ask an archive for studies (C-FIND) and fetch them (C-GET), study root."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from resp.dicom.errors import DicomError
from resp.dicom.network.associate import Caller, PeerError, associate, context, status_words
from resp.dicom.network.extra import need
from resp.dicom.network.names import is_uid
from resp.dicom.network.peer import Peer
from resp.dicom.uids import ANSWER_CLASSES, ENHANCED_SR, SOUND_CLASSES
from resp.errors import RespError
from resp.report.atomic import AtomicFile

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Level = Literal["study", "series", "instance"]

# PS3.4 C.6.2: study root query/retrieve.
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"

# Names of patients are not asked for: nothing that is printed shall hold them.
_STUDY = ("StudyInstanceUID", "PatientID", "StudyDate", "StudyTime", "AccessionNumber", "StudyDescription")
_ASKED: dict[Level, tuple[str, ...]] = {
    "study": (*_STUDY, "ModalitiesInStudy", "NumberOfStudyRelatedInstances"),
    "series": ("StudyInstanceUID", "SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription"),
    "instance": ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "InstanceNumber"),
}


@dataclass
class Fetched:
    """What C-GET brought.

    Parameters
    ----------
    files
        That were written.
    failed
        How many instances the peer could not send.
    """

    files: list[Path] = field(default_factory=list)
    failed: int = 0


def asked_keywords(level: Level) -> tuple[str, ...]:
    """Return the attributes that a match tells."""
    return _ASKED[level]


def find(
    peer: Peer, keys: Mapping[str, str], *, level: Level = "study", caller: Caller | None = None
) -> list[dict[str, str]]:
    """Ask which studies, series or instances there are.

    Parameters
    ----------
    peer
        A query SCP.
    keys
        Attribute's keyword → value to be matched, such as ``{"PatientID": "4711", "StudyDate": "20240101-"}``; below
        the level of studies the UIDs above are needed.
    level
        What is listed.
    caller
        How we call.

    Returns
    -------
    list of dict
        Keyword → value of each match.

    Raises
    ------
    DicomError
        A keyword that DICOM does not know.
    PeerError
        The peer cannot be reached or refuses the question.
    """
    question = _question(level, keys)
    matches = []
    with associate(peer, [context(STUDY_ROOT_FIND)], caller or Caller()) as association:
        if not any(one.abstract_syntax == STUDY_ROOT_FIND for one in association.accepted_contexts):
            raise PeerError(f"{peer}: takes no C-FIND (study root); expected the address of an archive")
        for status, match in association.send_c_find(question, STUDY_ROOT_FIND):
            # 0xFF00 and 0xFF01: a match, and more to come.
            if "Status" in status and status.Status in (0xFF00, 0xFF01) and match is not None:
                matches.append(match_of(match, _ASKED[level]))
            elif "Status" not in status or status.Status != 0x0000:
                raise PeerError(f"{peer}: C-FIND ended with {status_words(status, 'query')}")
    return matches


def get(peer: Peer, folder: Path, study: str, *, series: str | None = None, caller: Caller | None = None) -> Fetched:
    """Fetch the sound and the answers of a study, or of one of its series.

    Parameters
    ----------
    peer
        An archive that takes C-GET.
    folder
        Where files go, named by their SOP Instance UID; made where it is missing.
    study, series
        UIDs.
    caller
        How we call.

    Raises
    ------
    PeerError
        The peer cannot be reached or refuses.
    DicomError
        No UID.
    """
    need("pynetdicom")
    from pynetdicom import build_role

    for uid in (study, series):
        if uid is not None and not is_uid(uid):
            raise DicomError(f"{uid!r} is no UID; expected at most 64 digits and points")
    keys = {"StudyInstanceUID": study} | ({"SeriesInstanceUID": series} if series else {})
    question = _question("series" if series else "study", keys, ask=False)
    classes = (*SOUND_CLASSES, *ANSWER_CLASSES, ENHANCED_SR)
    done = Fetched()

    def on_store(event: Any) -> int:
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        try:
            done.files.append(store_dataset(dataset, folder))
        except RespError:
            return 0xA700
        return 0x0000

    contexts = [context(STUDY_ROOT_GET), *(context(uid) for uid in classes)]
    roles = [build_role(uid, scp_role=True) for uid in classes]
    with associate(peer, contexts, caller or Caller(), roles=roles, on_store=on_store) as association:
        if not any(one.abstract_syntax == STUDY_ROOT_GET for one in association.accepted_contexts):
            raise PeerError(f"{peer}: takes no C-GET (study root); try DICOMweb (resp dicom wado)")
        for status, _ in association.send_c_get(question, STUDY_ROOT_GET):
            done.failed = int(status.get("NumberOfFailedSuboperations", done.failed) or 0)
            # 0xFF00: more to come; 0xB000: done, with failures that are counted.
            if "Status" not in status or status.Status not in (0x0000, 0xFF00, 0xB000):
                raise PeerError(f"{peer}: C-GET ended with {status_words(status, 'query')}")
    return done


def match_of(dataset: "Dataset", keywords: tuple[str, ...]) -> dict[str, str]:
    """Return a match as words, empty where it does not say."""
    return {keyword: _text(dataset.get(keyword, "")) for keyword in keywords}


def store_dataset(dataset: "Dataset", folder: Path) -> Path:
    """Write a dataset that came from elsewhere, named by its SOP Instance UID, whole or not at all.

    Raises
    ------
    DicomError
        No UID that could be a name, or no room.
    ReportError
        The folder cannot be written to.
    """
    uid = str(dataset.get("SOPInstanceUID", ""))
    if not is_uid(uid):
        raise DicomError(f"an instance came with the SOP Instance UID {uid!r}; expected digits and points")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DicomError(f"{folder}: cannot be made ({error.strerror}); name another folder") from error
    path = folder / f"{uid}.dcm"
    place = AtomicFile(path)
    try:
        dataset.save_as(place.stream, enforce_file_format=True)
        place.commit()
    except OSError as error:
        place.discard()
        raise DicomError(f"{path}: cannot be written ({error.strerror}); make room") from error
    except BaseException:
        place.discard()
        raise
    return path


def _question(level: Level, keys: Mapping[str, str], *, ask: bool = True) -> "Dataset":
    need("pydicom")
    from pydicom.datadict import tag_for_keyword
    from pydicom.dataset import Dataset

    question = Dataset()
    question.QueryRetrieveLevel = {"study": "STUDY", "series": "SERIES", "instance": "IMAGE"}[level]
    for keyword in _ASKED[level] if ask else ():
        setattr(question, keyword, None if keyword == "NumberOfStudyRelatedInstances" else "")
    for keyword, value in keys.items():
        if tag_for_keyword(keyword) is None:
            raise DicomError(f"{keyword!r} is no keyword of DICOM; expected such as PatientID or StudyDate")
        setattr(question, keyword, value)
    return question


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return str(value)
    return ", ".join(map(str, value))
