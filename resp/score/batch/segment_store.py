"""Segments that a report is too small for: a file of lines each, that appears when it is whole."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from resp.score.batch.errors import not_written
from resp.score.familiarity import withhold
from resp.score.schema import Report, Segment


class SegmentStore:
    """A folder of segments, by the key of their recording.

    Parameters
    ----------
    folder
        Made when the first segments come.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, key: str) -> "SegmentFile":
        """Return what takes the segments of a recording."""
        return SegmentFile(self.folder / f"{key}.jsonl")

    def read(self, key: str, report: Report) -> Iterator[Segment] | None:
        """Return the segments of a recording; None where its report holds them."""
        path = self.folder / f"{key}.jsonl"
        if report.segments or not report.stretches or not path.is_file():
            return None
        return _read(path, report)


class SegmentFile:
    """Takes the segments of one recording; called with some of them, as they come."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_suffix(".part")
        self._file: IO[str] | None = None
        self._trouble: OSError | None = None

    def __call__(self, segments: Sequence[Segment]) -> None:
        """Write segments."""
        try:
            if self._file is None:
                self._part.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._part.open("w", encoding="ascii")
            for segment in segments:
                self._file.write(json.dumps(segment.model_dump(mode="json")) + "\n")
        except OSError as error:
            # Whoever judges takes it for the recording's fault; `settle` tells it from that.
            self._trouble = error
            raise

    def settle(self, *, wanted: bool) -> None:
        """Let the file appear, where segments came and are wanted; leave no trace otherwise.

        Raises
        ------
        JournalError
            It could not be written.
        """
        if self._file is not None:
            try:
                if wanted and not self._trouble:
                    self._file.flush()
                    os.fsync(self._file.fileno())
            except OSError as error:
                self._trouble = error
            with suppress(OSError):
                self._file.close()
            self._file = None
            if wanted and not self._trouble:
                self._part.replace(self._path)
            else:
                self._part.unlink(missing_ok=True)
        if self._trouble:
            raise not_written(self._path.parent, self._trouble) from self._trouble


def _read(path: Path, report: Report) -> Iterator[Segment]:
    refused = report.familiarity is not None and report.familiarity.verdict == "not_lung"
    with path.open(encoding="ascii") as file:
        for line in file:
            segment = Segment.model_validate(json.loads(line))
            yield withhold([segment], report.reason or "")[0] if refused else segment
