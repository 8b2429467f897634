"""What the records refuse."""

from resp.errors import RespError


class RecordsError(RespError):
    """Something that the records cannot do; the message says what was given, what was expected and what to do."""


class NotFoundError(RecordsError):
    """A patient, recording or report that is not there, or that belongs to another clinic: the two are told alike."""


class NotAllowedError(RecordsError):
    """Something that the person's role does not allow."""
