"""What decides a report beside the recording and the model."""

import os
from hashlib import blake2b
from pathlib import Path
from typing import Any

from resp import __version__


def batch_parameters(*, device: str = "cpu", annotations: Path | None = None, **more: str) -> dict[str, Any]:
    """Return what a journal is to be made anew for when it changes.

    How many threads or processes work, and how the table is written, is none of it.

    Parameters
    ----------
    device
        Where the network runs: its kind decides, not which one of several.
    annotations
        Folder of annotated cycles: their names, sizes and times of change decide.
    **more
        By name, such as the engine and its precision.
    """
    return {
        "version_of_resp": __version__,
        "device": device.partition(":")[0],
        "annotations": None if annotations is None else _contents(annotations),
        **more,
    }


def _contents(folder: Path) -> str:
    digest = blake2b(digest_size=16)
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            status = entry.stat()
            text = f"{entry.name}\0{status.st_size}\0{status.st_mtime_ns}\0"
            digest.update(text.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
