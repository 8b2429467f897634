"""A file is read and made ready for the network, whole or, where it is long, in stretches."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from resp.audio import Limits, TooLongError, load_recording
from resp.audio.elsewhere import is_dicom
from resp.audio.stream import Source, opened
from resp.models.config import ModelConfig
from resp.score.annotations import cycles_for
from resp.score.errors import ScoreError
from resp.score.inputs import files_of
from resp.score.known import Known
from resp.score.long.limits import WHOLE
from resp.score.long.sound import LongSound
from resp.score.prepare import Prepared, prepare

Paths = str | os.PathLike[str]

_NOTHING = Known()


def prepare_file(
    path: Paths, config: ModelConfig, rate_hz: int, annotations: Paths | None = None, known: Known = _NOTHING
) -> Prepared | LongSound:
    """Read a sound file and cut it into the segments that a model asks for.

    Parameters
    ----------
    path
        Of any kind that `resp.load_recording` reads.
    config, rate_hz
        The model's, and its network's sampling rate.
    annotations
        A text file of annotated cycles, or a folder that holds ``<name of the sound file>.txt``.
    known
        What is known of the recording; it goes before what its name says.

    Returns
    -------
    Prepared or LongSound
        A recording longer than `resp.score.long.limits.WHOLE` is not read yet.

    Raises
    ------
    AudioError, ScoreError, DataError
        What is wrong with the file or its annotation.
    """
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where it may not look
        raise ScoreError(f"{os.fspath(path)}: {_why_no_recording(path)}")
    return prepare_source(nullcontext, path, os.fspath(path), config, rate_hz, annotations, known)


def prepare_source(
    place: Callable[[Source], AbstractContextManager[Source]],
    source: Source,
    name: str,
    config: ModelConfig,
    rate_hz: int,
    annotations: Paths | None = None,
    known: Known = _NOTHING,
) -> Prepared | LongSound:
    """Read an open source as `prepare_file` reads a file.

    Parameters
    ----------
    place
        Given the source, opens what a long recording is read from, again each time.
    source
        A path, the encoded bytes, or a seekable binary file.
    name
        Under which the report speaks of it, and by whose stem its annotation is found.
    config, rate_hz, annotations, known
        See `prepare_file`.
    """
    cycles = cycles_for(name, annotations) if annotations is not None else None
    missing: tuple[str, ...] = ()
    if annotations is not None and cycles is None:
        folder = os.fspath(annotations)
        missing = (f"no annotation {Path(name).stem}.txt in {folder}: cut as if none had been asked for",)
    with opened(source, name) as (stream, _):
        # DICOM has bounds of its own, and is read at once.
        limits = Limits() if is_dicom(stream) else WHOLE
    try:
        recording = load_recording(source, name=name, limits=limits).with_known(**known.given())
    except TooLongError:
        if limits is not WHOLE:
            raise
        return LongSound(lambda: place(source), name, config, rate_hz, cycles, known, missing)
    prepared = prepare(recording, config, rate_hz, file=name, cycles=cycles)
    return replace(prepared, warnings=(*prepared.warnings, *missing)) if missing else prepared


def _why_no_recording(folder: Paths) -> str:
    try:
        os.listdir(folder)  # noqa: PTH208 - it may be a string, and only the error counts
    except OSError as error:
        return f"a folder that cannot be read ({error.strerror})"
    if next(files_of(Path(folder))) != Path(folder):
        return "a folder where one recording is expected; name its files, or give the folder to resp score itself"
    return "a folder with no sound file in it; expected one that ends in .wav, .flac, .mp3 or the like, or DICOM"
