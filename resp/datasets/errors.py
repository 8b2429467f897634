"""What the datasets room refuses."""

from resp.errors import RespError


class DataError(RespError):
    """A data set that is not there, that contradicts itself, or that cannot be split or cached as asked."""
