"""Which recordings to score: files, folders, globs, lists, manifests and object stores become one list."""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from resp.score.batch.manifest import read_score_manifest
from resp.score.batch.remote import is_remote, list_remote
from resp.score.batch.shard import Shard
from resp.score.errors import ScoreError
from resp.score.inputs import SOUND_SUFFIXES, files_of, is_sound_file
from resp.score.known import Known

_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Input:
    """A recording that is to be scored.

    Parameters
    ----------
    name
        Its path or address as it was found; the report has it.
    size, stamp
        Bytes, and what changes when it does: time of the last change, or a store's tag; as far as they are known.
    known
        What a manifest says of it.
    problem
        What is wrong with the row that names it: why it fails, whatever lies there.
    carried
        What of its row goes into the table as it is; no recording is scored anew for that.
    """

    name: str
    size: int | None = None
    stamp: str = ""
    known: Known = field(default_factory=Known)
    problem: str = ""
    carried: tuple[str | None, ...] = ()

    def key(self) -> bytes:
        """Return 16 bytes that change with the name, the size, the stamp and what is known."""
        told = "\0".join(f"{name}={value}" for name, value in self.known.given().items())
        # A row that is set right is another one.
        told += f"\0{self.problem}" if self.problem else ""
        text = f"{self.name}\0{self.size}\0{self.stamp}\0{told}"
        return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Inputs:
    """The recordings in the order in which they are reported, each once.

    ``repeated`` came again and were left out; ``carried`` are the columns whose values each `Input.carried` holds.
    """

    all: tuple[Input, ...]
    repeated: int = 0
    carried: tuple[str, ...] = ()

    def hold(self, path: Path) -> bool:
        """Tell whether a file of this machine is one of them."""
        real = os.path.realpath(path)
        return any(_real(item.name) == real for item in self.all if not is_remote(item.name))


def read_names(data: bytes) -> list[str]:
    """Return the names in a list, a line each or, as ``find -print0`` writes them, ended by zero bytes."""
    return [os.fsdecode(line) for line in (data.split(b"\0") if b"\0" in data else data.splitlines()) if line]


def list_inputs(
    paths: Iterable[str | os.PathLike[str]],
    *,
    manifest: Path | None = None,
    shard: Shard | None = None,
    carry: Sequence[str] = (),
) -> Inputs:
    """Return the recordings behind paths and a manifest.

    Parameters
    ----------
    paths
        Files; folders, searched with their subfolders for files that end in a sound format's suffix of any case;
        globs (``**`` is any depth); addresses of objects, prefixes and globs in a store (``s3://…``).
    manifest
        See `resp.score.batch.manifest`; its rows come after ``paths``.
    shard
        Only the recordings of this part.
    carry
        Columns of the manifest that go into the table as they are.

    Returns
    -------
    Inputs
        Folders and globs in the order of names. What does not exist, a folder without recordings and a glob that
        nothing fits stay in the list, so that they get a failed report instead of silence.

    Raises
    ------
    ScoreError
        Nothing is named, the manifest cannot be read or lacks a column, or a column is to be carried and no manifest
        given, or a store of which a part is asked cannot be listed. A single wrong row of a manifest stays in the
        list, as what does not exist, and so does a store that cannot be listed where all of it is asked.
    """
    texts = [os.fspath(path) for path in paths]
    if not texts and manifest is None:
        raise ScoreError("nothing to score; expected at least one file, folder, glob, address or manifest")
    if carry and manifest is None:
        raise ScoreError(f"columns {', '.join(carry)}: carried from a manifest; name one")
    carried = tuple(name.strip().lower() for name in carry)
    found: dict[str, Input] = {}
    elsewhere: set[str] = set()
    repeated = 0
    for item in _found(texts, manifest, carried, in_parts=shard is not None):
        place = item.name if is_remote(item.name) else _real(item.name)
        if place in found:
            repeated += 1
        elif shard is None or place not in elsewhere:
            # The first of a recording's names decides for all parts, whatever it is called again.
            if shard is None or shard.holds(item.name):
                found[place] = item
            else:
                elsewhere.add(place)
    # What is not from the list has nothing to carry.
    nothing = (None,) * len(carried)
    all_found = (
        item if len(item.carried) == len(carried) else replace(item, carried=nothing) for item in found.values()
    )
    return Inputs(tuple(all_found), repeated, carried)


def _found(texts: Iterable[str], manifest: Path | None, carried: Sequence[str], *, in_parts: bool) -> Iterator[Input]:
    for text in texts:
        if is_remote(text):
            yield from _stored(text, in_parts=in_parts)
        elif _WILD.intersection(text) and not os.path.lexists(text):
            yield from (_local(path) for path in _globbed(text))
        else:
            yield from (_local(os.fspath(path)) for path in files_of(Path(text)))
    if manifest is not None:
        for name, known, problem, values in read_score_manifest(manifest, carried):
            # A million addresses are not each asked for.
            item = Input(name, known=known) if is_remote(name) else _local(name, known)
            yield replace(item, problem=problem, carried=values) if problem or values else item


def _stored(address: str, *, in_parts: bool) -> Iterator[Input]:
    try:
        yield from (Input(name, size, stamp) for name, size, stamp in list_remote(address, SOUND_SUFFIXES))
    except ScoreError as error:
        if in_parts:
            # One part would tell of it, and the others would seem complete without theirs.
            raise
        # What lies elsewhere is scored all the same.
        yield Input(address, problem=str(error))


def _globbed(pattern: str) -> Iterator[str]:
    named = Path(pattern).suffix
    by_suffix = not named or bool(_WILD.intersection(named))
    found = False
    for path in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - it is a text with wild cards from its root on
        inside = Path(path).is_dir()
        if inside or (by_suffix and not is_sound_file(Path(path))):
            continue
        found = True
        yield path
    if not found:
        yield pattern


def _local(name: str, known: Known | None = None) -> Input:
    try:
        status = os.stat(name)  # noqa: PTH116 - a million of them
    except (OSError, ValueError):
        return Input(name, known=known or Known())
    return Input(name, status.st_size, str(status.st_mtime_ns), known or Known())


def _real(name: str) -> str:
    """Return where a path leads; folders are looked up once."""
    folder, file = os.path.split(name)
    path = os.path.join(_real_folder(folder), file)  # noqa: PTH118 - a million of them
    return os.path.realpath(path) if os.path.islink(path) or file in ("", ".", "..") else path  # noqa: PTH114


@lru_cache(maxsize=4096)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)
