"""Who is spoken to: ``AET@HOST:PORT``."""

import re
from dataclasses import dataclass

from resp.dicom.errors import DicomError

_FORM = re.compile(r"^(?P<title>.+)@(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^@:\[\]\s]+)):(?P<port>[0-9]{1,5})$")


@dataclass(frozen=True, slots=True)
class Peer:
    """A DICOM application entity on the network.

    Parameters
    ----------
    ae_title
        Its application entity title, at most 16 characters.
    host
        Name or address, IPv4 or IPv6.
    port
        TCP port.

    Raises
    ------
    DicomError
        A title or a port that cannot be.
    """

    ae_title: str
    host: str
    port: int

    def __post_init__(self) -> None:
        if problem := ae_title_problem(self.ae_title):
            raise DicomError(problem)
        if not 1 <= self.port <= 65535:
            raise DicomError(f"port {self.port}; expected 1 to 65535")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.ae_title}@{host}:{self.port}"


def parse_peer(text: str) -> Peer:
    """Read ``AET@HOST:PORT``; an IPv6 address stands in brackets.

    Raises
    ------
    DicomError
        Another form.
    """
    found = _FORM.match(text.strip())
    if found is None:
        raise DicomError(f"{text!r} is no DICOM peer; expected AET@HOST:PORT, such as PACS@10.0.0.5:104")
    return Peer(found["title"], found["six"] or found["host"], int(found["port"]))


def ae_title_problem(title: str) -> str | None:
    """Return what is wrong with an application entity title, None where nothing is (PS3.5 6.2, VR AE)."""
    printable = all(" " <= character <= "~" and character != "\\" for character in title)
    if title.strip() and len(title) <= 16 and printable and title == title.strip():
        return None
    return f"AE title {title!r}; expected 1 to 16 characters of ASCII without a backslash, and no space at either end"
