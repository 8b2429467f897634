"""What the audio room refuses."""

from resp.errors import RespError


class AudioError(RespError):
    """Sound that cannot be read, or that no recording can be made of."""


class TooLongError(AudioError):
    """A recording beyond the limits on its length; it may still be read in blocks."""
