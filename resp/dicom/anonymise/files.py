"""Folders of DICOM and WAV files become folders of anonymous ones; nothing that is not certainly clean is written."""

import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from resp.dicom.anonymise.changes import Change, Ledger
from resp.dicom.anonymise.dataset import Dates
from resp.dicom.anonymise.pseudonyms import Pseudonyms
from resp.dicom.anonymise.stream import anonymise_stream
from resp.dicom.errors import DicomError
from resp.errors import RespError

if TYPE_CHECKING:
    from resp.dicom.anonymise.speech import HearsSpeech

MAX_WAV_BYTES = 1 << 30
SPEECH_WARNING = "speech is heard: a voice identifies a person; listen to it and cut it out before it is given away"
UNHEARD_WARNING = "could not be listened to for speech; listen to it before it is given away"

Kind = Literal["dicom", "wav", "other"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Parameters
    ----------
    number
        Its place in the order in which files are taken, from 1: reports tell it by this, as its name may be a person's.
    source
        Where it was. For the caller alone.
    kind
        ``other`` is what is neither DICOM nor WAV, and a DICOMDIR, whose only content is names.
    output
        What was written, below the output folder; None where nothing was.
    refused
        Why nothing was written. Holds no value and no name.
    changes
        What was done, counted.
    warnings
        What somebody should look at.
    """

    number: int
    source: Path
    kind: Kind
    output: Path | None
    refused: str | None = None
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()


def find_inputs(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return every file of some files and folders, in order; links are not followed.

    Raises
    ------
    DicomError
        A path that does not exist.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            for place, folders, files in os.walk(path):
                folders.sort()
                found += [Path(place, file) for file in sorted(files) if not Path(place, file).is_symlink()]
        elif path.is_file():
            found.append(path)
        else:
            raise DicomError(f"{path}: no such file or folder")
    return found


def anonymise_files(
    files: Sequence[Path],
    out: Path,
    *,
    pseudonyms: Pseudonyms | None = None,
    dates: Dates = "remove",
    hears_speech: "HearsSpeech | None" = None,
) -> Iterator[Outcome]:
    """De-identify files one after the other and yield what became of each.

    Parameters
    ----------
    files
        DICOM objects and WAV files, as `find_inputs` gives them; told apart by their content.
    out
        Folder to write to. DICOM: ``<patient's pseudonym>/<new SOP Instance UID>.dcm``; WAV: ``sound-<checksum>.wav``,
        in a folder of the patient's pseudonym where the old name follows ICBHI or KAUH.
    pseudonyms
        One for all files, so that what belonged together still does; new and soon forgotten where None.
    dates
        See `anonymise_dataset`.
    hears_speech
        What listens to every sound; nobody does where None.

    Raises
    ------
    DicomError
        The output folder lies in the way of the files, or cannot be written to. What is wrong with a single file is
        its outcome.
    """
    names = pseudonyms or Pseudonyms()
    _check_apart(files, out)
    for number, file in enumerate(files, 1):
        # Libraries warn with the value that they dislike.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield _one(number, file, out, names, dates, hears_speech)


def _one(number: int, file: Path, out: Path, names: Pseudonyms, dates: Dates, hears: "HearsSpeech | None") -> Outcome:
    kind: Kind = "other"
    ledger = Ledger()
    try:
        kind = _kind(file)
        if kind == "other":
            return Outcome(number, file, kind, None, "neither a DICOM object nor a WAV file")
        place, content = _dicom(file, names, dates, ledger) if kind == "dicom" else _wav(file, names, ledger)
        heard = _listen(content, kind, hears)
        _write(out / place, content)
    except (DicomError, OSError) as error:
        return Outcome(number, file, kind, None, _reason(error, file))
    return Outcome(number, file, kind, place, None, tuple(ledger), heard)


def _kind(file: Path) -> Kind:
    from resp.dicom.header import PREAMBLE_BYTES, begins_dicom, peek_class
    from resp.dicom.uids import MEDIA_STORAGE_DIRECTORY

    with file.open("rb") as stream:
        head = stream.read(PREAMBLE_BYTES)
        if head[:4] in (b"RIFF", b"RF64", b"RIFX", b"BW64"):
            return "wav"
        if not begins_dicom(head):
            return "other"
        return "other" if peek_class(stream, "it") == MEDIA_STORAGE_DIRECTORY else "dicom"


def _dicom(file: Path, names: Pseudonyms, dates: Dates, ledger: Ledger) -> tuple[Path, bytes]:
    with file.open("rb") as stream:
        made = anonymise_stream(stream, names, dates=dates, ledger=ledger)
    return Path(made.patient, f"{made.instance_uid}.dcm"), made.content


def _wav(file: Path, names: Pseudonyms, ledger: Ledger) -> tuple[Path, bytes]:
    from resp.audio.naming import describe_file_name
    from resp.dicom.anonymise.wav import anonymise_wav

    if file.stat().st_size > MAX_WAV_BYTES:
        raise DicomError(f"a WAV file of more than {MAX_WAV_BYTES >> 20} MiB; cut it")
    content = anonymise_wav(file.read_bytes(), ledger)
    ledger.note("file name", "pseudonym")
    patient = describe_file_name(file.name).patient_key
    name = f"{names.file_name(content)}.wav"
    return (Path(names.patient(patient), name) if patient else Path(name)), content


def _listen(content: bytes, kind: Kind, hears: "HearsSpeech | None") -> tuple[str, ...]:
    if hears is None:
        return ()
    from resp.dicom.kinds import refuse_class

    if kind == "dicom":
        import pydicom

        if refuse_class(str(pydicom.dcmread(BytesIO(content), specific_tags=["SOPClassUID"]).SOPClassUID)):
            return ()
    try:
        if kind == "dicom":
            from resp.dicom.read import read_dicom

            recordings = read_dicom(content, name="it")
        else:
            from resp.audio.decode import load_recording

            recordings = (load_recording(content, name="it"),)
        heard = any(hears(recording) for recording in recordings)
    except RespError:
        return (UNHEARD_WARNING,)
    return (SPEECH_WARNING,) if heard else ()


def _write(path: Path, content: bytes) -> None:
    """Write a whole file or none; one that is there is left, and must hold the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        if hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(content).digest():
            raise DicomError("two files with one SOP Instance UID and different content; only the first is kept")
        return
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


def _check_apart(files: Sequence[Path], out: Path) -> None:
    inside = out.resolve()
    if any(inside in file.resolve().parents for file in files):
        raise DicomError(f"--out {out}: holds files that are to be anonymised; name a folder of its own")
    if out.exists() and not out.is_dir():
        raise DicomError(f"--out {out}: a file; expected a folder, or a name that is free")


def _reason(error: Exception, file: Path) -> str:
    """Return what went wrong without the file's name: messages of the system hold paths."""
    if isinstance(error, OSError):
        return f"cannot be read or written ({os.strerror(error.errno) if error.errno else type(error).__name__})"
    words = str(error).replace(str(file), "it").replace(file.name, "it")
    return words.removeprefix("it: ")
