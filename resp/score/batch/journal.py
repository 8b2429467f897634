"""The journal of a batch: every report as soon as it is made, so that no crash loses more than a second's work.

A folder that belongs to one list of recordings and one model with its parameters:

==================  ====================================================================================
``header.json``     format, model, parameters, and the fingerprint of the list; appears when it is whole
``reports.log``     a line a report: CRC-32, key of the input, report as JSON; only ever appended to
``segments/``       segments of recordings that are too long for their reports to hold them
``lock``            held by the process that writes
==================  ====================================================================================

A line that was cut off by a crash or a full disk, or whose checksum is wrong, counts for nothing: that recording is
scored again.
"""

import fcntl
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from resp.score.batch.errors import JournalError, not_written
from resp.score.batch.inputs import Input
from resp.score.batch.segment_store import SegmentStore
from resp.score.schema import ModelIdentity, Report, Segment

FORMAT = 1
SYNC_S = 1.0
# In place of the model that the journal belongs to.
_OURSELVES = "this"
_HEADER, _LOG, _LOCK, _SEGMENTS = "header.json", "reports.log", "lock", "segments"
_OURS = {_HEADER, f"{_HEADER}.part", _LOG, _LOCK, _SEGMENTS}


class Journal:
    """What was scored so far of a list of inputs.

    Parameters
    ----------
    folder
        Where it lies; made where it is missing, in a folder that exists.
    inputs
        The list; each has another key.
    model
        Whose reports they are. Its card, as long as the rest of a report, is not written with each.
    parameters
        What else decides what a report says, in plain values. Another model or another parameter starts a new
        journal; another list does not, and keeps what was scored of inputs that are in both and have not changed.

    Attributes
    ----------
    told
        What became of a journal that was there: sentences for whoever started the batch; empty where there was none.

    Raises
    ------
    JournalError
        Another process writes to it, the folder is no journal, or it cannot be written to.
    """

    def __init__(
        self, folder: Path, inputs: Sequence[Input], model: ModelIdentity, parameters: Mapping[str, Any]
    ) -> None:
        self.folder, self.inputs, self._model = folder, inputs, model
        self.told: list[str] = []
        keys = [item.key() for item in inputs]
        self._keys = keys
        self._short = np.array([int.from_bytes(key[:8]) for key in keys], dtype=np.uint64)
        self._order = np.argsort(self._short, kind="stable")
        self._offsets = np.full(len(keys), -1, dtype=np.int64)
        self._failed = np.zeros(len(keys), dtype=bool)
        self._unsynced = False
        self._sync_trouble: OSError | None = None
        self._closing = threading.Event()
        header = {
            "format": FORMAT,
            "model": {"model": model.name, "model_version": model.version, "model_sha256": model.sha256},
            "parameters": dict(parameters),
            "inputs": {"count": len(keys), "fingerprint": blake2b(b"".join(keys), digest_size=16).hexdigest()},
        }
        try:
            self._lock = self._locked()
            try:
                self._begin(json.loads(json.dumps(header)))
                self.segments = SegmentStore(folder / _SEGMENTS)
                self._log = os.open(folder / _LOG, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
                self._end = self._read()
                sync_folder(folder)
            except OSError:
                os.close(self._lock)
                raise
        except OSError as error:
            raise not_written(self.folder, error) from error
        self._syncing = threading.Thread(target=self._keep_syncing, name="resp-journal", daemon=True)
        self._syncing.start()

    @property
    def done(self) -> int:
        """How many inputs have a report."""
        return int((self._offsets >= 0).sum())

    def missing(self, *, retry_failed: bool = False) -> list[int]:
        """Return the places in the list of the inputs that have no report yet, or a failed one where that is asked."""
        wanted = self._offsets < 0
        if retry_failed:
            wanted |= self._failed
        return [int(place) for place in np.flatnonzero(wanted)]

    def add(self, place: int, report: Report) -> None:
        """Write the report of the input at a place in the list.

        Raises
        ------
        JournalError
            It cannot be written, such as on a full disk.
        """
        told = report.to_dict()
        if report.model == self._model:
            told["model"] = _OURSELVES
        payload = b"%s %s" % (self._keys[place].hex().encode(), json.dumps(told, allow_nan=False).encode())
        line = b"%08x %s\n" % (crc32(payload), payload)
        try:
            _write(self._log, line)
            self._offsets[place] = self._end
            self._failed[place] = report.status == "failed"
            self._end += len(line)
            self._unsynced = True
            if self._sync_trouble:
                raise self._sync_trouble
        except OSError as error:
            raise not_written(self.folder, error) from error

    def reports(self) -> Iterator[tuple[Report, Iterator[Segment] | None]]:
        """Yield the report of every input in the order of the list, with the segments that it does not hold itself.

        Raises
        ------
        JournalError
            An input without a report, or a damaged line.
        """
        with (self.folder / _LOG).open("rb") as log:
            for place, key in enumerate(self._keys):
                offset = int(self._offsets[place])
                if offset < 0:
                    raise JournalError(f"{self.inputs[place].name}: not scored yet; run the same command again")
                if log.tell() != offset:
                    log.seek(offset)
                line = _checked(log.readline())
                if line is None or line[0] != key.hex():
                    raise JournalError(
                        f"{self.folder}: the report of {self.inputs[place].name} is damaged; run the same command again"
                    )
                told = json.loads(line[1])
                if told["model"] == _OURSELVES:
                    told["model"] = self._model
                report = Report.model_validate(told)
                yield report, self.segments.read(key.hex(), report)

    def close(self) -> None:
        """Let go of it; what it holds stays.

        Raises
        ------
        JournalError
            Not all of it came to the disk.
        """
        self._closing.set()
        self._syncing.join()
        os.close(self._log)
        os.close(self._lock)
        if self._sync_trouble:
            raise not_written(self.folder, self._sync_trouble) from self._sync_trouble

    def remove(self) -> None:
        """Delete it: the table is complete."""
        # The header goes first, so that what a crash leaves of it is never taken for a journal.
        (self.folder / _HEADER).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.close()
        except JournalError:
            # What stopped the batch is the better reason.
            if kind is None:
                raise

    def _keep_syncing(self) -> None:
        """Bring what was added to the disk, every second and at the end; runs in a thread of its own."""
        ended = False
        while not ended:
            ended = self._closing.wait(SYNC_S)
            if self._unsynced:
                self._unsynced = False
                try:
                    os.fsync(self._log)
                except OSError as error:
                    self._sync_trouble = error

    def _locked(self) -> int:
        if self.folder.is_dir() and (others := {path.name for path in self.folder.iterdir()} - _OURS):
            raise JournalError(f"{self.folder}: holds {sorted(others)[0]} and is no journal; name another folder")
        self.folder.mkdir(exist_ok=True)
        lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise JournalError(
                f"{self.folder}: another run writes to it; wait for that, or name another file"
            ) from error
        return lock

    def _begin(self, header: dict[str, Any]) -> None:
        """Go on with a journal that fits, or make it anew."""
        path = self.folder / _HEADER
        before = _header(path)
        if before == header:
            return
        if before is not None and not (why := _differences(before, header)):
            self.told.append("The list of recordings has changed; what was scored of those that have not is kept.")
        elif before is not None:
            self.told.append(f"What was scored before is not used, as {'; '.join(why)}: starting anew.")
            self._clear()
        else:
            self._clear()
        part = path.with_name(f"{_HEADER}.part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(header, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _clear(self) -> None:
        (self.folder / _HEADER).unlink(missing_ok=True)
        (self.folder / _LOG).unlink(missing_ok=True)
        shutil.rmtree(self.folder / _SEGMENTS, ignore_errors=True)

    def _read(self) -> int:
        """Find the reports that are there, cut off an unfinished last line, and return where the next one begins."""
        end = 0
        with (self.folder / _LOG).open("rb") as log:
            for line in log:
                if not line.endswith(b"\n"):
                    break
                if (read := _checked(line)) is not None and (place := self._place(read[0])) is not None:
                    self._offsets[place] = end
                    self._failed[place] = _is_failed(read[1])
                end += len(line)
        if end < os.fstat(self._log).st_size:
            os.ftruncate(self._log, end)
        if self.done:
            self.told.append(f"{self.done} of {len(self._keys)} recordings are scored already; going on.")
        return end

    def _place(self, key: str) -> int | None:
        found = int(np.searchsorted(self._short, np.uint64(int(key[:16], 16)), sorter=self._order))
        if found == len(self._order):
            return None
        place = int(self._order[found])
        return place if self._keys[place].hex() == key else None


def _is_failed(report: bytes) -> bool:
    return b'"status": "failed"' in report[:64]


def _checked(line: bytes) -> tuple[str, bytes] | None:
    """Return key and report of a line; None where it is not what was written."""
    if len(line) < 43 or not line.endswith(b"\n"):
        return None
    check, payload = line[:8], line[9:-1]
    try:
        if int(check, 16) != crc32(payload):
            return None
    except ValueError:
        return None
    return payload[:32].decode("ascii"), payload[33:]


def _header(path: Path) -> dict[str, Any] | None:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return read if isinstance(read, dict) else None


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Say what decides the reports and is not what it was."""
    if before.get("format") != now["format"]:
        return ["the journal was written by another version of resp"]
    old, new = ({**one.get("model", {}), **one.get("parameters", {})} for one in (before, now))
    return [
        f"{name.replace('_', ' ')} was {old.get(name)!r} and is {new.get(name)!r}"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def _write(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
