"""A key in a file: kept, it makes the same pseudonyms again; deleted, nobody finds the way back."""

import os
from pathlib import Path
from secrets import token_bytes

from resp.dicom.anonymise.pseudonyms import LEAST_KEY_BYTES
from resp.dicom.errors import DicomError

_MOST_BYTES = 4096


def read_or_make_key(path: Path) -> bytes:
    """Return the key in a file; where there is none, draw one and write it, readable by its owner alone.

    Raises
    ------
    DicomError
        A file that holds too little, or far too much, to be a key, or that cannot be read or written.
    """
    try:
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(token_bytes(32))
        with path.open("rb") as stream:
            key = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise DicomError(f"--key {path}: cannot be read or made ({error.strerror})") from error
    if not LEAST_KEY_BYTES <= len(key) <= _MOST_BYTES:
        raise DicomError(
            f"--key {path}: {len(key)} bytes or more; expected {LEAST_KEY_BYTES} to {_MOST_BYTES} random ones"
        )
    return key
