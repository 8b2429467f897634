"""Who may ask: API keys, of which only checksums are stored."""

import re
import secrets
from collections.abc import Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from types import MappingProxyType

from resp.service.errors import ServiceError

ENVIRONMENT = "RESP_API_KEYS"
"""Environment variable with the lines of a keys file, separated by blanks or line ends."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_EXPECTED = "expected NAME:SHA256 as `resp serve --new-key NAME` prints it"


class Keys:
    """The keys that are taken.

    Parameters
    ----------
    checksums
        Name → SHA-256 of its key in hexadecimal. A key is 256 random bits, so that its checksum needs no salt and
        no slow hash: there is nothing to guess.
    """

    def __init__(self, checksums: Mapping[str, str] = MappingProxyType({})) -> None:
        self._checksums = {name: bytes.fromhex(value) for name, value in checksums.items()}

    def __len__(self) -> int:
        return len(self._checksums)

    @classmethod
    def load(cls, file: Path | None, environment: str = "") -> "Keys":
        """Read keys from a file and from the value of an environment variable.

        Parameters
        ----------
        file
            Lines ``NAME:SHA256``; empty ones and those that begin with ``#`` are passed over. None for no file.
        environment
            The same, separated by blanks.

        Raises
        ------
        ServiceError
            A file that cannot be read or that holds no key, a line that is none, or a name that is there twice. The
            message never repeats the line: it may hold a key.
        """
        found: dict[str, str] = {}
        if file is not None:
            try:
                lines = file.read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ServiceError(f"{file}: keys cannot be read ({error}); expected a text file") from error
            _add(found, lines, str(file))
            if not found:
                raise ServiceError(f"{file}: holds no key; {_EXPECTED}")
        _add(found, environment.split(), ENVIRONMENT)
        return cls(found)

    def owner(self, key: str) -> str | None:
        """Return the name of a key; None where it is none of them.

        Every stored checksum is compared, each in constant time: how long it takes says nothing of any key.
        """
        given = sha256(key.encode("utf-8", "surrogateescape")).digest()
        found = None
        for name, checksum in self._checksums.items():
            if compare_digest(checksum, given):
                found = name
        return found


def make_key(name: str) -> tuple[str, str]:
    """Return a new key, and the line to store for it.

    Parameters
    ----------
    name
        Whose it is: letters, digits, ``_`` and ``-``. It stands in logs and, with ``--keep``, names a folder.

    Raises
    ------
    ServiceError
        Another name.
    """
    if not _NAME.fullmatch(name):
        raise ServiceError(f"{name!r} is no name for a key; expected 1 to 64 letters, digits, _ or -")
    key = secrets.token_urlsafe(32)
    return key, f"{name}:{sha256(key.encode()).hexdigest()}"


def _add(found: dict[str, str], lines: Iterable[str], where: str) -> None:
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, _, checksum = text.partition(":")
        if not (_NAME.fullmatch(name) and _CHECKSUM.fullmatch(checksum)):
            raise ServiceError(f"{where}: entry {number} is no key; {_EXPECTED}")
        if name in found:
            raise ServiceError(f"{where}: {name!r} is there twice; give each key a name of its own")
        found[name] = checksum
