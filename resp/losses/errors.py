"""What the losses room refuses."""

from resp.errors import RespError


class LossError(RespError):
    """Values whose shapes do not belong together, or a setting out of range."""
