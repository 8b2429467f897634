"""What the score room refuses."""

from resp.errors import RespError


class ScoreError(RespError):
    """A call that cannot be scored at all; a bad recording is no such call, it gets a failed Report."""
