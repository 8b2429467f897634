"""Recordings in object stores and wherever else fsspec reaches: listed, and fetched one by one.

An address is told by its protocol: ``s3://``, ``gs://``, ``az://``, ``https://`` …. Keys and endpoints come from the
store's own configuration and environment (``AWS_ENDPOINT_URL``, ``FSSPEC_S3_…``), never from a command line.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from resp.audio.elsewhere import DICOM_SUFFIXES
from resp.audio.stream import Source
from resp.score.errors import ScoreError

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_WILD = frozenset("*?[")
# As the stores call what changes with an object.
_STAMPS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "created")
# Larger objects are read where they lie, until it is known that they are needed whole.
IN_MEMORY_BYTES = 64 << 20


def is_remote(name: str) -> bool:
    """Tell whether a name is the address of something that is not a file of this machine."""
    return _ADDRESS.match(name) is not None


def list_remote(address: str, suffixes: Collection[str]) -> Iterator[tuple[str, int | None, str]]:
    """Yield address, size and stamp of the recordings behind an address, in the order of names.

    Parameters
    ----------
    address
        An object, taken whatever its name ends in; a prefix or a glob, of which those are taken that end in one of
        ``suffixes`` or a suffix of DICOM, in any case, and whose name does not begin with a dot.
    suffixes
        In lower case, with their dots.

    Raises
    ------
    ScoreError
        The store cannot be reached or listed, or what reads it is not installed.
    """
    system, path = _system(address)
    try:
        if _WILD.intersection(path):
            found = system.glob(path, detail=True)
        elif system.isfile(path):
            yield address, *_described(system.info(path))
            return
        else:
            found = system.find(path, detail=True) if system.exists(path) else {}
    except Exception as error:
        raise ScoreError(f"{address}: cannot be listed: {type(error).__name__}: {error}") from error
    taken = 0
    for name in sorted(found):
        base = name.rpartition("/")[2]
        suffix = Path(base).suffix.lower()
        if found[name].get("type") == "directory" or _hidden(name, path) or suffix not in (*suffixes, *DICOM_SUFFIXES):
            continue
        taken += 1
        yield system.unstrip_protocol(name), *_described(found[name])
    if not taken:
        yield address, None, ""


@contextmanager
def fetched(address: str, size: int | None = None) -> Iterator[Source]:
    """Yield a recording's encoded bytes, or a file that reads it piece by piece where it is large.

    Raises
    ------
    ScoreError
        It is not there, or cannot be fetched.
    """
    system, path = _system(address)
    try:
        large = (system.size(path) if size is None else size) or 0
        source: Any = system.open(path, "rb") if large > IN_MEMORY_BYTES else system.cat_file(path)
    except Exception as error:
        raise _not_fetched(address, error) from error
    if isinstance(source, bytes):
        yield source
        return
    with source:
        yield source


@contextmanager
def downloaded(address: str) -> Iterator[Source]:
    """Yield a file of this machine that holds a recording; it is deleted afterwards.

    Raises
    ------
    ScoreError
        It is not there, or cannot be fetched.
    """
    system, path = _system(address)
    with TemporaryDirectory(prefix="resp-") as folder:
        place = Path(folder, "sound")
        try:
            system.get_file(path, str(place))
        except Exception as error:
            raise _not_fetched(address, error) from error
        yield place


def _system(address: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise ScoreError(f"{address}: object stores need fsspec; run: pip install 'resp[cloud]'") from error
    try:
        system, path = url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise ScoreError(f"{address}: {error}; for s3:// run: pip install 'resp[cloud]'") from error
    return system, path


def _described(info: dict[str, Any]) -> tuple[int | None, str]:
    stamp = next(
        (
            info[name]
            for name in ("ETag", "etag", "mtime", "LastModified", "last_modified", "created")
            if info.get(name)
        ),
        "",
    )
    return info.get("size"), str(stamp)


def _hidden(name: str, under: str) -> bool:
    inside = name.removeprefix(under) if name.startswith(under) else name.rpartition("/")[2]
    return any(part.startswith(".") for part in inside.split("/"))


def _not_fetched(address: str, error: Exception) -> ScoreError:
    if isinstance(error, FileNotFoundError):
        return ScoreError(f"{address}: no such object, nor recordings under it")
    return ScoreError(f"{address}: cannot be fetched: {type(error).__name__}: {error}")
