"""The queue on disk: what was acknowledged stands in one of five folders until it is answered.

An entry is a folder, named by its SOP Instance UID, that holds ``instance.dcm``, later ``answers/`` and ``note.json``.
It changes its state by a rename, so that it stands in exactly one::

    received → working → answered → sent
                       ↘     ↓
                         failed

There is no other memory: a server that starts again goes on from these folders.
"""

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from resp.dicom.errors import DicomError
from resp.dicom.network.names import is_uid

State = Literal["received", "working", "answered", "sent", "failed"]
# In the order in which entries go through them.
STATES: tuple[State, ...] = ("received", "working", "answered", "sent", "failed")

_INCOMING = "incoming"
_INSTANCE, _ANSWERS, _NOTE = "instance.dcm", "answers", "note.json"


class SpoolFullError(DicomError):
    """No room on the disk for another instance."""


class Note(BaseModel):
    """What is remembered of an entry besides its files.

    Parameters
    ----------
    scoring_attempts, sending_attempts
        How often each was begun.
    delivered
        Names of the answers that the destination has taken.
    next_attempt_at
        Not to be tried before, in seconds since 1970.
    reason
        What went wrong last.
    """

    model_config = ConfigDict(frozen=True)

    scoring_attempts: int = 0
    sending_attempts: int = 0
    delivered: tuple[str, ...] = ()
    next_attempt_at: float = 0.0
    reason: str = ""

    def changed(self, **changes: object) -> "Note":
        """Return a copy with other values."""
        return self.model_copy(update=changes)


@dataclass(frozen=True, slots=True)
class Entry:
    """An instance in the spool, as it stood when it was looked at."""

    folder: Path
    state: State

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return self.folder.name

    @property
    def instance(self) -> Path:
        """The file that was received."""
        return self.folder / _INSTANCE

    @property
    def answers(self) -> tuple[Path, ...]:
        """The answers' files, in their order; none before they are complete."""
        return tuple(sorted((self.folder / _ANSWERS).glob("*.dcm")))

    @property
    def received_at(self) -> float:
        """When it arrived, in seconds since 1970."""
        return self.instance.stat().st_mtime

    def note(self) -> Note:
        """Read what is remembered; a note that cannot be read is as good as none."""
        try:
            return Note.model_validate_json((self.folder / _NOTE).read_bytes())
        except (OSError, ValidationError):
            return Note()


