"""The waveform cache: every sound is decoded and resampled once, then memory-mapped.

A cached waveform is a ``.npy`` file (float32 [time]) named by the checksum of the encoded sound, in a folder
named by the parameters, so it can be shared by data sets and by processes and is never out of date. It comes
into being by a rename: an interrupted build keeps what it finished and leaves nothing half written.
"""

import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resp.audio import load_recording
from resp.datasets.contents import content_of, write_atomically
from resp.datasets.errors import DataError
from resp.datasets.items import DataSet, Item
from resp.datasets.sound import Level, prepare_waveform
from resp.errors import RespError

FORMAT = 1
MOST_OPEN = 256
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


class Waveforms:
    """The waveforms of a data set's items, memory-mapped.

    Parameters
    ----------
    items
        The items.
    files
        The cached file of every item's recording.
    rate_hz
        Rate of the waveforms in Hz.
    """

    def __init__(self, items: Sequence[Item], files: Sequence[Path], rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._items = tuple(items)
        self._files = tuple(files)
        # Every map holds a file descriptor, of which a process may have about a thousand.
        self._map = lru_cache(maxsize=MOST_OPEN)(_open_map)

    def __len__(self) -> int:
        return len(self._items)

    def bounds(self, index: int) -> tuple[int, int]:
        """Return first and last (exclusive) sample of an item within its recording."""
        item = self._items[index]
        length = len(self._map(self._files[index]))
        if item.start_s is None or item.end_s is None:
            return 0, length
        return int(item.start_s * self.rate_hz), min(int(item.end_s * self.rate_hz), length)

    def samples(self, index: int) -> int:
        """Return the length of an item in samples."""
        start, end = self.bounds(index)
        return max(end - start, 0)

    def clip(self, index: int) -> NDArray[np.float32]:
        """Return a copy of an item's samples, float32 [time]; cut after the recording was faded."""
        start, end = self.bounds(index)
        return np.array(self._map(self._files[index])[start:end])

    def recording(self, index: int) -> NDArray[np.float32]:
        """Return a copy of the whole recording that an item is part of, float32 [time]."""
        return np.array(self._map(self._files[index]))


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
            what could be decoded stays in the cache. Also parameters out of range.
        """
        if rate_hz <= 0 or fade_samples < 0 or level not in ("none", "peak"):
            raise DataError(
                f"rate_hz {rate_hz}, fade_samples {fade_samples}, level {level!r}; "
                "expected a positive rate, a fade of 0 or more samples, and none or peak"
            )
        folder = self.folder / f"waveforms-v{FORMAT}" / f"{rate_hz}hz-fade{fade_samples}-{level}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"{self.folder}: the cache folder cannot be made ({error}); set RESP_CACHE to one that can"
            ) from error
        _remove_abandoned(folder)
        contents = content_of((item.path for item in dataset.items), self.memory)
        files = {path: folder / f"{content.sha256}.npy" for path, content in contents.items()}
        # Two paths with the same content are one waveform.
        wanted = {file: path for path, file in files.items() if not _is_whole(file)}

        def build(file: Path, path: Path) -> None:
            _write(file, prepare_waveform(load_recording(path), rate_hz, fade_samples, level))

        _build(build, wanted, already=len(set(files.values())) - len(wanted), progress=progress, workers=workers)
        waveforms = Waveforms(dataset.items, [files[item.path] for item in dataset.items], rate_hz)
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


def _open_map(file: Path) -> NDArray[np.float32]:
    mapped: NDArray[np.float32] = np.load(file, mmap_mode="r", allow_pickle=False)
    return mapped


def _is_whole(file: Path) -> bool:
    """Whether a cached file is there with all its samples; it may have lost some with the machine's power."""
    try:
        waveform = _open_map(file)
    except (OSError, ValueError, EOFError):
        return False
    return waveform.ndim == 1 and waveform.dtype == np.float32


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
