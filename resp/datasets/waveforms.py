"""Cached waveforms: stored once, read a stretch at a time."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from resp.datasets.errors import DataError
from resp.datasets.items import Item


class Stored(NamedTuple):
    """A waveform in a ``.npy`` file: float32 [samples] from the byte ``offset`` on."""

    file: Path
    offset: int
    samples: int


def find_stored(file: Path) -> Stored | None:
    """Return what a file holds; None unless it is there with all its samples.

    It may have lost some with the machine's power.
    """
    try:
        with file.open("rb") as stream:
            if np.lib.format.read_magic(stream) != (1, 0):
                return None
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
            offset, size = stream.tell(), os.fstat(stream.fileno()).st_size
    except (OSError, ValueError, EOFError):
        return None
    if len(shape) != 1 or dtype != np.float32 or size < offset + 4 * shape[0]:
        return None
    return Stored(file, offset, shape[0])


def read_stored(stored: Stored, start: int, out: NDArray[np.float32]) -> None:
    """Read the samples from ``start`` on, which are within the waveform, until ``out`` [samples] is full.

    Memory maps would be slower: of more files than a process may keep open, a map is made anew for nearly every
    clip, and each of its pages is a fault.

    Raises
    ------
    DataError
        The file is gone, or is shorter than it was.
    """
    if not out.size:
        return
    try:
        with stored.file.open("rb") as stream:
            stream.seek(stored.offset + 4 * start)
            read = stream.readinto(out.data.cast("B"))
    except OSError as error:
        raise DataError(f"a cached waveform cannot be read ({error}); start again, and it is made anew") from error
    if read != out.nbytes:
        raise DataError(f"{stored.file}: a cached waveform was cut short; start again, and it is made anew")


class Waveforms:
    """The waveforms of a data set's items, of which nothing is read before it is asked for.

    Parameters
    ----------
    items
        The items.
    stored
        The stored waveform of every item's recording.
    rate_hz
        Rate of the waveforms in Hz.
    """

    def __init__(self, items: Sequence[Item], stored: Sequence[Stored], rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._items = tuple(items)
        self._stored = tuple(stored)

    def __len__(self) -> int:
        return len(self._items)

    def is_whole(self, index: int) -> bool:
        """Return whether an item is a whole recording."""
        return self._items[index].start_s is None or self._items[index].end_s is None

    def bounds(self, index: int) -> tuple[int, int]:
        """Return first and last (exclusive) sample of an item within its recording."""
        item = self._items[index]
        length = self._stored[index].samples
        if item.start_s is None or item.end_s is None:
            return 0, length
        return int(item.start_s * self.rate_hz), min(int(item.end_s * self.rate_hz), length)

    def samples(self, index: int) -> int:
        """Return the length of an item in samples."""
        start, end = self.bounds(index)
        return max(end - start, 0)

    def clip(self, index: int) -> NDArray[np.float32]:
        """Return a copy of an item's samples, float32 [time]; cut after the recording was faded."""
        samples = np.empty(self.samples(index), dtype=np.float32)
        self.read(index, 0, samples)
        return samples

    def read(self, index: int, start: int, out: NDArray[np.float32]) -> None:
        """Read a part of an item's samples, without a copy.

        Parameters
        ----------
        index
            Which item.
        start
            First sample, counted from the item's beginning.
        out
            [time], contiguous float32; the part ends where it is full.

        Raises
        ------
        DataError
            The item does not go on for so long, or its cached file is no longer whole.
        """
        first, last = self.bounds(index)
        if start < 0 or first + start + len(out) > max(first, last):
            raise DataError(
                f"samples {start} to {start + len(out)} of an item of {self.samples(index)}; expected them within it"
            )
        read_stored(self._stored[index], first + start, out)

    def recording(self, index: int) -> NDArray[np.float32]:
        """Return a copy of the whole recording that an item is part of, float32 [time]."""
        samples = np.empty(self._stored[index].samples, dtype=np.float32)
        read_stored(self._stored[index], 0, samples)
        return samples