class Spool:
    """The folders of a server.

    Parameters
    ----------
    root
        Made where it is missing, for the owner's eyes only.
    min_free_bytes
        So much of the disk stays free: below it nothing more is received.

    Raises
    ------
    DicomError
        A folder that cannot be made or written to.
    """

    def __init__(self, root: Path, *, min_free_bytes: int = 0) -> None:
        if os.name != "posix":
            raise DicomError("the spool needs the file locks of Linux or macOS; run resp dicom serve there")
        self.root = root
        self.min_free_bytes = min_free_bytes
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in (*STATES, _INCOMING):
                (root / name).mkdir(exist_ok=True, mode=0o700)
            with self._locked():
                sync_folder(root)
        except OSError as error:
            raise DicomError(
                f"{root}: cannot be the spool ({error.strerror}); expected a folder to write in"
            ) from error

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Hold the spool for one server.

        Raises
        ------
        DicomError
            Another server has it.
        """
        import fcntl

        with (self.root / ".serving").open("wb") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise DicomError(f"{self.root}: another server uses this spool; give each its own") from error
            yield

    def receive(self, uid: str, parts: Iterable[bytes | memoryview]) -> Entry | None:
        """Write an instance; when this returns it is on the disk.

        Parameters
        ----------
        uid
            Its SOP Instance UID.
        parts
            The bytes of its file.

        Returns
        -------
        Entry or None
            None where it is new; else the entry that has its UID already, and nothing was written.

        Raises
        ------
        SpoolFullError
            The disk is full, or would be fuller than `min_free_bytes` allows.
        DicomError
            No UID, or a disk that cannot be written to. Nothing is left of the instance.
        """
        parts = tuple(parts)
        size = sum(memoryview(part).nbytes for part in parts)
        if not is_uid(uid):
            raise DicomError(f"SOP Instance UID {uid!r}; expected at most 64 digits and points")
        if known := self.find(uid):
            return known
        try:
            free = shutil.disk_usage(self.root).free
        except OSError as error:
            raise DicomError(f"{self.root}: cannot be read ({error.strerror})") from error
        if free - size < self.min_free_bytes:
            raise SpoolFullError(f"{self.root}: {free} bytes are free, {self.min_free_bytes} shall stay so; make room")
        folder: Path | None = None
        try:
            folder = Path(mkdtemp(dir=self.root / _INCOMING))
            write_synced(folder / _INSTANCE, parts)
            sync_folder(folder)
            with self._locked():
                if known := self.find(uid):
                    shutil.rmtree(folder)
                    return known
                place = self.root / "received" / uid
                folder.rename(place)
                # From here on it is this folder that must go where the disk cannot keep it.
                folder = place
                sync_folder(place.parent)
        except OSError as error:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            raise SpoolFullError(f"{self.root}: cannot be written to ({error.strerror}); make room") from error
        return None

    def find(self, uid: str) -> Entry | None:
        """Return the entry of a UID."""
        if not is_uid(uid):
            return None
        # In the order in which an entry moves on, so that one that does so meanwhile is met.
        for state in STATES:
            if (folder := self.root / state / uid).is_dir():
                return Entry(folder, state)
        return None

    def read(self, uid: str) -> bytes | None:
        """Return the bytes of an instance, wherever it stands."""
        with self._locked():
            known = self.find(uid)
            return known.instance.read_bytes() if known else None

    def entries(self, state: State) -> list[Entry]:
        """Return the entries of a state, the first received first."""
        arrived: list[tuple[float, Entry]] = []
        with os.scandir(self.root / state) as found:
            for one in found:
                entry = Entry(Path(one.path), state)
                # It may move on while it is looked at.
                with suppress(FileNotFoundError, NotADirectoryError):
                    arrived.append((entry.received_at, entry))
        return [entry for _, entry in sorted(arrived, key=lambda pair: (pair[0], pair[1].uid))]

    def count(self, state: State) -> int:
        """Return how many entries are in a state."""
        return sum(1 for _ in (self.root / state).iterdir())

    def move(self, entry: Entry, state: State, note: Note | None = None) -> Entry:
        """Put an entry into another state, with a note.

        Raises
        ------
        OSError
            The disk cannot be written to; the entry stays where it is.
        """
        if note is not None:
            self.remember(entry, note)
        place = self.root / state / entry.uid
        with self._locked():
            entry.folder.rename(place)
            sync_folder(place.parent)
            sync_folder(entry.folder.parent)
        return Entry(place, state)

    def remember(self, entry: Entry, note: Note) -> None:
        """Write an entry's note."""
        temporary = entry.folder / f"{_NOTE}.part"
        write_synced(temporary, [note.model_dump_json().encode()])
        temporary.replace(entry.folder / _NOTE)
        sync_folder(entry.folder)

    def keep_answers(self, entry: Entry, files: Iterable[bytes]) -> None:
        """Write an entry's answers, all or none."""
        part = entry.folder / f"{_ANSWERS}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for number, content in enumerate(files, start=1):
            write_synced(part / f"{number:03d}.dcm", [content])
        sync_folder(part)
        part.rename(entry.folder / _ANSWERS)
        sync_folder(entry.folder)

    def clean(self) -> None:
        """Remove what was never acknowledged; nobody else may serve this spool."""
        for folder in (self.root / _INCOMING).iterdir():
            shutil.rmtree(folder, ignore_errors=True)

    def retry(self, uid: str) -> Entry:
        """Put what failed back where it failed.

        Raises
        ------
        DicomError
            No entry of this UID has failed.
        """
        known = self.find(uid)
        if known is None or known.state != "failed":
            stands = "is not in the spool" if known is None else f"stands under {known.state}"
            raise DicomError(f"{uid} {stands}; only what has failed can be tried again")
        note = known.note().changed(scoring_attempts=0, sending_attempts=0, next_attempt_at=0.0)
        return self.move(known, "answered" if known.answers else "received", note)

    def prune(self, days: float) -> int:
        """Delete what was sent more than so many days ago; return how many entries."""
        count, latest = 0, time.time() - days * 86_400
        for entry in self.entries("sent"):
            if entry.folder.stat().st_mtime < latest:
                shutil.rmtree(entry.folder, ignore_errors=True)
                count += 1
        return count

    @contextmanager
    def _locked(self) -> Iterator[None]:
        import fcntl

        # A lock on an open file holds between threads and processes alike, and ends with them.
        with (self.root / ".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def write_synced(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as stream:
        for part in parts:
            stream.write(part)
        stream.flush()
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk has a folder's list of names."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
