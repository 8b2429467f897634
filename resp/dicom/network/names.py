"""What may become the name of a file."""

import re

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


def is_uid(text: str) -> bool:
    """Return whether a text is a UID (PS3.5 9.1), leading zeros forgiven; nothing else names a file or folder."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None
