"""Findings of a batch, cut out of their recording while it is read once: in memory that grows with neither."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resp.audio import WavWriter, load_recording, sound_blocks
from resp.audio.elsewhere import is_dicom
from resp.audio.stream import Source, opened
from resp.report.atomic import AtomicFile
from resp.report.clips import MARGIN_S
from resp.report.errors import ReportError
from resp.report.file_names import safe_name
from resp.score.findings import Finding
from resp.score.long.limits import LONGEST

LONGEST_CLIP_S = 3600.0
"""Of what is found all night long the first hour is cut out."""

# A disk that is full, as the system and as libsndfile say it.
_FULL = (OSError, RuntimeError, AssertionError)


def write_finding_clips(
    source: Source, name: str, findings: Sequence[Finding], folder: Path, stem: str, *, synthetic: bool = False
) -> int:
    """Write a 16-bit WAV file of each finding with `MARGIN_S` on each side, and return how many.

    Parameters
    ----------
    source, name
        The recording, of which all channels are kept, and what to call it.
    findings
        Of it, in the order in which they begin.
    folder, stem
        Files are ``STEM_000002.60-000005.00s_crackle.wav`` there; what is there is replaced when the new one is whole.
    synthetic
        Whether nobody's chest made the sound.

    Raises
    ------
    AudioError
        The recording cannot be read; the clips before that are there.
    ReportError, OSError
        A clip cannot be written.
    """
    left = list(reversed(findings))
    open_now: list[_Clip] = []
    done, written = 0, 0
    try:
        with _blocks(source, name) as blocks:
            for rate_hz, samples in blocks:
                end = done + samples.shape[1]
                while left and round((left[-1].start_s - MARGIN_S) * rate_hz) < end:
                    finding = left.pop()
                    path = folder / clip_file(stem, finding)
                    open_now.append(_Clip(path, finding, rate_hz, samples.shape[0], synthetic=synthetic))
                for clip in list(open_now):
                    if clip.take(samples, done):
                        clip.commit()
                        open_now.remove(clip)
                        written += 1
                done = end
        # Findings end where the recording does, and the margin would not.
        while open_now:
            open_now[-1].commit()
            open_now.pop()
            written += 1
    finally:
        for clip in open_now:
            clip.discard()
    return written


def clip_file(stem: str, finding: Finding) -> str:
    """Return a file name that says of what, where and what; of one recording each is another."""
    return f"{stem}_{finding.start_s:09.2f}-{finding.end_s:09.2f}s_{safe_name(finding.label)}.wav"


class _Clip:
    """A clip that is being written."""

    def __init__(self, path: Path, finding: Finding, rate_hz: int, channels: int, *, synthetic: bool) -> None:
        self._first = max(0, round((finding.start_s - MARGIN_S) * rate_hz))
        end_s = min(finding.end_s + MARGIN_S, finding.start_s - MARGIN_S + LONGEST_CLIP_S)
        self._last = max(self._first + 1, round(end_s * rate_hz))
        self._file = AtomicFile(path)
        self._writer = WavWriter(self._file.stream, rate_hz, channels, synthetic=synthetic)

    def take(self, samples: NDArray[np.float32], done: int) -> bool:
        """Take what of the next samples, before which ``done`` came, is in the clip; tell whether that was the last."""
        here = int(samples.shape[1])
        first, last = max(self._first - done, 0), min(self._last - done, here)
        if first < last:
            with self._written():
                self._writer.write(samples[:, first:last])
        return self._last <= done + here

    def commit(self) -> None:
        """Put it in its place."""
        with self._written():
            self._writer.close()
            self._file.commit()

    def discard(self) -> None:
        """Leave no trace."""
        with suppress(*_FULL):
            self._writer.close()
        self._file.discard()

    @contextmanager
    def _written(self) -> Iterator[None]:
        # Around it errors of the system are taken for those of the recording that is read.
        try:
            yield
        except _FULL as error:
            raise ReportError(
                f"{self._file.path}: cannot be written ({error}); "
                "what was scored is kept: make room, and run the same command again"
            ) from error


@contextmanager
def _blocks(source: Source, name: str) -> Iterator[Iterator[tuple[int, NDArray[np.float32]]]]:
    """Open a recording that is read a block at a time; DICOM is read at once."""
    with opened(source, name) as (stream, _):
        at_once = is_dicom(stream)
    if at_once:
        recording = load_recording(source, name=name)
        yield iter([(recording.rate_hz, recording.samples)])
        return
    with sound_blocks(source, name=name, limits=LONGEST) as blocks:
        yield blocks
