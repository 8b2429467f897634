"""What the room of words refuses."""

from resp.errors import RespError


class WordsError(RespError):
    """A language, a message or a value of a message that is not there."""
