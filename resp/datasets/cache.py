"""The waveform cache: every sound is decoded and resampled once, then read a stretch at a time.

A cached waveform is a ``.npy`` file (float32 [time]) named by the checksum of the encoded sound, in a folder
named by the parameters, so it can be shared by data sets and by processes and is never out of date. It comes
into being by a rename: an interrupted build keeps what it finished and leaves nothing half written.
"""

import io
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resp.audio import load_recording
from resp.datasets.contents import content_of, write_atomically
from resp.datasets.errors import DataError
from resp.datasets.items import DataSet
from resp.datasets.sound import Level, prepare_waveform
from resp.datasets.waveforms import Stored, Waveforms, find_stored
from resp.errors import RespError

FORMAT = 1
ABANDONED_S = 86_400.0

Progress = Callable[[int, int], None]


def default_cache_folder() -> Path:
    """Return where caches go unless told otherwise: ``RESP_CACHE``, or the platform's folder for them."""
    named = os.environ.get("RESP_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "resp" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "resp"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "resp"


class WaveformCache:
    """Decoded and resampled waveforms in a folder.

    Parameters
    ----------
    folder
        Made when it is first needed; None for `default_cache_folder`. It may be deleted between runs.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = Path(folder) if folder is not None else default_cache_folder()

    @property
    def memory(self) -> Path:
        """The file that remembers checksums of sound files."""
        return self.folder / "contents.json"

    def open(
        self,
        dataset: DataSet,
        rate_hz: int,
        fade_samples: int = 0,
        level: Level = "none",
        *,
        trim_db: float | None = None,
        progress: Progress | None = None,
        workers: int | None = None,
    ) -> Waveforms:
        """Return the waveforms of a data set, decoding those that are not in the cache yet.

        Parameters
        ----------
        dataset
            Items with their sound files.
        rate_hz
            Rate in Hz that sounds are resampled to.
        fade_samples
            Length of the linear fade at both ends of a recording, in samples at ``rate_hz``.
        level
            ``peak`` scales every recording to a peak of 1, ``none`` leaves it.
        trim_db
            Ends of a recording that lie more than this below its peak are cut off before anything else (see
            `resp.audio.trim_ends`); None leaves them.
        progress
            Called with the number of recordings done and the number of all, from this thread.
        workers
            Threads that decode; None for as many as the processor has cores, four at most.

        Returns
        -------
        Waveforms
            One clip per item, in the data set's order.

        Raises
        ------
        DataError
            Sounds that cannot be read or items without a sample; the message names them (ten at most), and
            what could be decoded stays in the cache. Also parameters out of range, and recordings to be trimmed
            of which items are stretches, as their marks in time would no longer be true.
        """
        trim_fits = trim_db is None or trim_db > 0
        if rate_hz <= 0 or fade_samples < 0 or level not in ("none", "peak") or not trim_fits:
            raise DataError(
                f"rate_hz {rate_hz}, fade_samples {fade_samples}, level {level!r}, trim_db {trim_db}; "
                "expected a positive rate, a fade of 0 or more samples, none or peak, and null or a positive trim"
            )
        stretches = [item.name for item in dataset.items if item.start_s is not None]
        if trim_db is not None and stretches:
            raise _listed(
                f"{dataset.name}: trimming would displace the marks in time of {len(stretches)} items; "
                "take clip.trim_db=null",
                stretches,
            )
        trimmed = f"-trim{float(trim_db)}" if trim_db is not None else ""
        folder = self.folder / f"waveforms-v{FORMAT}" / f"{rate_hz}hz-fade{fade_samples}-{level}{trimmed}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"{self.folder}: the cache folder cannot be made ({error}); set RESP_CACHE to one that can"
            ) from error
        _remove_abandoned(folder)
        contents = content_of((item.path for item in dataset.items), self.memory)
        files = {path: folder / f"{content.sha256}.npy" for path, content in contents.items()}
        found = {file: find_stored(file) for file in files.values()}
        # Two paths with the same content are one waveform.
        wanted = {file: path for path, file in files.items() if found[file] is None}

        def build(file: Path, path: Path) -> None:
            _write(file, prepare_waveform(load_recording(path), rate_hz, fade_samples, level, trim_db))

        _build(build, wanted, already=len(found) - len(wanted), progress=progress, workers=workers)
        found |= {file: find_stored(file) for file in wanted}
        waveforms = Waveforms(dataset.items, [_there(found, files[item.path]) for item in dataset.items], rate_hz)
        empty = [item.name for index, item in enumerate(dataset.items) if not waveforms.samples(index)]
        if empty:
            raise _listed(f"{dataset.name}: {len(empty)} items have no sample at {rate_hz} Hz; leave them out", empty)
        return waveforms


def _build(
    build: Callable[[Path, Path], None],
    wanted: dict[Path, Path],
    *,
    already: int,
    progress: Progress | None,
    workers: int | None,
) -> None:
    """Run ``build`` for every wanted file; a sound that cannot be read does not stop the others."""
    done, total, failed = already, already + len(wanted), []
    if progress:
        progress(done, total)
    with ThreadPoolExecutor(workers or min(4, os.cpu_count() or 1)) as pool:
        running = {pool.submit(build, file, path): path for file, path in wanted.items()}
        try:
            for future in as_completed(running):
                try:
                    future.result()
                except RespError as error:
                    failed.append(f"{running[future]}: {error}")
                except OSError as error:
                    raise DataError(f"the waveform of {running[future]} cannot be cached: {error}") from error
                done += 1
                if progress:
                    progress(done, total)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    if failed:
        raise _listed(f"{len(failed)} sounds cannot be read; replace them or leave their items out", sorted(failed))


def _write(file: Path, waveform: NDArray[np.float32]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, waveform, allow_pickle=False)
    write_atomically(file, buffer.getvalue())


def _there(found: dict[Path, Stored | None], file: Path) -> Stored:
    stored = found[file]
    if stored is None:
        raise DataError(f"{file}: a cached waveform went away as soon as it was written; is something clearing it up?")
    return stored


def _remove_abandoned(folder: Path) -> None:
    """Delete what killed processes left half written, but nothing that may still be being written."""
    for path in folder.glob(".writing-*"):
        try:
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()
        except FileNotFoundError:
            continue  # another process was faster


def _listed(message: str, names: list[str]) -> DataError:
    shown = "\n  ".join(names[:10])
    return DataError(f"{message}:\n  {shown}" + (f"\n  and {len(names) - 10} more" if len(names) > 10 else ""))
