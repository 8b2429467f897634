"""Texts from outside: what is kept as it is, what is cleaned, what is refused."""

import re
import unicodedata

from resp.records.errors import RecordsError

KEY_MOST, COMMENT_MOST, FILE_NAME_MOST = 64, 10_000, 200
# Control, format (text that turns the reading direction or is not seen), surrogate, private and unassigned characters.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# In prose, format characters join letters (Persian) and signs (emoji).
_UNSEEN_IN_PROSE = {"Cc", "Cs"}


def check_text(text: str, what: str, *, most: int, lines: bool = False) -> str:
    """Return a text without blanks around it, in Unicode's composed form.

    Parameters
    ----------
    text
        As typed.
    what
        What it is, for the message.
    most
        Most characters.
    lines
        It is prose: line ends and tabs are welcome.

    Raises
    ------
    RecordsError
        Empty, too long, or with characters that cannot be seen.
    """
    if not isinstance(text, str):
        raise RecordsError(f"{what} is {type(text).__name__}; expected a text")
    clean = unicodedata.normalize("NFC", text).strip()
    if not clean:
        raise RecordsError(f"{what} is empty; expected 1 to {most} characters")
    if len(clean) > most:
        raise RecordsError(f"{what} has {len(clean)} characters; expected at most {most}")
    refused, allowed = (_UNSEEN_IN_PROSE, "\n\r\t") if lines else (_UNSEEN, "")
    unseen = [letter for letter in clean if unicodedata.category(letter) in refused and letter not in allowed]
    if unseen:
        raise RecordsError(f"{what} has characters that cannot be seen ({unseen[0]!a}); type it instead of pasting it")
    return clean


def clean_file_name(name: str) -> str:
    """Return the last part of a path as a name that can be shown and kept; never refused, so that no upload is lost.

    Characters that cannot be seen become ``_``; a name that is too long loses its middle, not its extension.
    """
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", str(name)))[-1]
    seen = "".join("_" if unicodedata.category(letter) in _UNSEEN else letter for letter in base).strip()
    if len(seen) > FILE_NAME_MOST:
        seen = f"{seen[: FILE_NAME_MOST - 31]}…{seen[-30:]}"
    return seen if seen.strip("._ ") else "recording"


def fold(text: str) -> str:
    """Return what a search compares: composed form, no difference between upper and lower case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
