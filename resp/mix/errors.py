"""What the mix room refuses."""

from resp.errors import RespError


class MixError(RespError):
    """A mix that does not exist, a setting out of range, or a site where a mix cannot act."""
